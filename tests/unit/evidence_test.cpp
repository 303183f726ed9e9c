// SPDX-License-Identifier: Apache-2.0
//
// What a journal says of itself, and what is found when it was altered.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "base/time.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/reader.h"
#include "record/run_state.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "verdict/verdict.h"
#include "verify/journal_rules.h"
#include "verify/verify.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::int64_t begun = 1'700'000'000'000'000'000;

Scenario one_cut() {
    Scenario scenario;
    scenario.collaborators = 1;
    FaultSpec& cut = scenario.faults.emplace_back();
    cut.name = "cut";
    cut.nodes = {"collaborator1"};
    cut.trigger.kind = FaultTrigger::Kind::log;
    cut.duration = 2s;
    return scenario;
}

void set_time(Json& event, Nanoseconds t) {
    event["t_ns"] = t.count();
    event["wall"] = wall_time_text(std::chrono::system_clock::time_point(Nanoseconds(begun) + t));
}

// The journal of a run with one cut, from which each test strays.
class Lines {
  public:
    Lines() {
        add(0, "run.begun", "", "",
            {{"schema", record_schema},
             {"name", "run"},
             {"realtime_ns", begun},
             {"nodes", {"aggregator", "collaborator1"}}});
        add(1, "run.state", "", "", {{"state", "starting"}});
        add(2, "node.started", "aggregator");
        add(3, "run.state", "", "", {{"state", "running"}});
        add(4, "node.started", "collaborator1");
        add(5, "progress", "collaborator1", "", {{"round", "1"}});
        add(1000, "trigger.matched", "collaborator1", "cut",
            {{"line", "go"}, {"match", 1}, {"verdict", "fires"}});
        add(1001, "fault.fired", "", "cut",
            {{"kind", "drop"},
             {"nodes", {"collaborator1"}},
             {"number", 1},
             {"trigger", {{"node", "collaborator1"}, {"line", "go"}}},
             {"took_us", 10.0},
             {"for_s", 2.0}});
        add(3001, "fault.healed", "", "cut",
            {{"lasted_s", 2.0},
             {"took_us", 10.0},
             {"packets_lost", {{"collaborator1", 6}}},
             {"losses",
              {{"collaborator1", {{"router_up", 3}, {"router_down", 2}, {"unsendable_at_node", 1}}}}}});
        add(3500, "node.recovered", "collaborator1", "cut",
            {{"sent_again_s", 0.1},
             {"sent_again_ns", 100'000'000},
             {"received_again_s", 0.25},
             {"received_again_ns", 250'000'000}});
        for (const char* node : {"collaborator1", "aggregator"})
            add(4000, "node.exited", node, "",
                {{"status", "exit code 0"},
                 {"exit_code", 0},
                 {"starts", 1},
                 {"stopped_by_us", false},
                 {"killed_by_fault", false}});
        add(4001, "run.state", "", "", {{"state", "stopping"}});
        add(4002, "run.stopping", "", "", {{"because", "all nodes ended"}, {"end", "all-exited"}});
        add(4003, "run.ended", "", "", {{"verdict", "recovered"}});
        add(4004, "run.state", "", "", {{"state", "done"}});
    }

    Json& operator[](const std::string& name) {
        for (Json& event : events)
            if (event["event"] == name) return event;
        throw std::out_of_range(name);
    }
    Json& details(const std::string& name) { return (*this)[name]["details"]; }
    void remove(const std::string& name) {
        std::erase_if(events, [&](const Json& event) { return event["event"] == name; });
    }
    void number_again() {
        for (std::size_t i = 0; i < events.size(); ++i) events[i]["n"] = i + 1;
    }
    std::string text() const {
        std::string all;
        for (const Json& event : events) all += event.dump() + "\n";
        return all;
    }
    std::vector<std::string> disagreements(const Scenario& scenario = one_cut()) const {
        const ReadJournal read = read_journal(text());
        Check check;
        check.disagreements = read.wrong;
        check_journal(read.events, scenario, check);
        return check.disagreements;
    }
    RunState state() const {
        RunState state;
        for (const Event& event : read_journal(text()).events) state.apply(event);
        return state;
    }

    std::vector<Json> events;

  private:
    void add(std::int64_t ms, const std::string& name, const std::string& node = {},
             const std::string& fault = {}, const Json& details = Json::object()) {
        Json event = {{"n", events.size() + 1}};
        set_time(event, std::chrono::milliseconds(ms));
        event["event"] = name;
        if (!node.empty()) event["node"] = node;
        if (!fault.empty()) event["fault"] = fault;
        event["details"] = details;
        events.push_back(std::move(event));
    }
};

TEST(JournalRules, AWholeJournalHasNothingWrong) {
    EXPECT_THAT(Lines().disagreements(), IsEmpty());
}

TEST(JournalRules, ALineThatIsGoneIsMissedEvenIfTheOthersAreNumberedAgain) {
    Lines lines;
    lines.remove("node.recovered");
    EXPECT_THAT(lines.disagreements(), Contains(HasSubstr("lines are missing")));
    for (const char* name : {"fault.fired", "trigger.matched", "run.begun", "node.started"}) {
        Lines again;
        again.remove(name);
        again.number_again();
        EXPECT_FALSE(again.disagreements().empty()) << name;
    }
}

TEST(JournalRules, ALineThatWasAddedIsFound) {
    Lines lines;
    lines.events.push_back(lines["fault.fired"]);
    EXPECT_FALSE(lines.disagreements().empty());
}

TEST(JournalRules, TimesThatWereAlteredAreFound) {
    Lines lines;
    lines["progress"]["t_ns"] = 505'000'000;
    EXPECT_THAT(lines.disagreements(), Contains(HasSubstr("wall and t_ns")));
    Lines with_wall;
    set_time(with_wall["fault.healed"], 3101ms);
    EXPECT_THAT(with_wall.disagreements(), Contains(HasSubstr("lasted_s")));
    Lines early;
    early["node.recovered"]["t_ns"] = 2'000'000'000;
    EXPECT_THAT(early.disagreements(), Contains(HasSubstr("before a line above it")));
}

TEST(JournalRules, FiringsAndHealsFollowEachOther) {
    Lines unfired;
    unfired["fault.fired"]["event"] = "fault.healed";
    EXPECT_FALSE(unfired.disagreements().empty());
    Lines other;
    other.details("fault.fired")["nodes"] = {"aggregator"};
    EXPECT_THAT(other.disagreements(), Contains(HasSubstr("not those of scenario.yaml")));
    Lines sums;
    sums.details("fault.healed")["losses"]["collaborator1"]["router_up"] = 4;
    EXPECT_THAT(sums.disagreements(), Contains(HasSubstr("its parts are 7")));
    Lines armed;
    armed["trigger.matched"]["event"] = "fault.armed";
    EXPECT_FALSE(armed.disagreements().empty());
}

// Of a cut that waits for a phase which the kernel tells.
TEST(JournalRules, ThePacketTriggersWhatIsArmedFromTheStart) {
    Scenario scenario = one_cut();
    scenario.faults[0].trigger.kind = FaultTrigger::Kind::phase;
    scenario.faults[0].trigger.phase.kind = PhaseMoment::Kind::reply_lost;
    Lines lines;
    lines["progress"]["event"] = "fault.armed";
    lines["fault.armed"]["fault"] = "cut";
    Json& tripped = lines["trigger.matched"];
    tripped["event"] = "trigger.tripped";
    set_time(tripped, 1001ms);
    EXPECT_THAT(lines.disagreements(scenario), IsEmpty());
    EXPECT_FALSE(lines.disagreements().empty()) << "a log line must have come";
    Lines untripped = lines;
    untripped.remove("trigger.tripped");
    untripped.number_again();
    EXPECT_THAT(untripped.disagreements(scenario), Contains(HasSubstr("its moment had not come")));
    Lines unarmed = lines;
    unarmed.remove("fault.armed");
    unarmed.number_again();
    EXPECT_THAT(unarmed.disagreements(scenario), Contains(HasSubstr("was not armed before")));
}

TEST(JournalRules, StatesComeInOrder) {
    Lines lines;
    lines.details("run.state")["state"] = "stopping";
    EXPECT_THAT(lines.disagreements(), Contains(HasSubstr("running does not follow stopping")));
    Lines unended;
    unended.events.pop_back();
    EXPECT_THAT(unended.disagreements(), Contains(HasSubstr("did not end in order")));
}

TEST(JournalReader, ATornLineIsTold) {
    std::string text = Lines().text();
    text.resize(text.size() - 5);
    const ReadJournal read = read_journal(text);
    EXPECT_EQ(read.events.size(), Lines().events.size() - 1);
    EXPECT_THAT(read.wrong, Contains(HasSubstr("torn")));
}

TEST(CheckJournal, PacketsThatAListWasAppliedToAreNoLosses) {
    Lines lines;
    Json& losses = lines.details("fault.healed")["losses"]["collaborator1"];
    losses["offered_up"] = 1000;
    losses["offered_down"] = 900;
    EXPECT_THAT(lines.disagreements(), IsEmpty());
    losses["router_up"] = 4;
    EXPECT_THAT(lines.disagreements(), Contains(HasSubstr("its parts are 7")));
}

TEST(JournalReader, WhatIsNoEventIsToldWithItsLine) {
    for (const char* line : {"", "{", "[]", "{\"n\":1}", "{\"n\":-1,\"t_ns\":\"x\"}", "\xff\xfe"}) {
        const ReadJournal read = read_journal(std::string(line) + "\n");
        EXPECT_TRUE(read.events.empty()) << line;
        EXPECT_THAT(read.wrong, Contains(HasSubstr("line 1"))) << line;
    }
}

TEST(RunState, HasTheFactsOfTheRun) {
    const Facts facts = Lines().state().facts(one_cut());
    EXPECT_EQ(facts.end, EndReason::all_exited);
    ASSERT_EQ(facts.outcomes.size(), 1U);
    const FaultOutcome& outcome = facts.outcomes[0];
    EXPECT_EQ(outcome.fired, 1001ms);
    EXPECT_EQ(outcome.healed, 3001ms);
    EXPECT_EQ(outcome.losses.at("collaborator1").total(), 6U);
    EXPECT_EQ(outcome.recovery.at("collaborator1").network_back(), 250ms);
    EXPECT_TRUE(facts.nodes[1].after_fault);
    EXPECT_EQ(facts.rounds.node, "collaborator1");
    EXPECT_EQ(judge(facts).word(), "recovered");
}

TEST(RunState, HasUnfiredFaultsAndErrors) {
    Lines lines;
    lines.remove("fault.fired");
    lines.remove("fault.healed");
    lines.remove("node.recovered");
    Scenario scenario = one_cut();
    scenario.faults[0].trigger.delay = 1s;
    Facts facts = lines.state().facts(scenario);
    ASSERT_EQ(facts.unfired.size(), 1U);
    EXPECT_TRUE(facts.unfired[0].delayed);
    EXPECT_EQ(judge(facts).word(), "not-triggered");
    lines["run.stopping"]["event"] = "run.error";
    lines.details("run.error") = {
        {"kind", "machine"}, {"attempt", "do it"}, {"code", 28}, {"reason", "no room"}, {"hint", ""}};
    facts = lines.state().facts(scenario);
    EXPECT_EQ(facts.end, EndReason::failed);
    EXPECT_EQ(judge(facts).exit_status, 3);
}

TEST(JournalRules, WhatDoesNotFitIsToldWithItsLine) {
    Lines lines;
    lines.details("fault.healed").erase("losses");
    lines["node.exited"]["node"] = "nobody";
    EXPECT_THAT(lines.disagreements(), Contains(AllOf(HasSubstr("line 9"), HasSubstr("losses"))));
    EXPECT_THAT(lines.disagreements(), Contains(HasSubstr("nobody")));
}

TEST(CompareJson, NamesEachFieldThatDiffers) {
    std::vector<std::string> differences;
    compare_json(Json::parse(R"({"a": [1, {"b": 2}], "only": 1})"),
                 Json::parse(R"({"a": [1, {"b": 3}], "gone": 1})"), "", differences);
    EXPECT_THAT(differences, Contains(HasSubstr("a[1].b is 2")));
    EXPECT_THAT(differences, Contains(HasSubstr("gone is missing")));
    EXPECT_THAT(differences, Contains(HasSubstr("only is 1")));
    EXPECT_EQ(differences.size(), 3U);
}

TEST(RunState, CountsRepliesThatPassedBeforeTheCut) {
    Lines lines;
    Json missed = lines["fault.fired"];
    missed["event"] = "trigger.missed";
    missed["details"] = {{"phase", "reply-lost"}, {"why", "the reply had passed"}};
    lines.events.insert(std::find_if(lines.events.begin(), lines.events.end(),
                                     [](const Json& event) { return event["event"] == "fault.fired"; }),
                        missed);
    EXPECT_EQ(lines.state().facts(one_cut()).outcomes.at(0).missed, 1U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
