// SPDX-License-Identifier: Apache-2.0
#include "scenario/tcp.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <sstream>

#include "base/json.h"
#include "base/time.h"
#include "scenario/expand.h"
#include "scenario/fault_check.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr std::size_t most_entries = 256;  // of `tcp:`
constexpr int most_seconds = 32767;        // MAX_TCP_KEEPIDLE and MAX_TCP_KEEPINTVL of the kernel's net/tcp.h
constexpr int most_tries = 127;            // MAX_TCP_SYNCNT and MAX_TCP_KEEPCNT
constexpr int largest_byte = 255;
constexpr std::size_t longest_algorithm = 15;  // TCP_CA_NAME_MAX - 1

using Added = Result<void>;

void set_sysctl(TcpSettings& settings, const char* name, std::string value) {
    settings.sysctls.emplace_back(std::string("net/ipv4/") + name, std::move(value));
}

Result<int> parse_count(const std::string& text, int least, int most) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size() && number >= least && number <= most)
        return number;
    return usage_failure(fmt::format("read '{}'", text),
                         fmt::format("it is no whole number from {} to {}", least, most));
}

// In whole numbers of `unit`.
Result<int> parse_time(const std::string& text, Nanoseconds unit, int least, int most) {
    NETCUT_ASSIGN(const Nanoseconds time, parse_duration(text));
    if (time % unit == Nanoseconds(0) && time / unit >= least && time / unit <= most)
        return static_cast<int>(time / unit);
    return usage_failure(fmt::format("read '{}'", text),
                         fmt::format("the kernel takes {} to {}, in steps of {}", duration_text(least * unit),
                                     duration_text(most * unit), duration_text(unit)));
}

// "off", "on" and the like; the value is the word's place.
Result<int> parse_choice(const std::string& text, const std::vector<std::string>& words) {
    const auto found = std::find(words.begin(), words.end(), text);
    if (found == words.end()) return unknown_word(text, words, "word");
    return static_cast<int>(found - words.begin());
}

// "64KiB", which is then also the most that it grows to; or the least, the usual and the largest size.
Result<std::string> parse_buffer(const std::string& text) {
    constexpr std::uint64_t least = 4096, most = std::numeric_limits<int>::max();
    std::istringstream words(text);
    std::vector<std::uint64_t> sizes;
    for (std::string word; words >> word && sizes.size() < 4;) {
        NETCUT_ASSIGN(const std::uint64_t size, parse_bytes(word));
        sizes.push_back(size);
    }
    if (sizes.size() == 1) sizes = {least, sizes[0], sizes[0]};
    if (sizes.size() == 3 && sizes[0] >= least && sizes[2] <= most &&
        std::is_sorted(sizes.begin(), sizes.end()))
        return fmt::format("{}", fmt::join(sizes, "\t"));
    return usage_failure(fmt::format("read the buffer '{}'", text),
                         "it is neither one size from 4KiB up, nor the least, the usual and the largest one",
                         "write 64KiB, or 4KiB 128KiB 6MiB");
}

TcpKey time_key(const char* name, const char* meaning, const char* example, const char* sysctl,
                Nanoseconds unit, int least, int most, SocketOption option = {}) {
    const auto add = [=](const std::string& text, TcpSettings& settings) -> Added {
        NETCUT_ASSIGN(const int value, parse_time(text, unit, least, most));
        if (sysctl != nullptr) set_sysctl(settings, sysctl, std::to_string(value));
        if (option.name != 0) settings.options.push_back({option.level, option.name, value, option.text});
        return {};
    };
    return {name, meaning, example, duration_schema(), sysctl, add};
}

TcpKey count_key(const char* name, const char* meaning, const char* example, const char* sysctl, int least,
                 int most, SocketOption option = {}) {
    const auto add = [=](const std::string& text, TcpSettings& settings) -> Added {
        NETCUT_ASSIGN(const int value, parse_count(text, least, most));
        set_sysctl(settings, sysctl, std::to_string(value));
        if (option.name != 0) settings.options.push_back({option.level, option.name, value, option.text});
        return {};
    };
    return {name,   meaning, example, count_schema(static_cast<unsigned>(least), static_cast<unsigned>(most)),
            sysctl, add};
}

TcpKey choice_key(const char* name, const char* meaning, const char* example, const char* sysctl,
                  const std::vector<std::string>& words) {
    const auto add = [=](const std::string& text, TcpSettings& settings) -> Added {
        NETCUT_ASSIGN(const int value, parse_choice(text, words));
        set_sysctl(settings, sysctl, std::to_string(value));
        return {};
    };
    return {name, meaning, example, words_schema(words), sysctl, add};
}

TcpKey switch_key(const char* name, const char* meaning, const char* sysctl) {
    const auto add = [=](const std::string& text, TcpSettings& settings) -> Added {
        NETCUT_ASSIGN(const int value, parse_choice(text, {"false", "true"}));
        set_sysctl(settings, sysctl, std::to_string(value));
        return {};
    };
    return {name, meaning, "false", boolean_schema(), sysctl, add};
}

TcpKey buffer_key(const char* name, const char* meaning, const char* sysctl) {
    const auto add = [=](const std::string& text, TcpSettings& settings) -> Added {
        NETCUT_ASSIGN(std::string value, parse_buffer(text));
        set_sysctl(settings, sysctl, std::move(value));
        return {};
    };
    return {name, meaning, "64KiB", text_schema(), sysctl, add};
}

// The kernel begins to count when SO_KEEPALIVE is set, with the times that are there by then: this option comes last.
Added add_keepalive(const std::string& text, TcpSettings& settings) {
    if (text == "off") {
        settings.options.push_back({SOL_SOCKET, SO_KEEPALIVE, 0, "SO_KEEPALIVE"});
        return {};
    }
    NETCUT_ASSIGN(const int value, parse_time(text, std::chrono::seconds(1), 1, most_seconds));
    set_sysctl(settings, "tcp_keepalive_time", std::to_string(value));
    settings.options.push_back({IPPROTO_TCP, TCP_KEEPIDLE, value, "TCP_KEEPIDLE"});
    settings.options.push_back({SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"});
    return {};
}

Added add_congestion(const std::string& text, TcpSettings& settings) {
    const bool is_name =
        !text.empty() && text.size() <= longest_algorithm &&
        text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") == std::string::npos;
    if (!is_name)
        return usage_failure("use the congestion control '" + text + "'", "there is none of such a name",
                             "netcut-fl doctor lists those of this kernel");
    set_sysctl(settings, "tcp_congestion_control", text);
    return {};
}

// Words in braces are filled in later.
std::string or_braces(const TcpKey& key) {
    Json schema = {{"anyOf", {Json::parse(key.schema), {{"type", "string"}, {"pattern", "\\{"}}}},
                   {"description", key.meaning},
                   {"examples", {key.example}}};
    return schema.dump();
}

Result<void> check_value(const std::string& key, const std::string& text) {
    TcpSettings unused;
    auto added = tcp_key(key)->add(text, unused);
    if (added) return {};
    Error error = std::move(added).error();
    error.attempt = "use tcp: " + key + ": " + error.attempt;
    return Failure(std::move(error));
}

Result<void> check_value_in_braces(const Scenario& scenario, const std::string& key,
                                   const std::string& text) {
    const ExpandContext some_node{collaborator_name(1), 1, "work", "bin", "path"};
    NETCUT_ASSIGN(const std::string value, expand_text(text, scenario, some_node));
    return value.empty() ? Result<void>() : check_value(key, value);
}

Result<void> check_nodes(const Scenario& scenario, TcpSpec& spec) {
    if (spec.nodes.empty())
        return usage_failure("use tcp:", "one of its entries is of no node",
                             "leave its nodes: out, or name some");
    spec.nodes = expanded_nodes(scenario, spec.nodes);
    std::set<std::string> seen;
    for (const std::string& name : spec.nodes) {
        NETCUT_TRY(check_node(scenario, name, "set tcp: of"));
        if (!seen.insert(name).second)
            return usage_failure("use tcp:", name + " is named twice", "name each node once");
    }
    return {};
}

}  // namespace

const std::vector<TcpKey>& tcp_keys() {
    using std::chrono::microseconds;
    using std::chrono::milliseconds;
    using std::chrono::seconds;
    static const std::vector<TcpKey> all = {
        time_key("keepalive_interval", "The time between two probes of the keepalive that nobody answers",
                 "5s", "tcp_keepalive_intvl", seconds(1), 1, most_seconds,
                 {IPPROTO_TCP, TCP_KEEPINTVL, 0, "TCP_KEEPINTVL"}),
        count_key("keepalive_probes",
                  "After this number of them without an answer, TCP gives the connection up", "3",
                  "tcp_keepalive_probes", 1, most_tries, {IPPROTO_TCP, TCP_KEEPCNT, 0, "TCP_KEEPCNT"}),
        {"keepalive",
         "Every connection has a keepalive, which asks after so long a silence whether the other end is "
         "there; or "
         "off: none has one",
         "10s", duration_schema("off"), "tcp_keepalive_time", add_keepalive},
        time_key(
            "user_timeout",
            "A connection is given up when what was sent is not acknowledged for so long (TCP_USER_TIMEOUT)",
            "30s", nullptr, milliseconds(1), 0, std::numeric_limits<int>::max(),
            {IPPROTO_TCP, TCP_USER_TIMEOUT, 0, "TCP_USER_TIMEOUT"}),
        count_key("syn_retries", "How often a connection is asked for again that nobody answers", "3",
                  "tcp_syn_retries", 1, most_tries),
        count_key("synack_retries", "How often the answer to that is sent again", "3", "tcp_synack_retries",
                  0, largest_byte),
        count_key("retries1", "After this number of retransmissions, the kernel looks for another route", "3",
                  "tcp_retries1", 0, largest_byte),
        count_key("retries2",
                  "TCP gives a connection up after about the time that this number of retransmissions takes",
                  "8", "tcp_retries2", 0, largest_byte),
        count_key("orphan_retries", "The same of a connection that no program has any more; 0 is 8", "2",
                  "tcp_orphan_retries", 0, largest_byte),
        time_key("fin_timeout", "How long such a connection waits for the other end's FIN", "10s",
                 "tcp_fin_timeout", seconds(1), 1, most_seconds),
        time_key("rto_min", "The least time after which something is sent again (Linux 6.11)", "200ms",
                 "tcp_rto_min_us", microseconds(1), 1, 1'000'000),
        time_key("rto_max", "The longest time after which something is sent again (Linux 6.15)", "5s",
                 "tcp_rto_max_ms", milliseconds(1), 1000, 120'000),
        {"congestion", "The congestion control; netcut-fl doctor lists those of this kernel", "reno",
         text_schema(), "tcp_congestion_control", add_congestion},
        buffer_key("rmem", "The receive buffer: one size, or the least, the usual and the largest",
                   "tcp_rmem"),
        buffer_key("wmem", "The send buffer, likewise", "tcp_wmem"),
        choice_key("ecn", "Explicit congestion notification; accept: only if the other end asks for it",
                   "off", "tcp_ecn", {"off", "on", "accept"}),
        choice_key("fastopen", "Data in the first packet, of which end", "both", "tcp_fastopen",
                   {"off", "client", "server", "both"}),
        choice_key("mtu_probing",
                   "Smaller packets when large ones get lost: never, when that is noticed, or always",
                   "always", "tcp_mtu_probing", {"off", "blackhole", "always"}),
        count_key("base_mss", "The size of packets with which mtu_probing begins", "536", "tcp_base_mss", 48,
                  65535),
        switch_key("sack", "Selective acknowledgements", "tcp_sack"),
        switch_key("timestamps", "Timestamps in packets", "tcp_timestamps"),
        switch_key("window_scaling", "Windows of more than 64 KiB", "tcp_window_scaling"),
        switch_key("slow_start_after_idle", "A connection that was idle begins slowly again",
                   "tcp_slow_start_after_idle")};
    return all;
}

const TcpKey* tcp_key(const std::string& name) {
    const auto& all = tcp_keys();
    const auto found =
        std::find_if(all.begin(), all.end(), [&](const TcpKey& key) { return key.name == name; });
    return found == all.end() ? nullptr : &*found;
}

void read_tcp(YamlSection& section, Scenario& scenario) {
    bool first = true;
    section.section_or_sections("tcp", [&](YamlSection& one) {
        if (std::exchange(first, false)) scenario.tcp.clear();
        TcpSpec& spec = scenario.tcp.emplace_back();
        one.list("nodes", spec.nodes);
        for (const TcpKey& key : tcp_keys()) {
            const auto keep = [&](const std::string& text) -> Result<void> {
                spec.keys[key.name] = text;
                const bool is_known = text.find('{') == std::string::npos && !text.empty();
                return is_known ? check_value(key.name, text) : Result<void>();
            };
            one.scalar(key.name, keep, or_braces(key));
        }
    });
}

Result<void> add_tcp(Scenario& scenario, const std::string& pair) {
    const std::size_t equals = pair.find('=');
    const std::string name = pair.substr(0, equals);
    if (equals == std::string::npos || tcp_key(name) == nullptr) {
        std::vector<std::string> known;
        for (const TcpKey& key : tcp_keys()) known.emplace_back(key.name);
        if (equals != std::string::npos) return unknown_word(name, known, "key of --tcp");
        return usage_failure(fmt::format("read --tcp '{}'", pair), "it is not of the form NAME=VALUE");
    }
    TcpSpec spec;
    spec.keys[name] = pair.substr(equals + 1);
    scenario.tcp.push_back(std::move(spec));
    return {};
}

Result<void> check_tcp(Scenario& scenario) {
    if (scenario.tcp.size() > most_entries)
        return usage_failure("use tcp:", fmt::format("it has {} entries", scenario.tcp.size()),
                             fmt::format("there can be {}", most_entries));
    for (TcpSpec& spec : scenario.tcp) {
        NETCUT_TRY(check_nodes(scenario, spec));
        for (const auto& [key, text] : spec.keys) NETCUT_TRY(check_value_in_braces(scenario, key, text));
    }
    return {};
}

Result<TcpSettings> tcp_settings(const Scenario& scenario, const std::string& node) {
    const ExpandContext context{
        node, static_cast<unsigned>(node_index(scenario, node).value_or(0)), {}, {}, {}};
    TcpSettings settings;
    for (const TcpSpec& spec : scenario.tcp)
        if (std::find(spec.nodes.begin(), spec.nodes.end(), node) != spec.nodes.end())
            for (const auto& [key, text] : spec.keys) {
                NETCUT_ASSIGN(settings.keys[key], expand_text(text, scenario, context));
            }
    std::erase_if(settings.keys, [](const auto& one) { return one.second.empty(); });
    for (const TcpKey& key : tcp_keys())
        if (const auto found = settings.keys.find(key.name); found != settings.keys.end())
            NETCUT_TRY(key.add(found->second, settings));
    return settings;
}

std::optional<unsigned> sysctl_of(const TcpSettings& settings, const std::string& name) {
    for (const auto& [path, value] : settings.sysctls) {
        unsigned number = 0;
        if (path != "net/ipv4/" + name) continue;
        if (std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc())
            return number;
    }
    return {};
}

bool has_socket_options(const Scenario& scenario) {
    const auto names = node_names(scenario);
    return !scenario.tcp.empty() && std::any_of(names.begin(), names.end(), [&](const std::string& node) {
        const auto settings = tcp_settings(scenario, node);
        return settings && !settings->options.empty();
    });
}

}  // namespace netcut
