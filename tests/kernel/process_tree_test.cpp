// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_tree.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

#include "base/time.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

void burn(Nanoseconds time) {
    timespec used{};
    do ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    while (std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec) < time);
}

constexpr auto patience = 60s;

pid_t start(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    work();
    ::_exit(0);
}

TEST(ProcessTree, CountsChildrenOfThreadsAndTheirChildren) {
    // A child that sleeps, has a thread that starts another one, and that one burns.
    const pid_t root = start([] {
        std::thread([] {
            start([] {
                ::prctl(PR_SET_PDEATHSIG, SIGKILL);
                burn(200ms);
                ::pause();
            });
            ::pause();
        }).join();
    });
    ProcessTree tree(root);
    const auto deadline = Clock::now() + patience;
    Nanoseconds last{0};
    while (last < 200ms && Clock::now() < deadline) {
        ASSERT_TRUE(tree.look());
        const Nanoseconds now = tree.read().cpu;
        EXPECT_GE(now, last);
        last = now;
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_GE(last, 200ms);
    EXPECT_LT(last, 2s);
    ::kill(root, SIGKILL);
    ::waitpid(root, nullptr, 0);
    EXPECT_GE(tree.read().cpu, last) << "what has ended has used it all the same";
}

TEST(ProcessTree, LeavesTheFirstGenerationsOut) {
    const pid_t root = start([] {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        burn(200ms);
        start([] {
            ::prctl(PR_SET_PDEATHSIG, SIGKILL);
            burn(50ms);
            ::pause();
        });
        ::pause();
    });
    ProcessTree all(root), grandchildren(root, 2), children(root, 1);
    const auto deadline = Clock::now() + patience;
    while (children.read().cpu < 50ms && Clock::now() < deadline) {
        for (ProcessTree* tree : {&all, &grandchildren, &children}) ASSERT_TRUE(tree->look());
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_GE(children.read().cpu, 50ms);
    EXPECT_GE(all.read().cpu, 200ms + 50ms);
    EXPECT_LT(children.read().cpu, all.read().cpu - 150ms);
    EXPECT_EQ(grandchildren.read().cpu, 0ns);
    ::kill(root, SIGKILL);
    ::waitpid(root, nullptr, 0);
}

TEST(ProcessTree, SurvivesProcessesThatComeAndGo) {
    ProcessTree tree(::getpid());
    Nanoseconds last{0};
    for (int i = 0; i < 30; ++i) {
        const pid_t child = start([] { burn(5ms); });
        ASSERT_TRUE(tree.look());
        ::waitpid(child, nullptr, 0);
        const Nanoseconds now = tree.read().cpu;
        EXPECT_GE(now, last);
        last = now;
    }
}

// Two on one CPU: each is ready half of the time.
TEST(ProcessTree, TellsHowLongAProcessHadNoCpu) {
    const auto on_one_cpu = [] {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET(0, &one);
        ::sched_setaffinity(0, sizeof(one), &one);
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        burn(patience);
    };
    const auto began = Clock::now();
    const pid_t first = start(on_one_cpu);
    const pid_t second = start(on_one_cpu);
    ProcessTree tree(first);
    ASSERT_TRUE(tree.look());
    ProcessTree::Times times{};
    do {
        std::this_thread::sleep_for(100ms);
        times = tree.read();
    } while (times.cpu < 100ms && Clock::now() - began < patience);
    const Nanoseconds passed = Clock::now() - began;
    for (const pid_t pid : {first, second}) {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    EXPECT_GE(times.cpu, 100ms);
    EXPECT_GT(times.ready, times.cpu / 4);
    EXPECT_LT(times.cpu + times.ready, passed);
}

TEST(ProcessTree, OfNobodyIsNothing) {
    const pid_t gone = start([] {});
    ::waitpid(gone, nullptr, 0);
    ProcessTree tree(gone);
    EXPECT_TRUE(tree.look());
    EXPECT_EQ(tree.read().cpu, 0ns);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
