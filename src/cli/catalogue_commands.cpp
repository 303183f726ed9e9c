// SPDX-License-Identifier: Apache-2.0
#include "cli/catalogue_commands.h"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "cli/run_command.h"
#include "cli/screen.h"
#include "netcut/catalogue.h"
#include "netcut/fault.h"
#include "netcut/rights.h"

namespace netcut::cli {
namespace {

// What one thing comes to: nothing if it works, else why it does not.
using Reason = std::optional<std::string>;

Reason reason_of(const Result<void>& tried) {
    return tried ? Reason() : Reason(tried.error().text());
}

void print_line(const std::string& name, const Reason& why) {
    show("  {:<15} {}\n", name, why ? "no: " + *why : "yes");
}

Result<std::map<Need, Reason>> try_needs() {
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_TRY(FaultTable::probe(apart));
    std::map<Need, Reason> all;
    for (const FaultInfo& fault : catalogue())
        for (const Need need : fault.needs)
            if (!all.contains(need)) all[need] = reason_of(probe(need, apart));
    for (const Need need : {Need::numgen, Need::quota, Need::packet_log})
        if (!all.contains(need)) all[need] = reason_of(probe(need, apart));
    return all;
}

Reason missing(const std::vector<Need>& needs, const std::map<Need, Reason>& tried) {
    for (const Need need : needs)
        if (tried.at(need))
            return fmt::format("this kernel has no {} ({})", need_name(need), need_options(need));
    return {};
}

// Whose rights they are, and what these do not allow.
void print_rights(Rights rights) {
    show("this user and kernel can make network namespaces and nftables rules\n");
    if (rights == Rights::host) return;
    show(
        "\nwithout root: in a user namespace\n"
        "  --user          no: only root can run nodes as somebody else\n");
}

}  // namespace

int faults_command() {
    for (const FaultInfo& fault : catalogue()) {
        show("{:<14} {}\n", fault.name, fault.summary);
        show("               sudo netcut-fl run {}\n", fault.example);
    }
    show("\nEach can be given a moment on the wire (--when), an end (for: 2s), and can flap:\n");
    show(
        "               sudo netcut-fl run --fault '{{kind: drop, on: {{log: \"round 2: training\"}}, "
        "flap: {{period: 400ms, duty: 50%, count: 3}}}}'\n");
    show("What this machine can do: netcut-fl doctor. What each does: docs/faults.md.\n");
    return 0;
}

int doctor_command() {
    const auto rights = gain_rights();
    if (!rights) return report_error(rights.error());
    const auto tried = try_needs();
    if (!tried) return report_error(tried.error());
    print_rights(*rights);
    show("\nfaults\n");
    bool all = true;
    for (const FaultInfo& fault : catalogue()) {
        Reason why = missing(fault.needs, *tried);
        all = all && !why;
        if (why && fault.without[0] != '\0') *why += fmt::format("; {}", fault.without);
        print_line(fault.name, why);
    }
    show("\nmoments on the wire\n");
    print_line("packets", missing({Need::packet_log, Need::numgen}, *tried));
    print_line("bytes", missing({Need::packet_log, Need::numgen, Need::quota}, *tried));
    show("\ncaptures\n");
    print_line("--pcap", missing({Need::packet_log}, *tried));
    show("\n{}\n", all ? "all faults can be done here" : "the others can be done here");
    return 0;
}

}  // namespace netcut::cli
