// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "netcut/report.h"

namespace netcut {
namespace {

constexpr std::size_t most_rows = 12;  // it is one screen

std::string seconds_or(const Json& value, const char* otherwise) {
    return value.is_null() ? otherwise : fmt::format("{:.3f} s", value.get<double>());
}

std::string fault_rows(const Json& fault, std::size_t number) {
    std::string text = fmt::format(
        "fault {:<3} {} ({}) at {:.3f} s, {}\n", number, fault.at("fault").get<std::string>(),
        fault.at("kind").get<std::string>(), fault.at("fired_s").get<double>(),
        fault.at("healed_s").is_null() ? "never healed" : "for " + seconds_or(fault.at("lasted_s"), ""));
    const Json& trigger = fault.at("trigger");
    text += fmt::format("        on {}: \"{}\"\n", trigger.at("node").get<std::string>(),
                        printable(trigger.at("line").get<std::string>()));
    for (const Json& node : fault.at("nodes")) {
        const bool queued = node.contains("packets_queued");
        const Json& hit = node.at(queued ? "packets_queued" : "packets_lost");
        text +=
            fmt::format("        {} {} {} packets ({} up, {} down", node.at("node").get<std::string>(),
                        queued ? "queued" : "lost", hit.at("total").get<std::uint64_t>(),
                        hit.at("router_up").get<std::uint64_t>(), hit.at("router_down").get<std::uint64_t>());
        text += queued ? ")\n"
                       : fmt::format(", {} it could not send)\n",
                                     hit.at("unsendable_at_node").get<std::uint64_t>());
        if (fault.at("healed_s").is_null()) continue;
        text += fmt::format("        data after the heal: sent {}, received {}\n",
                            seconds_or(node.at("sent_again_s"), "never"),
                            seconds_or(node.at("received_again_s"), "never"));
    }
    return text;
}

std::string node_rows(const Json& nodes) {
    std::size_t finished = 0;
    std::string others;
    std::size_t rows = 0;
    for (const Json& node : nodes) {
        if (node.at("finished").get<bool>()) {
            ++finished;
        } else if (++rows <= most_rows) {
            others += fmt::format("        {}: {}\n", node.at("node").get<std::string>(),
                                  node.at("ended").get<std::string>());
        }
    }
    if (rows > most_rows) others += fmt::format("        and {} more, see verdict.json\n", rows - most_rows);
    return fmt::format("nodes   {} of {} finished\n{}", finished, nodes.size(), others);
}

std::string expected_rows(const Json& verdict) {
    std::string text;
    if (!verdict.contains("expected")) return text;
    for (const Json& one : verdict.at("expected")) {
        text += one.at("met").get<bool>() ? "met     " : "NOT MET ";
        text += printable(one.at("what").get<std::string>());
        if (!one.at("met").get<bool>()) text += ": " + printable(one.at("found").get<std::string>());
        text += '\n';
    }
    return text;
}

std::string round_rows(const Json& rounds) {
    if (rounds.is_null()) return {};
    return fmt::format("rounds  {}, {:.3f} s each (median; {:.3f} to {:.3f} s)\n", rounds.at("each").size(),
                       rounds.at("median_s").get<double>(), rounds.at("shortest_s").get<double>(),
                       rounds.at("longest_s").get<double>());
}

std::string half_open_rows(const Json& half_open) {
    std::string text;
    std::size_t rows = 0;
    for (const Json& half : half_open) {
        if (++rows > most_rows) break;
        text += fmt::format("{} {} {} -> {} ({}), idle for {:.1f} s; the other end has no such socket\n",
                            rows == 1 ? "half-open" : "         ", half.at("node").get<std::string>(),
                            half.at("local").get<std::string>(), half.at("remote").get<std::string>(),
                            half.at("state").get<std::string>(),
                            half.at("ms_since_received").get<double>() / 1000);
    }
    return text;
}

}  // namespace

std::string printable(std::string_view text, std::size_t most) {
    std::string result;
    for (const char c : text.substr(0, most)) result += (c >= 0 && c < ' ') || c == '\x7f' ? '?' : c;
    if (text.size() > most) result += "...";
    return result;
}

std::string final_screen(const Json& verdict, const std::string& folder, bool colours) {
    const std::string word = verdict.at("verdict").get<std::string>();
    const bool good = verdict.at("exit_status").get<int>() == 0;
    std::string text = "\n";
    text += colours ? fmt::format("\x1b[1;{}m{}\x1b[0m", good ? 32 : 31, word) : word;
    text += ": " + verdict.at("reason").get<std::string>() + "\n\n";
    const Json& faults = verdict.at("faults");
    for (std::size_t i = 0; i < faults.size() && i < most_rows; ++i) text += fault_rows(faults[i], i + 1);
    if (faults.size() > most_rows)
        text += fmt::format("        and {} more, see verdict.json\n", faults.size() - most_rows);
    text += expected_rows(verdict);
    text += round_rows(verdict.at("rounds"));
    text += node_rows(verdict.at("nodes"));
    text += half_open_rows(verdict.at("half_open"));
    text += "files   " + folder + "\n";
    return text;
}

}  // namespace netcut
