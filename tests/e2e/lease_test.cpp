// SPDX-License-Identifier: Apache-2.0
//
// A fault ends on time though the tool that fired it is stopped or dead: the kernel keeps its lease.
#include <signal.h>

#include <algorithm>

#include "base/json.h"
#include "base/time.h"
#include "e2e/inside.h"

namespace netcut::test::NETCUT_FILE {
namespace {

struct Lease {
    const char* name;
    Arguments options;  // each fires on "go"
};
void PrintTo(const Lease& parameter, std::ostream* out) {
    *out << parameter.name;
}

// How long a fault is to last.
std::chrono::seconds lease() {
    return 2s * time_scale();
}
std::string lease_text() {
    return std::to_string(lease().count()) + "s";
}

// As the node sees it, which gets going again only when it has a CPU.
void expect_on_time(std::chrono::duration<double> lasted) {
    EXPECT_GT(lasted, lease() * 0.9);
    EXPECT_LT(lasted, lease() * (time_scale() == 1 ? 1.5 : 2));
}

class LeaseTest : public testing::TestWithParam<Lease> {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        host_before_ = host_state();
        const std::string aggregator = "sh -c 'sleep " + seconds(8) + "'";
        const std::string collaborator =
            "sh -c 'sleep " + seconds(1) + "; echo go; sleep " + seconds(6) + "'";  // it ends first
        Arguments arguments = {"run",          "--out",    run_folder(),     "--cols",    "1",
                               "--aggregator", aggregator, "--collaborator", collaborator};
        for (const std::string& option : GetParam().options)
            arguments.push_back(option == "LEASE" ? lease_text() : option);
        tool_.emplace(arguments);
        ASSERT_TRUE(tool_->wait_for_output("collaborator1 started"));
        probe_.emplace(*tool_, run_folder(), "collaborator1", "aggregator");
        ASSERT_TRUE(probe_->wait_until_passes());
        ASSERT_TRUE(tool_->wait_for_output("cut 1"));
        ASSERT_TRUE(probe_->wait_until_lost());
    }
    std::string run_folder() const { return folder_ / "run"; }
    static std::string seconds(int count) { return std::to_string(count * time_scale()); }

    Folder folder_;
    std::string host_before_;
    std::optional<Tool> tool_;
    std::optional<Probe> probe_;
};

const std::string partition =
    "{name: cut, kind: partition, groups: [[aggregator], [collaborator1]], on: {log: go, node: "
    "collaborator1}, for: ";
const std::string loss = "{name: cut, kind: loss, model: every 1, on: {log: go}, for: ";

INSTANTIATE_TEST_SUITE_P(
    Kinds, LeaseTest,
    testing::Values(Lease{"Drop", {"--cut-on", "go", "--reconnect-after", "LEASE"}},
                    Lease{"Ip6Drop", {"--ip", "6", "--cut-on", "go", "--reconnect-after", "LEASE"}},
                    Lease{"BridgeDrop",
                          {"--fabric", "bridge", "--cut-on", "go", "--reconnect-after", "LEASE"}},
                    Lease{"Partition", {"--fault", partition + lease_text() + "}"}},
                    Lease{"Loss", {"--fault", loss + lease_text() + "}"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(LeaseTest, EndsWhileTheToolIsStoppedAndTheRunGoesOnAfterwards) {
    tool_->signal(SIGSTOP);
    ASSERT_TRUE(probe_->wait_until_passes());
    EXPECT_EQ(state_of(tool_->pid()), 'T') << "the tool must have had no part in it";
    expect_on_time(probe_->longest_gap());
    tool_->signal(SIGCONT);
    const Finished finished = tool_->wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(run_folder());
    EXPECT_EQ(verdict.at("verdict"), "recovered") << verdict.dump(2);
    EXPECT_GT(verdict.at("packets_lost"), 0);
    ASSERT_EQ(verdict.at("faults").size(), 1U);
    EXPECT_NEAR(verdict.at("faults")[0]["lasted_s"].get<double>(), static_cast<double>(lease().count()), 0.1)
        << "not when the tool came to heal it";
    EXPECT_TRUE(verdict.at("time_to_recover_s").is_number()) << verdict.dump(2);
}

TEST_P(LeaseTest, EndsThoughTheToolWasKilledWhileItsNetworkLivesOn) {
    const PinnedNetworks pinned(*tool_);
    ASSERT_GE(pinned.size(), 3U) << "two nodes and the router";
    tool_->signal(SIGKILL);
    EXPECT_EQ(tool_->wait().status, 128 + SIGKILL);
    ASSERT_TRUE(tool_->leaves_no_process());
    EXPECT_FALSE(probe_->wait_until_passes(0s)) << "the cut must outlive the tool";
    ASSERT_TRUE(probe_->wait_until_passes());
    expect_on_time(probe_->longest_gap());
    EXPECT_EQ(host_state(), host_before_);
}

// Nobody sends on what is held.
class StoppedHolderTest : public LeaseTest {};

INSTANTIATE_TEST_SUITE_P(
    Ways, StoppedHolderTest,
    testing::Values(Lease{"Open", {"--fault", "{name: cut, kind: stall, on: {log: go}, for: never}"}},
                    Lease{"Closed",
                          {"--fault", "{name: cut, kind: stall, fail: closed, on: {log: go}, for: never}"}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(StoppedHolderTest, LetsPacketsPassOrLosesThemAsTheFaultSays) {
    const bool open = std::string(GetParam().name) == "Open";
    tool_->signal(SIGSTOP);
    EXPECT_EQ(probe_->wait_until_passes(3s), open);
    tool_->signal(SIGCONT);
    if (open) {
        EXPECT_TRUE(probe_->wait_until_lost()) << "it holds them again";
    }
    const Finished finished = tool_->wait();
    // With a reply of the probe on its way when all was held, the node has left.
    EXPECT_LE(finished.status, 1) << finished.out << finished.err;
    const auto events = read_journal(run_folder());
    const auto lapsed = std::find_if(events.begin(), events.end(),
                                     [](const Json& event) { return event.at("event") == "hold.lapsed"; });
    ASSERT_NE(lapsed, events.end());
    EXPECT_GE(lapsed->at("details").at("times"), 1);
    EXPECT_GT(lapsed->at("details").at("lasted_s"), 0);
    EXPECT_LT(lapsed->at("details").at("lasted_s"), lapsed->at("t_ns").get<double>() / 1e9);
}

// Watches a file that a node appends to all the time.
class Growth {
  public:
    explicit Growth(std::string path) : path_(std::move(path)) {}

    // Until the file stands still, or else grows, at all.
    bool wait_until(bool grows, std::chrono::seconds patience = 10s) {
        const auto deadline = std::chrono::steady_clock::now() + patience * time_scale();
        while ((look() < 200ms * time_scale()) != grows) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::sleep_for(5ms);
        }
        return true;
    }
    std::chrono::duration<double> longest_standstill() const { return longest_; }

  private:
    std::chrono::steady_clock::duration look() {
        const auto now = std::chrono::steady_clock::now();
        if (const std::size_t size = slurp(path_).size(); size > size_) {
            if (size_ > 0) longest_ = std::max(longest_, now - grown_);
            size_ = size;
            grown_ = now;
        }
        return now - grown_;
    }

    std::string path_;
    std::size_t size_ = 0;
    std::chrono::steady_clock::time_point grown_{};
    std::chrono::steady_clock::duration longest_{0};
};

TEST(PauseLease, EndsWhileTheToolIsStoppedAndTheRunGoesOnAfterwards) {
    NETCUT_E2E();
    const Folder folder;
    const std::string count = folder / "count";
    const std::string script = "sh -c 'i=0; while [ $i -lt 200 ]; do echo x >> " + count +
                               "; [ $i = 20 ] && echo go; sleep 0.02; i=$((i+1)); done'";
    Tool tool({"run", "--out", folder / "run", "--cols", "1", "--aggregator", "true", "--collaborator",
               script, "--fault", "{name: cut, kind: pause, on: {log: go}, for: " + lease_text() + "}",
               "--hang-after", std::to_string(60 * time_scale()) + "s"});
    Growth growth(count);
    ASSERT_TRUE(growth.wait_until(true));
    ASSERT_TRUE(tool.wait_for_output("cut 1"));
    tool.signal(SIGSTOP);
    ASSERT_TRUE(growth.wait_until(false));
    ASSERT_TRUE(growth.wait_until(true));
    EXPECT_EQ(state_of(tool.pid()), 'T') << "the tool must have had no part in it";
    expect_on_time(growth.longest_standstill());
    tool.signal(SIGCONT);
    const Finished finished = tool.wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "recovered") << verdict.dump(2);
    EXPECT_NEAR(verdict.at("faults").at(0).at("lasted_s").get<double>(), static_cast<double>(lease().count()),
                0.1);
    EXPECT_EQ(slurp(count).size(), 400U) << "it went on where it was";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
