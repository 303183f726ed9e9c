// SPDX-License-Identifier: Apache-2.0
#include "run/tcp_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "base/io.h"
#include "scenario/tcp.h"

namespace netcut {
namespace {

constexpr const char *available_controls = "/proc/sys/net/ipv4/tcp_available_congestion_control",
                     *allowed_controls = "/proc/sys/net/ipv4/tcp_allowed_congestion_control";

std::vector<std::string> words_in(const std::string& file) {
    std::istringstream text(read_file(file).value_or(""));
    std::vector<std::string> words;
    for (std::string word; text >> word;) words.push_back(word);
    return words;
}

// Of tcp_congestion_control.
void tell_of_congestion_control(Error& error, const std::string& name) {
    if (error.code == ENOENT) {
        error.reason = fmt::format("this kernel has, or has loaded, {} alone",
                                   fmt::join(words_in(available_controls), ", "));
        error.hint = fmt::format(
            "netcut-fl doctor lists what there is; one that is a module: sudo modprobe tcp_{}", name);
    }
    if (error.code == EPERM) {
        std::vector<std::string> allowed = words_in(allowed_controls);  // which a user's network may not have
        if (allowed.empty()) allowed = {"reno"};
        error.reason =
            "this machine keeps it for its own network (sysctl net.ipv4.tcp_allowed_congestion_control)";
        error.hint = fmt::format("sudo sysctl -w net.ipv4.tcp_allowed_congestion_control=\"{} {}\"",
                                 fmt::join(allowed, " "), name);
    }
}

}  // namespace

Error told_of_tcp(Error error, const std::string& key, const std::string& value) {
    error.attempt = fmt::format("use tcp: {}: {}", key, value);
    error.hint = "leave it out; netcut-fl doctor lists what there is";
    if (key == "congestion")
        tell_of_congestion_control(error, value);
    else if (error.code == ENOENT)
        error.reason = "this kernel has no such sysctl";
    return error;
}

Result<void> set_tcp_sysctls_in(const NetNs& ns, const TcpSettings& settings) {
    return ns.run([&] { return set_sysctls(settings.sysctls); });
}

Result<void> check_tcp_here(const Scenario& scenario, const NetNs& apart) {
    std::set<std::pair<std::string, std::string>> tried;
    if (scenario.tcp.empty()) return {};
    for (const std::string& node : node_names(scenario)) {
        NETCUT_ASSIGN(const TcpSettings settings, tcp_settings(scenario, node));
        for (const auto& [key, value] : settings.keys) {
            if (!tried.emplace(key, value).second) continue;
            TcpSettings one;
            NETCUT_TRY(tcp_key(key)->add(value, one));
            if (auto set = set_tcp_sysctls_in(apart, one); !set)
                return Failure(told_of_tcp(std::move(set).error(), key, value));
        }
    }
    return {};
}

std::vector<TcpAbility> tcp_abilities(const NetNs& apart) {
    std::vector<TcpAbility> all;
    const auto look = [&]() -> Result<void> {
        for (const TcpKey& key : tcp_keys()) {
            const std::string file =
                key.sysctl == nullptr ? "" : std::string("/proc/sys/net/ipv4/") + key.sysctl;
            const bool is_there = file.empty() || ::access(file.c_str(), F_OK) == 0;
            all.push_back(
                {key.name, is_there ? "" : fmt::format("this kernel has no net.ipv4.{}", key.sysctl)});
        }
        return {};
    };
    if (auto looked = apart.run(look); !looked) all.push_back({"tcp", looked.error().text()});
    for (const std::string& name : words_in(available_controls)) {
        TcpSettings one;
        one.sysctls = {{"net/ipv4/tcp_congestion_control", name}};
        const auto set = set_tcp_sysctls_in(apart, one);
        all.push_back(
            {"congestion: " + name, set ? "" : told_of_tcp(set.error(), "congestion", name).reason});
    }
    return all;
}

}  // namespace netcut
