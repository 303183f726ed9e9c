// SPDX-License-Identifier: Apache-2.0
#include "cli/catalogue_commands.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "fault/table.h"
#include "kernel/control_group.h"
#include "kernel/netns.h"
#include "kernel/rights.h"
#include "run/tcp_check.h"
#include "scenario/fault_kind.h"
#include "user/find_program.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

// What one thing comes to: nothing if it works, else why it does not.
using Reason = std::optional<std::string>;

Reason reason_of(const Result<void>& tried) {
    return tried ? Reason() : Reason(tried.error().text());
}

struct DoctorCheck {
    std::string group, name;
    Reason why;
};

Result<std::map<Need, Reason>> try_needs() {
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_TRY(FaultTable::probe(apart));
    std::map<Need, Reason> all;
    for (const FaultKind& fault : fault_kinds())
        for (const Need need : fault.needs)
            if (!all.contains(need)) all[need] = reason_of(probe(need, apart));
    for (const Need need : {Need::numgen, Need::quota, Need::packet_log, Need::tbf, Need::route_by_mark,
                            Need::track, Need::nat})
        if (!all.contains(need)) all[need] = reason_of(probe(need, apart));
    return all;
}

Reason missing(const std::vector<Need>& needs, const std::map<Need, Reason>& tried) {
    for (const Need need : needs)
        if (tried.at(need))
            return fmt::format("this kernel has no {} ({})", need_name(need), need_options(need));
    return {};
}

Reason unlimited_memory() {
    if (control_group_limits_memory()) return {};
    return "no control group (cgroup v2) limits what runs take: the machine's memory does";
}

constexpr const char* without_root = "without root: in a user namespace";

// What the rights do not allow.
std::vector<DoctorCheck> check_rights(Rights rights) {
    if (rights == Rights::host) return {};
    return {{without_root, "--user", "only root can run nodes as somebody else"}};
}

std::vector<DoctorCheck> check_catalogue(const std::map<Need, Reason>& tried) {
    std::vector<DoctorCheck> checks;
    for (const FaultKind& fault : fault_kinds()) {
        Reason why = missing(fault.needs, tried);
        if (why && fault.without[0] != '\0') *why += fmt::format("; {}", fault.without);
        checks.push_back({"faults", fault.name, std::move(why)});
    }
    const std::string moments = "moments on the wire";
    checks.push_back({moments, "packets", missing({Need::packet_log, Need::numgen}, tried)});
    checks.push_back({moments, "bytes", missing({Need::packet_log, Need::numgen, Need::quota}, tried)});
    const std::string sites = "sites";
    checks.push_back({sites, "uplink", missing({Need::route_by_mark, Need::tbf}, tried)});
    checks.push_back({sites, "firewall", missing({Need::route_by_mark, Need::track}, tried)});
    checks.push_back({sites, "nat", missing({Need::route_by_mark, Need::track, Need::nat}, tried)});
    checks.push_back({sites, "proxy", missing({Need::route_by_mark, Need::reject}, tried)});
    checks.push_back({sites, "vpn", missing({Need::route_by_mark, Need::wireguard}, tried)});
    checks.push_back({"captures", "--pcap", missing({Need::packet_log}, tried)});
    return checks;
}

// Programs in C write blocks into a pipe, and triggers come late.
DoctorCheck check_line_buffering(const User& user) {
    const auto found = find_program("stdbuf", {}, user);
    return {"lines in time", "stdbuf -oL",
            found ? Reason() : Reason("stdbuf (GNU coreutils) is not in PATH; --tty helps as well")};
}

// What `tcp:` of a scenario can say here.
Result<std::vector<DoctorCheck>> check_tcp_keys() {
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    std::vector<DoctorCheck> checks;
    for (const TcpAbility& one : tcp_abilities(apart))
        checks.push_back({"tcp", one.name, one.why.empty() ? Reason() : Reason(one.why)});
    return checks;
}

Result<std::vector<DoctorCheck>> check_all() {
    NETCUT_ASSIGN(const User user, find_user(""));
    NETCUT_ASSIGN(const Rights rights, gain_rights());
    NETCUT_ASSIGN(const auto tried, try_needs());
    std::vector<DoctorCheck> checks = check_rights(rights);
    for (DoctorCheck& check : check_catalogue(tried)) checks.push_back(std::move(check));
    NETCUT_ASSIGN(auto tcp, check_tcp_keys());
    for (DoctorCheck& check : tcp) checks.push_back(std::move(check));
    checks.push_back({"limits", "memory", unlimited_memory()});
    checks.push_back(check_line_buffering(user));
    return checks;
}

std::string text_of(const std::vector<DoctorCheck>& checks) {
    std::string text = "this user and kernel can make network namespaces and nftables rules\n", group;
    std::map<std::string, std::string> told;  // whose reason was told
    bool all = true;
    for (const DoctorCheck& check : checks) {
        if (check.group != group) text += fmt::format("\n{}\n", check.group);
        group = check.group;
        const auto first = check.why ? told.try_emplace(*check.why, check.name).first : told.end();
        text += fmt::format("  {:<21} {}\n", check.name,
                            !check.why                    ? "yes"
                            : first->second == check.name ? "no: " + *check.why
                                                          : "no, for the same reason as " + first->second);
        all = all && (check.group != "faults" || !check.why);
    }
    return text + fmt::format("\n{}\n", all ? "all faults can be done here" : "the others can be done here");
}

Json json_of(const std::vector<DoctorCheck>& checks) {
    Json list = Json::array();
    for (const DoctorCheck& check : checks) {
        Json one = {{"name", check.name}, {"can", !check.why}};
        if (check.why) one["why"] = *check.why;
        list.push_back(std::move(one));
    }
    return {{"checks", std::move(list)}, {"text", text_of(checks)}};
}

void show_summary(const FaultKind& fault) {
    show("{:<14} {}\n", fault.name, fault.summary);
    show("               sudo netcut-fl run {}\n", fault.example);
}

void show_kind(const FaultKind& fault) {
    show_summary(fault);
    if (!fault.keys.empty()) show("\n{:<14} {:<18} {}\n", "key", "default", "meaning");
    for (const FaultKey& key : fault.keys)
        show("{:<14} {:<18} {}\n", key.name, key.standard.empty() ? key.without : key.standard, key.meaning);
    for (const RefusedKey& key : fault.refused)
        show("\nIt has no '{}': {}; {}.\n", key.name, key.why, key.hint);
    show("\nKeys of every fault are in docs/faults.md; what this one does, in docs/faults/{}.md.\n",
         fault.name);
}

}  // namespace

void add_faults_options(CLI::App& command, FaultsOptions& options) {
    command.add_option("KIND", options.kind, "List the keys of this one")->type_name("");
}

int faults_command(const FaultsOptions& options) {
    if (!options.kind.empty()) {
        const auto kind = parse_kind(options.kind);
        if (!kind) return report_error(kind.error());
        show_kind(**kind);
        return 0;
    }
    for (const FaultKind& fault : fault_kinds()) show_summary(fault);
    show("\nEach can be given a moment on the wire (--when), an end (for: 2s), and can flap:\n");
    show(
        "               sudo netcut-fl run --fault '{{kind: drop, on: {{log: \"round 2: training\"}}, "
        "flap: {{period: 400ms, duty: 50%, count: 3}}}}'\n");
    show("What this machine can do: netcut-fl doctor. What each does: docs/faults.md.\n");
    return 0;
}

void add_doctor_options(CLI::App& command, DoctorOptions& options) {
    command.add_flag("--json", options.json, "Print JSON");
}

int doctor_command(const DoctorOptions& options) {
    const auto checks = check_all();
    if (!checks) return report_error(checks.error());
    show("{}", options.json ? json_of(*checks).dump(2) + "\n" : text_of(*checks));
    return 0;
}

}  // namespace netcut::cli
