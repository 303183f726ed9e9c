// SPDX-License-Identifier: Apache-2.0
#include "report/final_screen.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/utf8.h"
#include "record/facts.h"
#include "record/proof.h"
#include "record/recovery.h"
#include "safety/safety.h"
#include "why/foresight.h"

namespace netcut {
namespace {

constexpr std::size_t most_rows = 12;      // it is one screen
constexpr std::size_t most_reason = 4000;  // bytes

std::string seconds_or(const Json& value, const char* otherwise) {
    return value.is_null() ? otherwise : fmt::format("{:.3f} s", value.get<double>());
}

// The firings of one fault that are told as one: a flap's cycles, or else just one.
using Firings = std::vector<const Json*>;

std::vector<Firings> grouped(const Json& faults) {
    std::vector<Firings> groups;
    std::map<std::string, std::size_t> flaps;  // where the last flap of each fault is
    for (const Json& fault : faults) {
        const std::string name = fault.at("fault").get<std::string>();
        const auto flap = flaps.find(name);
        if (fault.contains("flap") && fault.at("flap").at("cycle").get<std::size_t>() > 1 &&
            flap != flaps.end()) {
            groups[flap->second].push_back(&fault);
            continue;
        }
        flaps[name] = groups.size();
        groups.push_back({&fault});
    }
    return groups;
}

std::string counted(std::uint64_t number, const char* what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

std::string length_text(const Firings& firings) {
    const Json& last = *firings.back();
    if (!last.contains("flap"))
        return last.at("healed_s").is_null() ? "never healed" : "for " + seconds_or(last.at("lasted_s"), "");
    double on = 0;
    for (const Json* fault : firings)
        if (!fault->at("lasted_s").is_null()) on += fault->at("lasted_s").get<double>();
    return fmt::format("on and off {} of {} times until {}, on for {:.3f} s in all", firings.size(),
                       last.at("flap").at("of").get<std::size_t>(),
                       seconds_or(last.at("healed_s"), "the end"), on);
}

// Of one node, what all firings together did to it.
std::string hit_text(const Firings& firings, std::size_t index) {
    std::map<std::string, std::uint64_t> sum;
    bool queued = false;
    for (const Json* fault : firings) {
        const Json& node = fault->at("nodes").at(index);
        queued = node.contains("packets_queued");
        for (const auto& [where, packets] : node.at(queued ? "packets_queued" : "packets_lost").items())
            sum[where] += packets.get<std::uint64_t>();
    }
    std::string text = fmt::format("{} {} ({} up, {} down", queued ? "queued" : "lost",
                                   counted(sum["total"], "packet"), sum["router_up"], sum["router_down"]);
    text += queued ? ")" : fmt::format(", {} it could not send)", sum["unsendable_at_node"]);
    if (!sum.contains("rebound_up")) return text;
    return text + fmt::format("; {} had another port ({} up, {} down)",
                              sum["rebound_up"] + sum["rebound_down"], sum["rebound_up"],
                              sum["rebound_down"]);
}

// Of the last firing.
std::string pause_row(const Json& node) {
    if (!node.contains("pause")) return {};
    const Json& pause = node.at("pause");
    const int processes = pause.at("processes").get<int>(), unstopped = pause.at("unstopped").get<int>();
    if (unstopped > 0) return fmt::format("        {} of its {} processes went on\n", unstopped, processes);
    if (processes == 1) return "        its process stood still\n";
    return fmt::format("        its {} processes stood still\n", processes);
}

// Each firing starts the list from its beginning.
std::string list_row(const Firings& firings) {
    if (!firings.front()->contains("list")) return {};
    std::uint64_t up = 0, down = 0;
    for (const Json* fault : firings) {
        up += fault->at("list").at("offered_up").get<std::uint64_t>();
        down += fault->at("list").at("offered_down").get<std::uint64_t>();
    }
    return fmt::format(
        "        of {} packets up and {} down; its list covers {} in each direction, then starts again\n", up,
        down, firings.front()->at("list").at("period").get<std::uint64_t>());
}

// ", but it ended (exit code 1) 0.4 s later": a node that failed although, or because, the network was back.
std::string failure_text(const Json& nodes, const std::string& name, double worked_s) {
    for (const Json& node : nodes) {
        if (node.at("node") != name || !node.contains("ended_s") || node.at("finished").get<bool>()) continue;
        const double later = node.at("ended_s").get<double>() - worked_s;
        if (later >= 0)
            return fmt::format(", but it ended ({}) {:.3f} s later", node.at("ended").get<std::string>(),
                               later);
    }
    return {};
}

// What the fault had stopped: when it went on, and what has not.
std::string work_rows(const Json& node, double healed_s, const Json& nodes) {
    std::string text;
    if (!node.contains("conversations")) return text;  // an older record
    const Json& conversations = node.at("conversations");
    if (const Json& resumed = node.at("time_to_recover_s"); !resumed.is_null())
        text += fmt::format(
            "        its work went on after {}{}\n", seconds_or(resumed, ""),
            failure_text(nodes, node.at("node").get<std::string>(), healed_s + resumed.get<double>()));
    std::size_t rows = 0, replaced = 0;
    for (const Json& one : conversations) {
        const std::string outcome = one.at("outcome").get<std::string>();
        const auto known = parse_word<Conversation::Outcome>(outcome);
        if (known == Conversation::Outcome::replaced) ++replaced;
        if (known == Conversation::Outcome::replaced || known == Conversation::Outcome::went_on ||
            known == Conversation::Outcome::resumed || ++rows > most_rows)
            continue;
        text += fmt::format("        connection {} to {} ({}): {}\n", one.at("local").get<std::string>(),
                            one.at("peer").get<std::string>(), one.at("remote").get<std::string>(), outcome);
    }
    if (replaced > 0)
        text += fmt::format("        {} replaced by {}\n",
                            replaced == 1 ? "a connection was" : fmt::format("{} connections were", replaced),
                            replaced == 1 ? "a new one" : "new ones");
    return text;
}

// "on aggregator: "round 2""; or what is no node's line, "at the start".
std::string trigger_text(const Json& trigger) {
    const auto node = trigger.at("node").get<std::string>();
    const std::string line = printable(trigger.at("line").get<std::string>());
    return node.empty() ? line : fmt::format("on {}: \"{}\"", node, line);
}

std::string fault_rows(const Firings& firings, std::size_t number, const Json& nodes) {
    const Json& first = *firings.front();
    const Json& last = *firings.back();
    std::string text = fmt::format("fault {:<3} {} ({}) at {:.3f} s, {}\n        {}\n", number,
                                   first.at("fault").get<std::string>(), first.at("kind").get<std::string>(),
                                   first.at("fired_s").get<double>(), length_text(firings),
                                   trigger_text(first.at("trigger")));
    if (const unsigned missed = first.value("missed", 0U); missed > 0)
        text += fmt::format("        later than asked for: {} passed before {} could be lost\n",
                            missed == 1 ? "a reply" : fmt::format("{} replies", missed),
                            missed == 1 ? "it" : "they");
    text += list_row(firings);
    for (std::size_t i = 0; i < last.at("nodes").size(); ++i) {
        const Json& node = last.at("nodes")[i];
        text += fmt::format("        {} {}\n", node.at("node").get<std::string>(), hit_text(firings, i));
        text += pause_row(node);
        if (last.at("healed_s").is_null()) continue;
        text += fmt::format(
            "        data after the {}heal: sent {}, received {}\n", last.contains("flap") ? "last " : "",
            seconds_or(node.at("sent_again_s"), "never"), seconds_or(node.at("received_again_s"), "never"));
        text += work_rows(node, last.at("healed_s").get<double>(), nodes);
    }
    return text;
}

std::string end_of(const Json& node) {
    const std::string ended = node.at("ended").get<std::string>();
    const std::string after = node.value("after_faults", "took part");
    return after == "took part" ? ended : ended + "; " + after;
}

std::string node_rows(const Json& nodes) {
    std::size_t finished = 0, to_the_end = 0;
    std::string others;
    std::size_t rows = 0;
    for (const Json& node : nodes) {
        if (node.at("finished").get<bool>()) {
            ++finished;
        } else if (node.value("to_the_end", false)) {
            ++to_the_end;
        } else if (++rows <= most_rows) {
            others += fmt::format("        {}: {}\n", node.at("node").get<std::string>(), end_of(node));
        }
    }
    if (rows > most_rows) others += fmt::format("        and {} more, see verdict.json\n", rows - most_rows);
    const std::string stopped =
        to_the_end == 0 ? "" : fmt::format(", {} of them by the end line", to_the_end);
    return fmt::format("nodes   {} of {} finished{}\n{}", finished + to_the_end, nodes.size(), stopped,
                       others);
}

// Of each figure the nodes that have most of it.
std::string figure_rows(const Json& nodes) {
    constexpr std::size_t most_nodes = 3;
    std::string text;
    for (const ConnectionFigure& figure : connection_figures) {
        std::vector<std::pair<std::uint64_t, std::string>> all;
        for (const Json& node : nodes)
            if (const auto value = node.value(figure.key, std::uint64_t{0}); value > 0)
                all.emplace_back(value, node.at("node").get<std::string>());
        std::stable_sort(all.begin(), all.end(),
                         [](const auto& a, const auto& b) { return a.first > b.first; });
        for (std::size_t i = 0; i < all.size() && i <= most_nodes; ++i)
            text += i == 0           ? fmt::format("{}: {} {}", figure.name, all[i].second, all[i].first)
                    : i < most_nodes ? fmt::format(", {} {}", all[i].second, all[i].first)
                                     : fmt::format(", and {} more", all.size() - most_nodes);
        if (!all.empty()) text += '\n';
    }
    return text;
}

// What is not wrong, and what somebody who wonders would like to know.
std::string hint_rows(const Json& nodes) {
    std::string text;
    std::size_t rows = 0;
    for (const Json& node : nodes) {
        const std::string name = node.at("node").get<std::string>();
        const int left = node.value("left_behind", 0);
        if (left > 0 && ++rows <= most_rows)
            text += fmt::format("note    {} left {} process{} behind, which netcut-fl has killed\n", name,
                                left, left == 1 ? "" : "es");
        if (node.contains("late_lines") && ++rows <= most_rows)
            text += fmt::format(
                "note    {} of {} lines of {} came at once as it ended: it may keep its output in a "
                "buffer, so that triggers come late (docs/scenario.md, Log lines)\n",
                node.at("late_lines").at("late").get<std::uint64_t>(),
                node.at("late_lines").at("all").get<std::uint64_t>(), name);
    }
    return text;
}

// The second word: whether the model is right.
std::string safety_rows(const Json& verdict) {
    if (!verdict.contains("safety")) return {};
    const Json& safety = verdict.at("safety");
    const auto word = parse_word<SafetyWord>(safety.at("word").get<std::string>());
    std::string text;
    if (word != SafetyWord::but)
        text = fmt::format("model   {}\n", printable(safety.at("text").get<std::string>(), most_reason));
    std::size_t rows = 0;
    for (const Json& one : safety.at("findings")) {
        if (++rows > most_rows) break;
        text += fmt::format("{:<8}{}\n", rows == 1 ? word_of(SafetyWord::but) : "",
                            printable(one.at("text").get<std::string>()));
    }
    if (rows > most_rows)
        text +=
            fmt::format("        and {} more, see verdict.json\n", safety.at("findings").size() - most_rows);
    if (word != SafetyWord::as_undisturbed && word != SafetyWord::but) return text;  // it has said so
    for (const Json& one : safety.at("unjudged"))
        text += fmt::format("        not judged: {}\n", printable(one.get<std::string>()));
    return text;
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
        text += fmt::format("{} {} {} -> {} ({}), idle for {:.1f} s; its {} is gone\n",
                            rows == 1 ? "half-open" : "         ", half.at("node").get<std::string>(),
                            half.at("local").get<std::string>(), half.at("remote").get<std::string>(),
                            half.at("state").get<std::string>(),
                            half.at("ms_since_received").get<double>() / 1000,
                            half.value("address_gone", false) ? "own address" : "other end");
    }
    return text;
}

constexpr std::size_t most_lines_of_a_hang = 4;

std::string first_lines(const Json& texts, const char* title) {
    std::string text;
    for (std::size_t i = 0; i < texts.size() && i < most_lines_of_a_hang; ++i)
        text += fmt::format("{:<8}{}\n", i == 0 ? title : "", texts[i].get<std::string>());
    if (texts.size() > most_lines_of_a_hang)
        text += fmt::format("        and {} more\n", texts.size() - most_lines_of_a_hang);
    return text;
}

std::string next_lines(const Json& hang) {
    Json texts = Json::array();
    for (const Json& one : hang.value("next", Json::array()))
        if (one.at("kind") != word_of(ForeseenKind::wait_ends)) texts.push_back(one.at("says"));
    return first_lines(texts, "next");
}

// Why it hangs, what shows that, what would help, and whether that it hangs is certain.
std::string hang_rows(const Json& verdict) {
    if (!verdict.contains("hang") || !verdict.at("hang").contains("why")) return {};
    const Json& hang = verdict.at("hang");
    const bool certain = hang.at("proof") == word_of(Proof::certain);
    const bool known = hang.at("proof") == word_of(Proof::known);
    return fmt::format("why     {}\n", hang.at("why").get<std::string>()) +
           first_lines(hang.at("evidence"), "seen") + first_lines(hang.value("code", Json::array()), "code") +
           fmt::format("helps   {} (docs/hangs.md#{})\n", hang.at("helps").get<std::string>(),
                       hang.at("cause").get<std::string>()) +
           next_lines(hang) +
           (certain
                ? "proof   certain: nothing in it could ever go on\n"
                : std::string(known ? "proof   known: it stayed in a state of known_hangs; what stood in the "
                                      "way of a certain one:\n"
                                    : "proof   none, it was waited for; what stood in the way:\n") +
                      first_lines(hang.value("in_the_way", Json::array()), ""));
}

// Of the options that the scenario sets from outside; what could not be set is never passed over.
std::string tcp_rows(const Json& verdict) {
    if (!verdict.contains("tcp")) return {};
    const Json& tcp = verdict.at("tcp");
    const auto count = [&](const char* key) { return tcp.at(key).get<std::uint64_t>(); };
    std::string text = fmt::format(
        "tcp     options set on {}, {} of them from the beginning, the others within {:.1f} ms\n",
        counted(count("connections"), "connection"), count("inherited"), tcp.at("latest_ms").get<double>());
    if (count("again") > 0)
        text += fmt::format("        again, since programs had set their own later: {}\n",
                            counted(count("again"), "time"));
    if (count("not_set") > 0)
        text += fmt::format("        NOT SET on {}\n", counted(count("not_set"), "socket"));
    std::size_t rows = 0;
    for (const Json& one : tcp.at("failures"))
        if (++rows <= most_rows)
            text += fmt::format("        {} {}: {}\n", one.at("node").get<std::string>(),
                                one.at("socket").get<std::string>(), one.at("why").get<std::string>());
    return text;
}

}  // namespace

std::string final_screen(const Json& verdict, const std::string& folder, bool colours) {
    const std::string word = printable(verdict.at("verdict").get<std::string>());
    const std::string headline = printable(verdict.at("headline").get<std::string>());
    const bool good = verdict.at("exit_status").get<int>() == 0;
    std::string text = verdict.contains("passed") ? "\n" + word : "";
    text += ": " + printable(verdict.at("reason").get<std::string>(), most_reason) + "\n\n";
    const std::vector<Firings> faults = grouped(verdict.at("faults"));
    for (std::size_t i = 0; i < faults.size() && i < most_rows; ++i)
        text += fault_rows(faults[i], i + 1, verdict.at("nodes"));
    if (faults.size() > most_rows)
        text += fmt::format("        and {} more, see verdict.json\n", faults.size() - most_rows);
    text += expected_rows(verdict);
    text += safety_rows(verdict);
    text += round_rows(verdict.at("rounds"));
    text += node_rows(verdict.at("nodes"));
    text += figure_rows(verdict.at("nodes")) + hint_rows(verdict.at("nodes"));
    text += half_open_rows(verdict.at("half_open"));
    text += tcp_rows(verdict);
    text += hang_rows(verdict);
    text += "files   " + folder + "\nreport  " + folder + "/report.html\n";
    const std::string shown =
        colours ? fmt::format("\x1b[1;{}m{}\x1b[0m", good ? 32 : 31, headline) : headline;
    return "\n" + shown + printable_lines(text);
}

}  // namespace netcut
