// SPDX-License-Identifier: Apache-2.0
#include "verify/verify.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <sstream>

#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"
#include "fault/loss_model.h"
#include "folder/folder.h"
#include "folder/manifest.h"
#include "folder/run_files.h"
#include "link/trace_text.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/run_state.h"
#include "scenario/check.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/link.h"
#include "scenario/scenario.h"
#include "scenario/yaml.h"
#include "user/as_user.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"
#include "verify/capture_verdict.h"
#include "verify/journal_rules.h"
#include "verify/older_record.h"
#include "verify/safety_check.h"

namespace netcut {
namespace {

constexpr std::size_t longest_file = std::size_t{64} << 20;      // bytes
constexpr std::size_t longest_journal = std::size_t{512} << 20;  // bytes
constexpr std::size_t most_quoted = 500;  // bytes of one line: what stands in a file may be long

std::string text_of(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// A trace of losses is not in the scenario; the run has left what it came to.
Result<void> restore_traces(const RunFolder& folder, const std::vector<Event>& events, Scenario& scenario) {
    for (FaultSpec& fault : scenario.faults) {
        const FaultKey* key = fault.kind->key("model");
        if (key == nullptr || key->file(fault.text("model")).empty()) continue;
        for (const Event& event : events) {
            const auto* listed = event.as<event::LossListed>();
            if (listed == nullptr || event.fault != fault.name) continue;
            const auto& list = listed->lists.up ? listed->lists.up : listed->lists.down;
            if (!list) return usage_failure("restore a trace of losses", "the journal names no list of it");
            NETCUT_ASSIGN(const std::string lost, read_whole(folder, list->file, longest_file));
            std::string trace(std::min(listed->period, max_loss_period), '0');
            std::istringstream numbers(lost);
            for (std::size_t number = 0; numbers >> number;)
                if (number > 0 && number <= trace.size()) trace[number - 1] = '1';
            fault.files["model"] = trace;
        }
    }
    return {};
}

// The run has left copies of the traces of links.
Result<void> restore_links(const RunFolder& folder, const std::vector<Event>& events, Scenario& scenario) {
    for (const Event& event : events) {
        const auto* link = event.as<event::NodeLink>();
        for (const auto& side : link == nullptr ? std::vector<std::optional<event::LinkSide>>()
                                                : std::vector{link->up, link->down}) {
            if (!side || side->file.empty() || scenario.traces.contains(side->file)) continue;
            NETCUT_ASSIGN(std::string text, read_whole(folder, kept_trace(side->sha256), most_trace_text));
            NETCUT_ASSIGN(LinkTrace trace, parse_trace(text, kept_trace(side->sha256)));
            const std::string sha256 = sha256_hex(text);
            scenario.traces[side->file] = {{}, sha256, std::make_shared<LinkTrace>(std::move(trace))};
        }
    }
    return {};
}

Result<Scenario> read_scenario(const RunFolder& folder, const std::vector<Event>& events,
                               std::string& sha256) {
    NETCUT_ASSIGN(const std::string text, read_whole(folder, "scenario.yaml", longest_file));
    sha256 = sha256_hex(text);
    Scenario scenario;
    // What it names is read with the rights of whose run it was.
    const AsUser as_user(folder.user());
    NETCUT_TRY(read_yaml(scenario, text, "scenario.yaml"));
    NETCUT_TRY(restore_traces(folder, events, scenario));
    NETCUT_TRY(restore_links(folder, events, scenario));
    NETCUT_TRY(check(scenario));
    return scenario;
}

Check check_manifest(const RunFolder& folder) {
    Check check{"manifest", {}, {}, {}};
    const auto told = read_whole(folder, manifest_name, longest_file).and_then(read_manifest);
    const auto found = digest_run(folder);
    if (!told) check.disagreements.push_back(told.error().text());
    if (!found) check.disagreements.push_back(found.error().text());
    if (!told || !found) return check;
    std::size_t unchanged = 0;
    for (const auto& [name, digest] : *told) {
        const auto file = found->find(name);
        if (file == found->end())
            check.disagreements.push_back(name + " is gone");
        else if (file->second.sha256 != digest.sha256 || file->second.bytes != digest.bytes)
            check.disagreements.push_back(fmt::format("{} was altered: it has {} bytes and SHA-256 {}", name,
                                                      file->second.bytes, file->second.sha256));
        else
            ++unchanged;
    }
    for (const auto& [name, digest] : *found)
        if (!told->contains(name)) check.unchecked.push_back(name + " is not in the manifest");
    check.found = fmt::format("{} files are as when the run ended", unchanged);
    return check;
}

// Which packets links lose follows from the scenario; the record has it as a file of each.
std::optional<Check> check_link_lists(const RunFolder& folder, const std::vector<Event>& events,
                                      const Scenario& scenario) {
    Check check{"links", {}, {}, {}};
    std::size_t same = 0;
    for (const Event& event : events) {
        const auto* link = event.as<event::NodeLink>();
        const auto index = link == nullptr ? std::nullopt : node_index(scenario, event.node);
        const auto plan = index ? link_plan(scenario, *index) : Result<LinkPlan>(LinkPlan{});
        for (const bool up : {true, false}) {
            const auto& told = link == nullptr ? std::nullopt : up ? link->up : link->down;
            if (!told || !told->losses || !plan) continue;
            const auto& wanted = up ? plan->up : plan->down;
            const auto text = read_whole(folder, told->losses->file, longest_file);
            if (!text)
                check.disagreements.push_back(text.error().text());
            else if (!wanted || *text != wanted->losses.text())
                check.disagreements.push_back(told->losses->file + " is not the list that its seed makes");
            else
                ++same;
        }
    }
    if (same + check.disagreements.size() == 0) return {};
    check.found = fmt::format("{} lists of losses are those that their seeds make", same);
    return check;
}

Check check_verdict(const RunFolder& folder, const RunState& state, const Scenario& scenario) {
    Check check{"verdict", {}, {}, {}};
    const Facts facts = state.facts(scenario);
    const Verdict verdict = judge(facts);
    check.found = fmt::format("by the journal: {}: {}", verdict.word(), verdict.reason);
    const auto text = read_whole(folder, "verdict.json", longest_file);
    if (!text) {
        check.disagreements.push_back(text.error().text());
        return check;
    }
    auto found = parse_json(*text, "read verdict.json");
    if (!found) {
        check.disagreements.push_back(found.error().text());
        return check;
    }
    // Through text, as the one that is compared: what is no UTF-8 has been replaced, and counts have no sign.
    Json wanted = Json::parse(text_of(verdict_json(facts, verdict, scenario)));
    const bool older = is_older_record(state);
    if (older) {
        check.found = "as far as an older record tells";
        check.unchecked.emplace_back(
            "the verdict, its reason and the times of recovery follow the rules of an older netcut-fl: they "
            "were "
            "not derived again");
        leave_out_what_changed(*found, wanted);
    }
    compare_json(*found, wanted, "", check.disagreements);
    if (const auto& ended = state.ended(); ended && !older)
        compare_json({{"verdict", ended->verdict}, {"reason", ended->reason}},
                     {{"verdict", verdict.word()}, {"reason", verdict.reason}}, "run.ended",
                     check.disagreements);
    return check;
}

std::string firing_text(const FaultOutcome& outcome) {
    const auto at = [](Nanoseconds t) { return std::chrono::duration<double>(t).count(); };
    std::uint64_t up = 0, down = 0, unsendable = 0, rebound = 0;
    for (const auto& [node, losses] : outcome.losses) {
        up += losses.up;
        down += losses.down;
        unsendable += losses.unsendable;
        rebound += losses.met() - losses.total();
    }
    std::string text =
        fmt::format("{} ({}) from {:.6f} s ", outcome.fault, outcome.kind->name, at(outcome.fired));
    text += outcome.healed ? fmt::format("to {:.6f} s", at(*outcome.healed)) : "to the end";
    text += fmt::format(": {} {} up, {} down", outcome.queued ? "queued" : "lost", up, down);
    if (unsendable > 0) text += fmt::format(", and {} that nodes could not send", unsendable);
    if (rebound > 0) text += fmt::format("; {} had another port", rebound);
    return text;
}

Check check_faults(const RunState& state, const Scenario& scenario) {
    Check check{"faults", {}, {}, {}};
    for (const FaultOutcome& outcome : state.facts(scenario).outcomes)
        check.found += (check.found.empty() ? "" : "\n") + firing_text(outcome);
    if (check.found.empty()) check.found = "none was fired";
    return check;
}

// The digest of the scenario as it was at the end: faults may have been added on request.
std::string last_scenario(const std::vector<Event>& events) {
    std::string digest;
    for (const Event& event : events) {
        if (const auto* begun = event.as<event::RunBegun>()) digest = begun->scenario_sha256;
        if (const auto* changed = event.as<event::ScenarioChanged>()) digest = changed->scenario_sha256;
    }
    return digest;
}

}  // namespace

void compare_json(const Json& found, const Json& wanted, const std::string& place,
                  std::vector<std::string>& differences) {
    const auto below = [&](const std::string& key) { return place.empty() ? key : place + "." + key; };
    if (found.is_object() && wanted.is_object()) {
        for (const auto& [key, value] : wanted.items()) {
            if (found.contains(key))
                compare_json(found.at(key), value, below(key), differences);
            else
                differences.push_back(fmt::format("{} is missing", below(key)));
        }
        for (const auto& [key, value] : found.items())
            if (!wanted.contains(key))
                differences.push_back(
                    fmt::format("{} is {}, and the journal has none", below(key), text_of(value)));
        return;
    }
    if (found.is_array() && wanted.is_array() && found.size() == wanted.size()) {
        for (std::size_t i = 0; i < found.size(); ++i)
            compare_json(found[i], wanted[i], fmt::format("{}[{}]", place, i), differences);
        return;
    }
    if (found != wanted)
        differences.push_back(
            fmt::format("{} is {}, and by the journal {}", place, text_of(found), text_of(wanted)));
}

bool Verification::agrees() const {
    return std::all_of(checks.begin(), checks.end(),
                       [](const Check& check) { return check.disagreements.empty(); });
}

Json Verification::to_json() const {
    Json json = {{"schema", 1}, {"agrees", agrees()}, {"checks", Json::array()}};
    for (const Check& check : checks)
        json["checks"].push_back({{"check", check.name},
                                  {"found", check.found},
                                  {"disagreements", check.disagreements},
                                  {"not_checked", check.unchecked}});
    return json;
}

std::string Verification::text() const {
    std::string text;
    const auto add = [&](std::string label, const std::string& lines) {
        std::size_t begin = 0;
        while (begin < lines.size()) {
            const std::size_t end = std::min(lines.find('\n', begin), lines.size());
            text += fmt::format("{:<12} {}\n", std::exchange(label, ""),
                                printable(lines.substr(begin, end - begin), most_quoted));
            begin = end + 1;
        }
    };
    for (const Check& check : checks) {
        add(check.name, check.found);
        for (const std::string& one : check.disagreements) add("  WRONG", one);
        for (const std::string& one : check.unchecked) add("  unchecked", one);
    }
    return text + (agrees() ? "\nall of this agrees\n" : "\nthis does not agree\n");
}

Result<Verification> verify_run(const std::string& path, const User& reader) {
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::open(path, reader));
    auto journal = read_whole(folder, "journal.jsonl", longest_journal);
    if (!journal) {
        Error error = std::move(journal).error();
        if (error.code == ENOENT) error.kind = Error::Kind::usage;
        error.hint = "give the folder of a run";
        return Failure(std::move(error));
    }
    Verification result;
    result.checks.push_back(check_manifest(folder));
    Check lines{"journal", {}, {}, {}};
    std::string scenario_sha256;
    const ReadJournal read = read_journal(*journal);
    lines.disagreements = read.wrong;
    const std::vector<Event>& events = read.events;
    const auto scenario = read_scenario(folder, events, scenario_sha256);
    if (!scenario) lines.disagreements.push_back(scenario.error().text());
    lines.found = fmt::format("{} lines, in order", events.size());
    const RunState state = scenario ? check_journal(events, *scenario, lines) : RunState();
    if (is_older_record(state))
        lines.unchecked.push_back(
            fmt::format("an older netcut-fl wrote it: its schema is {}, and that of today {}; {} lines have "
                        "not all that is "
                        "written today, and were compared as far as they go",
                        state.begun()->schema, record_schema, read.lacking));
    const std::string told = last_scenario(events);
    const bool lacks_it = told.empty() && is_older_record(state);
    if (!lacks_it && told != scenario_sha256)
        lines.disagreements.emplace_back("scenario.yaml is not the one that the run began with");
    if (!lines.disagreements.empty()) lines.found = fmt::format("{} lines", events.size());
    result.checks.push_back(std::move(lines));
    if (!scenario) return result;
    result.checks.push_back(check_faults(state, *scenario));
    if (auto lists = check_link_lists(folder, events, *scenario)) result.checks.push_back(std::move(*lists));
    result.checks.push_back(check_verdict(folder, state, *scenario));
    if (scenario->counted.any() || scenario->model.any())
        result.checks.push_back(check_safety(folder, events, *scenario));
    result.checks.push_back(check_captures(folder, events, state, *scenario));
    return result;
}

}  // namespace netcut
