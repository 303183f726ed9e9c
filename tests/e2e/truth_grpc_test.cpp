// SPDX-License-Identifier: Apache-2.0
//
// A federation over gRPC: a kept channel resumes its connection, a channel for each call replaces it.
#include <algorithm>
#include <sstream>

#include "base/json.h"
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// The outcomes of the connections that met the fault, of the collaborator that was cut.
std::vector<std::string> outcomes_in(const Json& verdict) {
    std::vector<std::string> outcomes;
    for (const Json& one : verdict.at("faults").back().at("nodes").at(0).at("conversations"))
        outcomes.push_back(one.at("outcome"));
    return outcomes;
}

bool any_is(const std::vector<std::string>& outcomes, const std::string& wanted) {
    return std::find(outcomes.begin(), outcomes.end(), wanted) != outcomes.end();
}

Json cut_while_it_computes(const std::string& folder, const Arguments& more) {
    // The upload begins inside the cut.
    Arguments options = {"--cut-on", "round 2: training, epoch 2", "--reconnect-after",
                         std::to_string(1500 * time_scale()) + "ms", "--pcap"};
    options.insert(options.end(), more.begin(), more.end());
    const Finished finished = run_tool(small_reference(folder, options));
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Finished verified = run_tool({"verify", folder});
    EXPECT_EQ(verified.status, 0) << verified.out;
    return read_verdict(folder);
}

TEST(Truth, CallsOfGrpcGoOnOverAnOldConnectionOrANewOne) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Json kept = cut_while_it_computes(folder / "kept", {"--set", "channel=kept"});
    EXPECT_TRUE(any_is(outcomes_in(kept), "resumed") || any_is(outcomes_in(kept), "replaced"))
        << kept.dump(2);
    const Json fresh = cut_while_it_computes(folder / "fresh", {"--kind", "unplug"});
    for (const Json& verdict : {kept, fresh}) {
        EXPECT_EQ(verdict.at("verdict"), "recovered") << verdict.dump(2);
        ASSERT_TRUE(verdict.at("time_to_recover_s").is_number()) << verdict.dump(2);
        EXPECT_GE(verdict.at("time_to_recover_s"), 0.001);
        EXPECT_FALSE(any_is(outcomes_in(verdict), "stuck") || any_is(outcomes_in(verdict), "half open"))
            << verdict.dump(2);
    }
}

// When its call was over, by its own log of phases, since the heal.
double answered_after_heal(const std::string& run) {
    std::int64_t begun = 0, healed = 0;
    for (const Json& event : read_journal(run)) {
        if (event.at("event") == "run.begun") begun = event.at("details").at("monotonic_ns");
        if (event.at("event") == "fault.healed") healed = begun + event.at("t_ns").get<std::int64_t>();
    }
    std::istringstream words(slurp(run + "/logs/collaborator4.out"));
    for (std::string word; words >> word;) {
        std::int64_t when = 0;
        if (word == "idle" && words >> when && when > healed) return static_cast<double>(when - healed) / 1e9;
    }
    return 0;
}

TEST(Truth, WorkOverGrpcGoesOnWithTheAnswerAndNotWithTheHello) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    for (const std::string security : {"tls", "insecure"}) {
        const std::string run = folder / security;
        // The connection is made right after the heal, and its upload takes a second.
        const Finished finished = run_tool(
            small_reference(run, {"--cut-on", "round 2: training, epoch 2", "--reconnect-after", "1500ms",
                                  "--pcap", "--pcap-snap", "2048", "--set", "upload-pace=1s", "--set",
                                  "collaborator-args=--log-phases", "--set", "security=" + security}));
        ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
        const Json verdict = read_verdict(run);
        const double answered = answered_after_heal(run), told = verdict.at("time_to_recover_s");
        EXPECT_GT(answered, 1.0);
        EXPECT_NEAR(told, answered, 0.1) << security << verdict.dump(2);
        EXPECT_LT(verdict.at("network_back_s").get<double>(), answered - 0.5) << "the hello was there before";
        const Finished verified = run_tool({"verify", run});
        EXPECT_EQ(verified.status, 0) << verified.out;
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
