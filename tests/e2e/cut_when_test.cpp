// SPDX-License-Identifier: Apache-2.0
//
// Cuts in a phase: the journal must show that they were in it, and how far.
#include <fmt/format.h>

#include <regex>

#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* victim = "collaborator2";

// One round is longer than a second in each phase that matters.
Arguments slow_reference(const std::string& out, const Arguments& more) {
    Arguments arguments = {"run",
                           "--out",
                           out,
                           "--cols",
                           "2",
                           "--set",
                           "rounds=2",
                           "--set",
                           "pace=0ms",
                           "--set",
                           fmt::format("epochs={}", epochs_for_this_machine(400)),
                           "--set",
                           fmt::format("upload-pace={}ms", 500 * time_scale()),
                           "--set",
                           "model-size=256KiB",
                           "--set",  // pauses that are no longer on a slow machine
                           fmt::format("chunk-size={}", 8192 / time_scale()),
                           "--set",
                           fmt::format("aggregator-args=--server-delay {}ms", 500 * time_scale())};
    // A fault says by itself how long it lasts.
    if (std::find(more.begin(), more.end(), "--fault") == more.end())
        arguments.insert(arguments.end(), {"--reconnect-after", fmt::format("{}ms", 700 * time_scale())});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

// In a pause of an upload what has been sent looks whole: less than the whole one is not meant.
const Arguments reply_to_the_upload = {"--cut-when", "reply-lost", "--after", "256KiB"};

// What was done then is unknown where many want few processors, as where they are emulated.
void expect_phase(const std::string& seen, const std::string& phase) {
    if (time_scale() > 1 && seen == "unknown") return;
    EXPECT_EQ(seen, phase);
}

struct CutRun {
    Folder folder;
    Finished finished;
    std::vector<Json> journal;

    explicit CutRun(const Arguments& more) {
        finished = run_tool(reference_for_this_machine(slow_reference(folder / "run", more)));
        journal = read_journal(folder / "run");
    }
    // The first of these events.
    Json event(const std::string& name) const {
        for (const Json& event : journal)
            if (event.at("event") == name) return event;
        return {};
    }
    std::size_t count(const std::string& name) const {
        return static_cast<std::size_t>(std::count_if(
            journal.begin(), journal.end(), [&](const Json& event) { return event.at("event") == name; }));
    }
    std::string phase_at(std::int64_t time) const { return test::phase_at(journal, victim, time); }
    std::string text() const { return finished.out + finished.err; }
};

// Layer 3, by the packet that the kernel logged.
std::uint64_t length_of(const std::string& packet) {
    std::smatch match;
    if (!std::regex_search(packet, match, std::regex("payload ([0-9]+)"))) return 0;
    constexpr std::uint64_t tcp = 32;
    return std::stoull(match[1]) + tcp + (packet.find('[') == std::string::npos ? 20 : 40);
}

struct Verdicted {
    const char* phase;
};
void PrintTo(const Verdicted& parameter, std::ostream* out) {
    *out << parameter.phase;
}
class CutWhenTest : public testing::TestWithParam<Verdicted> {};
INSTANTIATE_TEST_SUITE_P(Phases, CutWhenTest,
                         testing::Values(Verdicted{"computing"}, Verdicted{"waiting"}, Verdicted{"sending"}),
                         [](const auto& info) { return std::string(info.param.phase); });

TEST_P(CutWhenTest, CutsSoLongIntoThePhase) {
    NETCUT_E2E_WITH_REFERENCE();
    const CutRun run({"--cut-when", GetParam().phase, "--after", "150ms"});
    ASSERT_EQ(run.finished.status, 0) << run.text();
    EXPECT_EQ(read_verdict(run.folder / "run").at("verdict"), "recovered");
    const Json fired = run.event("fault.fired");
    ASSERT_FALSE(fired.is_null()) << run.text();
    expect_phase(run.phase_at(fired.at("t_ns")), GetParam().phase);
    EXPECT_EQ(fired.at("details").at("phases")[0].at("node"), victim);
    expect_phase(fired.at("details").at("phases")[0].at("phase"), GetParam().phase);
    const Json matched = run.event("trigger.matched");
    EXPECT_EQ(matched.at("node"), victim);
    const Json& phase = matched.at("details").at("phase");
    EXPECT_EQ(phase.at("phase"), GetParam().phase);
    EXPECT_GE(phase.at("into_ms"), 150) << phase;
    EXPECT_LT(phase.at("into_ms"), 250 * time_scale()) << phase;
}

struct Bytes {
    const char* phase;
    const char* count;  // in the journal
    std::uint64_t amount;
};
void PrintTo(const Bytes& parameter, std::ostream* out) {
    *out << parameter.phase << " " << parameter.amount;
}
class CutAfterBytesTest : public testing::TestWithParam<Bytes> {};
INSTANTIATE_TEST_SUITE_P(Phases, CutAfterBytesTest,
                         testing::Values(Bytes{"sending", "sent", 40'000}, Bytes{"sending", "sent", 200'000},
                                         Bytes{"receiving", "received", 60'000},
                                         Bytes{"receiving", "received", 200'000}),
                         [](const auto& info) {
                             return fmt::format("{}{}", info.param.phase, info.param.amount);
                         });

TEST_P(CutAfterBytesTest, ThePacketThatCompletesThemIsTheLastToPass) {
    NETCUT_E2E_WITH_REFERENCE();
    const CutRun run(
        {"--cut-when", GetParam().phase, "--after", std::to_string(GetParam().amount), "--round", "2"});
    ASSERT_EQ(run.finished.status, 0) << run.text();
    const Json tripped = run.event("trigger.tripped");
    ASSERT_FALSE(tripped.is_null()) << run.text();
    const Json& phase = tripped.at("details").at("phase");
    EXPECT_EQ(phase.at("phase"), GetParam().phase);
    const auto passed = phase.at(GetParam().count).get<std::uint64_t>();
    const std::string packet = tripped.at("details").at("packet");
    EXPECT_GE(passed, GetParam().amount) << tripped;
    EXPECT_LT(passed - length_of(packet), GetParam().amount) << "it was complete before: " << tripped;
    const Json round = run.event("progress");
    EXPECT_GT(tripped.at("t_ns"), round.at("t_ns"));
}

TEST(CutWhen, ANodeThatSleepsIsIdle) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished = run_tool({"run", "--out", folder / "run", "--aggregator", "sleep 5",
                                        "--collaborator", "sh -c 'echo asks; exec sleep 5'", "--cut-when",
                                        "idle", "--after", "300ms", "--armed-by", "asks", "--for", "200ms"});
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    for (const Json& event : read_journal(folder / "run")) {
        if (event.at("event") != "trigger.matched") continue;
        const Json& phase = event.at("details").at("phase");
        EXPECT_EQ(phase.at("phase"), "idle");
        EXPECT_GE(phase.at("into_ms"), 300) << phase;
        return;
    }
    ADD_FAILURE() << "it never fired" << finished.out;
}

TEST(CutWhen, WhileSendingIsSeenAsSending) {
    NETCUT_E2E_WITH_REFERENCE();
    const CutRun run({"--cut-when", "sending", "--after", "128KiB"});
    ASSERT_EQ(run.finished.status, 0) << run.text();
    const Json fired = run.event("fault.fired");
    ASSERT_FALSE(fired.is_null()) << run.text();
    expect_phase(run.phase_at(fired.at("t_ns")), "sending");
}

TEST(CutWhen, TheReplyToAWholeUploadIsTheFirstPacketThatIsLost) {
    NETCUT_E2E_WITH_REFERENCE();
    const CutRun run(reply_to_the_upload);
    ASSERT_EQ(run.finished.status, 0) << run.text();
    const Json tripped = run.event("trigger.tripped");
    ASSERT_FALSE(tripped.is_null()) << run.text();
    const Json& phase = tripped.at("details").at("phase");
    EXPECT_EQ(phase.at("phase"), "waiting");
    EXPECT_GT(phase.at("sent"), 256 * 1024);
    // The aggregator had it all, and the collaborator never heard of it before the heal.
    const std::string log = slurp(run.folder / "run/logs/collaborator2.out");
    const std::string upload = log.substr(log.find("round 1: sending results"));
    EXPECT_NE(upload.find("waiting for the reply"), std::string::npos);
    const Json fired = run.event("fault.fired");
    expect_phase(run.phase_at(fired.at("t_ns").get<std::int64_t>() - 20'000'000), "waiting");
    const Json verdict = read_verdict(run.folder / "run");
    EXPECT_GT(verdict.at("faults")[0]["nodes"][0]["packets_lost"]["router_down"], 0) << verdict.dump(2);
}

TEST(CutWhen, TheNthPhaseAndARoundAndALineAreWaitedFor) {
    NETCUT_E2E_WITH_REFERENCE();
    Arguments second = reply_to_the_upload;
    // A reply that passes before it can be lost does not count: there are more than two.
    second.insert(second.end(), {"--nth", "2", "--set", "rounds=4"});
    const Crowd crowd;
    const CutRun nth(second);
    constexpr int never_triggered = 4;  // each reply passed before it could be lost
    if (nth.finished.status == never_triggered) {
        NETCUT_SKIP_IN_A(crowd);
    }
    ASSERT_EQ(nth.finished.status, 0) << nth.text();
    const CutRun round({"--cut-when", "computing", "--round", "2"});
    ASSERT_EQ(round.finished.status, 0) << round.text();
    const CutRun line({"--cut-when", "sending", "--after", "64KiB", "--watch", "aggregator", "--armed-by",
                       "round 2 of 2 begins"});
    ASSERT_EQ(line.finished.status, 0) << line.text();
    for (const CutRun* run : {&nth, &round, &line}) {
        std::int64_t second = 0;
        for (const Json& event : run->journal)
            if (event.at("event") == "progress" && event.at("details").at("round") == "2" && second == 0)
                second = event.at("t_ns");
        ASSERT_GT(second, 0);
        EXPECT_EQ(run->count("fault.fired"), 1U);
        EXPECT_GT(run->event("fault.fired").at("t_ns"), second);
    }
}

TEST(CutWhen, AScenarioFileSaysItToo) {
    NETCUT_E2E_WITH_REFERENCE();
    const CutRun run({"--fault",
                      "{kind: drop, nodes: [collaborator2], for: 500ms, on: {phase: sending, after: 64KiB, "
                      "node: collaborator1, armed_by: {log: 'round 2: training'}}}"});
    ASSERT_EQ(run.finished.status, 0) << run.text();
    EXPECT_EQ(run.event("trigger.tripped").at("node"), "collaborator1");
    const std::string written = slurp(run.folder / "run/scenario.yaml");
    EXPECT_NE(written.find("phase: sending"), std::string::npos) << written;
    EXPECT_NE(written.find("armed_by"), std::string::npos) << written;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
