// SPDX-License-Identifier: Apache-2.0
//
// The nodes and faults of a run, put together as the engine does it, in a network that starts nothing and does what a test says,
// with a clock that the test turns.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <csignal>
#include <deque>
#include <filesystem>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/io.h"
#include "fake_timers.h"
#include "fault_runner_fixture.h"
#include "folder/folder.h"
#include "record/journal.h"
#include "record/run_state.h"
#include "run/fault_network.h"
#include "run/node_network.h"
#include "run/run_context.h"
#include "run/run_course.h"
#include "run/run_faults.h"
#include "run/run_nodes.h"
#include "run/run_progress.h"
#include "run/run_safety.h"
#include "run_course_fixture.h"
#include "scenario/check.h"
#include "scenario/yaml.h"
#include "user/user.h"

namespace netcut::test::run_parts {

using namespace std::chrono_literals;
using fault_life::Calls;
using fault_life::FakeFault;
using fault_life::FakeWatch;
using fault_life::refused;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A node that runs when a test starts it, and prints and ends when the test says so.
class FakeProcesses : public NodeProcesses {
  public:
    FakeProcesses(Calls& calls, NodeSpec spec, Node::Observer observer)
        : calls_(calls), spec_(std::move(spec)), observer_(std::move(observer)) {}

    Result<void> start(Fd, Fd) override {
        NETCUT_TRY(call("start"));
        running_ = true;
        return {};
    }
    const NodeSpec& spec() const override { return spec_; }
    bool running() const override { return running_; }
    pid_t pid() const override { return running_ ? 1000 : 0; }
    void signal(int number) override { call("signal " + std::to_string(number)); }
    Result<void> signal_tree(int number) override { return call("signal all " + std::to_string(number)); }
    void kill() override { call("kill"); }
    Result<void> pause(std::optional<Nanoseconds> lease) override {
        return call(lease ? "pause " + duration_text(*lease) : "pause");
    }
    Result<void> resume() override { return call("resume"); }
    Result<void> rewrite_hosts(const std::string& hosts) override {
        hosts_ = hosts;
        return {};
    }

    Result<void> call(const std::string& what) {
        calls_.push_back(spec_.name + ": " + what);
        return what == fails_ ? Result<void>(refused(what)) : Result<void>();
    }
    Calls& calls_;
    NodeSpec spec_;
    Node::Observer observer_;
    bool running_ = false;
    std::string hosts_, fails_;
};

class FakeNodeNetwork : public NodeNetwork {
  public:
    explicit FakeNodeNetwork(Calls& calls) : calls_(calls) {
        for (const char* address : {"10.0.0.1", "10.0.0.2", "10.0.0.3"})
            addresses_.push_back({boost::asio::ip::make_address(address)});
    }
    const std::vector<IpAddress>& addresses(std::size_t node) const override { return addresses_[node]; }
    std::vector<IpAddress> addresses_of_nobody() const override {
        return {boost::asio::ip::make_address("10.0.0.99")};
    }
    bool has_uplink(const std::string&) const override { return false; }
    const NodeLink* name_server() const override { return nullptr; }
    std::unique_ptr<NodeProcesses> make(std::size_t node, NodeSpec spec, Node::Observer observer) override {
        auto one = std::make_unique<FakeProcesses>(calls_, std::move(spec), std::move(observer));
        nodes_.resize(std::max(nodes_.size(), node + 1));
        nodes_[node] = one.get();
        return one;
    }
    Result<std::unique_ptr<Node>> start_beside(std::size_t, NodeSpec spec, Node::Observer) override {
        beside_ = std::move(spec);
        return refused("start beside");
    }

    Calls& calls_;
    std::vector<std::vector<IpAddress>> addresses_;
    std::vector<FakeProcesses*> nodes_;
    std::optional<NodeSpec> beside_;  // the last that was asked for
};

// Each fault has calls of its own.
class FakeFaultNetwork : public FaultNetwork {
  public:
    Result<void> lay(std::vector<FaultPlan> plans) override {
        plans_ = std::move(plans);
        return fails_ == "lay" ? Result<void>(refused("lay")) : Result<void>();
    }
    Result<void> add(const FaultPlan& plan) override {
        plans_.push_back(plan);
        return {};
    }
    Result<std::unique_ptr<NetworkFault>> prepare(std::size_t fault) override {
        if (fails_ == "prepare") return refused(fails_);
        auto one = std::make_unique<FakeFault>(calls_of(fault));
        one->plan_ = plans_.at(fault);
        faults_.push_back(one.get());
        return one;
    }
    std::unique_ptr<FiringWatch> watch(std::size_t fault) override {
        return std::make_unique<FakeWatch>(watched_of(fault));
    }
    Result<void> watch_packets(FaultPackets::Observer observer) override {
        packets_ = std::move(observer);
        return {};
    }
    void finish_packets() override {}
    Result<DataCounters> read_data(std::size_t) override { return data_; }

    // What was done to a fault since it was asked last.
    Calls calls(std::size_t fault) { return std::exchange(calls_of(fault), {}); }
    Calls& calls_of(std::size_t fault) { return at(calls_, fault); }
    Calls& watched_of(std::size_t fault) { return at(watched_, fault); }

    std::vector<FaultPlan> plans_;
    std::vector<FakeFault*> faults_;
    std::optional<FaultPackets::Observer> packets_;
    DataCounters data_;
    std::string fails_;

  private:
    static Calls& at(std::deque<Calls>& all, std::size_t fault) {
        if (all.size() <= fault) all.resize(fault + 1);  // references stay
        return all[fault];
    }
    std::deque<Calls> calls_, watched_;
};

// An aggregator that says when it is ready, and two collaborators.
class RunPartsTest : public testing::Test {
  protected:
    RunPartsTest() : parts_(*this) {
        std::string path = std::filesystem::temp_directory_path() / "netcut-test-XXXXXX";
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
        path_ = path;
    }
    ~RunPartsTest() override { std::filesystem::remove_all(path_); }

    // Before all else; `faults`: entries of `faults:`.
    void make(const std::vector<std::string>& faults = {}, const std::string& more = "") {
        std::string yaml =
            "aggregator: {command: server, aliases: [hub]}\ncollaborator: {command: 'client {name}'}\n"
            "ready: ready\nprogress: 're:round ([0-9]+)'\n" +
            more + "\n";
        if (!faults.empty()) yaml += "faults:\n";
        for (const std::string& fault : faults) yaml += "- {" + fault + "}\n";
        scenario_ = {};
        throw_unless(read_yaml(scenario_, yaml, "test.yaml"));
        throw_unless(check(scenario_));
        folder_.emplace(RunFolder::create(path_ + "/run", "test", user_).value());
        journal_.add(event::RunBegun{.nodes = node_names(scenario_)});
        run_.emplace(RunContext{io_, timers_, scenario_, *folder_, user_, program_folder_,
                                node_names(scenario_), journal_,
                                [this](const Error& error) { parts_.fail(error); }, [] {}});
        course_.emplace(timers_, scenario_, parts_);
        parts_.course = &*course_;
        safety_.emplace(*run_);
        faults_.emplace(*run_, fault_network_, control(), observer());
        progress_.emplace(*run_, record_, *course_, *faults_);
        nodes_.emplace(*run_, node_network_, *course_, *faults_, *progress_, *safety_,
                       RunNodes::Observer{[](std::size_t) {}, [](std::size_t, Stream, std::string_view) {},
                                          [this](std::size_t node) { faults_->node_ended(node); },
                                          [this](std::size_t node) { failed_.push_back(node); }});
        throw_unless(faults_->lay());
        throw_unless(faults_->prepare());
        throw_unless(nodes_->make());
    }
    // All nodes run.
    void run() {
        ASSERT_TRUE(course_->begin());
        started(0);
        prints(0, "ready\n");
        timers_.run_posted();
        for (const std::size_t node : {1, 2}) started(node);
        ASSERT_EQ(course_->phase(), RunPhase::running);
        calls();
        events();
    }

    FakeProcesses& node(std::size_t index) { return *node_network_.nodes_[index]; }
    void started(std::size_t index) { node(index).observer_.started(); }
    void prints(std::size_t index, std::string_view text, Stream stream = Stream::out) {
        node(index).observer_.output(stream, text);
    }
    void ends(std::size_t index, ExitStatus status = {}) {
        node(index).running_ = false;
        node(index).observer_.exited(status);
    }
    Calls calls() { return std::exchange(calls_, {}); }
    // The names of the events since it was asked last, with their nodes.
    Calls events() { return std::exchange(events_, {}); }
    template <typename What>
    What last() const {
        for (auto one = all_.rbegin(); one != all_.rend(); ++one)
            if (const auto* found = std::get_if<What>(&one->what)) return *found;
        ADD_FAILURE() << "no such event";
        return {};
    }
    std::string file(const std::string& name) const { return read_file(path_ + "/run/" + name).value_or(""); }

    struct Parts : run_course::FakeParts {
        explicit Parts(RunPartsTest& test) : FakeParts(3), test(test) {}
        NodeNow node(std::size_t index) const override { return test.nodes_->now(index); }
        bool any_fault_has_fired() const override { return test.faults_->any_has_fired(); }
        bool any_fault_will_heal() const override { return test.faults_->any_will_heal(); }
        void before_aggregator() override { test.faults_->run_begins(); }
        Result<void> start_node(std::size_t index) override { return test.nodes_->start(index); }
        void before_collaborators() override { test.faults_->nodes_work(); }
        void before_end(EndReason) override { test.faults_->finish(); }
        void ask_to_end() override { test.nodes_->ask_to_end(); }
        void kill() override { test.nodes_->kill(); }
        void fail(Error error) override {
            errors.push_back(error.attempt);
            FakeParts::fail(std::move(error));
        }
        RunPartsTest& test;
        Calls errors;
    };

    FakeTimers timers_;
    boost::asio::io_context io_;
    std::string path_;
    const std::string program_folder_ = "/usr/lib/netcut-fl";
    const User user_ = find_user("").value();
    Scenario scenario_;
    std::optional<RunFolder> folder_;
    RunState record_;
    std::vector<Event> all_;
    Calls calls_, events_;
    Journal journal_{
        Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)),
        [this](const Event& event) {
            EXPECT_EQ(record_.apply(event), "") << event.name();
            all_.push_back(event);
            events_.push_back(std::string(event.name()) + (event.node.empty() ? "" : " " + event.node));
        },
        [this] { return timers_.now(); }};
    FakeNodeNetwork node_network_{calls_};
    FakeFaultNetwork fault_network_;
    Parts parts_;
    std::optional<RunContext> run_;
    std::optional<RunCourse> course_;
    std::optional<RunSafety> safety_;
    std::optional<RunFaults> faults_;
    std::optional<RunProgress> progress_;
    std::optional<RunNodes> nodes_;
    std::vector<std::size_t> failed_;  // nodes that RunNodes called failed

  private:
    static void throw_unless(const Result<void>& result) {
        if (!result) throw std::runtime_error(result.error().text());
    }
    ProcessControl control() {
        return {
            [this](std::size_t node, std::optional<Nanoseconds> lease) { return nodes_->pause(node, lease); },
            [this](std::size_t node) { return nodes_->resume(node); },
            [this](std::size_t node, int signal, bool again) { return nodes_->kill(node, signal, again); },
            [this](std::size_t node) { return nodes_->start_again(node); },
            [this](std::size_t node) { return nodes_->runs(node); },
            [](std::size_t) { return Result<void>(); }};
    }
    RunFaults::Observer observer() {
        const auto changed = [this](const FaultRunner& fault) {
            if (fault.spec().kind->processes == ProcessEffect::names) run_->must(nodes_->update_names());
            course_->fault_changed();
        };
        return {[this] { return course_->is_under_way(); }, changed, changed,
                [](const std::vector<std::size_t>&) { return std::vector<event::PhaseSeen>(); }};
    }
};

}  // namespace netcut::test::run_parts
