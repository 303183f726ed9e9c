// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_tree.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace netcut::test {
namespace {

using namespace std::chrono_literals;

void burn(Nanoseconds time) {
    timespec used{};
    do ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    while (std::chrono::seconds(used.tv_sec) + Nanoseconds(used.tv_nsec) < time);
}

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
    const auto deadline = Clock::now() + 10s;
    Nanoseconds last{0};
    while (last < 200ms && Clock::now() < deadline) {
        ASSERT_TRUE(tree.look());
        const Nanoseconds now = tree.cpu_time();
        EXPECT_GE(now, last);
        last = now;
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_GE(last, 200ms);
    EXPECT_LT(last, 2s);
    ::kill(root, SIGKILL);
    ::waitpid(root, nullptr, 0);
    EXPECT_GE(tree.cpu_time(), last) << "what has ended has used it all the same";
}

TEST(ProcessTree, SurvivesProcessesThatComeAndGo) {
    ProcessTree tree(::getpid());
    Nanoseconds last{0};
    for (int i = 0; i < 30; ++i) {
        const pid_t child = start([] { burn(5ms); });
        ASSERT_TRUE(tree.look());
        ::waitpid(child, nullptr, 0);
        const Nanoseconds now = tree.cpu_time();
        EXPECT_GE(now, last);
        last = now;
    }
}

TEST(ProcessTree, OfNobodyIsNothing) {
    ProcessTree tree(0x3fffffff);
    EXPECT_TRUE(tree.look());
    EXPECT_EQ(tree.cpu_time(), 0ns);
}

}  // namespace
}  // namespace netcut::test
