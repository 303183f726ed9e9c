// SPDX-License-Identifier: Apache-2.0
#include "kernel/task_use.h"

#include <gmock/gmock.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "e2e/crowd.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

// A child that does this until it is ended.
class Child {
  public:
    explicit Child(const std::function<void()>& work) : pid_(::fork()) {
        if (pid_ != 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        work();
        ::_exit(0);
    }
    ~Child() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_;
};

void sleep_on() {
    for (;;) std::this_thread::sleep_for(1s);
}

void spin() {
    for (std::atomic<int> turns = 0;; ++turns) continue;
}

// Two that want the first processor alone: one of them waits at any time.
void want_one_processor() {
    cpu_set_t first;
    ::sched_getaffinity(0, sizeof(first), &first);
    int processor = 0;
    while (!CPU_ISSET(processor, &first)) ++processor;
    CPU_ZERO(&first);
    CPU_SET(processor, &first);
    ::sched_setaffinity(0, sizeof(first), &first);
    std::thread(spin).detach();
    spin();
}

TaskUse use_of(const Child& root) {
    TaskWatch watch;
    watch.begin(root.pid());
    for (int looks = 0; looks < 10; ++looks) {
        std::this_thread::sleep_for(50ms);
        watch.look();
    }
    return watch.end(root.pid());
}

TEST(TaskUseTest, AChildWhoseThreadsWantOneProcessorIsSeenToWait) {
    const Child root([] {
        const Child one(want_one_processor);
        const Child other(sleep_on);
        sleep_on();
    });
    const TaskUse use = use_of(root);
    EXPECT_GE(use.watched, 500ms);
    EXPECT_GT(use.cpu, 50ms);
    EXPECT_GT(use.most_memory, 0U);
    EXPECT_GT(use.starved(), 0.5);
    EXPECT_LE(use.starved(), 1);
}

TEST(TaskUseTest, AChildThatWakesOftenForAMomentLosesLittle) {
    const Crowd crowd;
    const Lateness lateness;
    const Child root([] {
        const Child one([] {
            for (;;) std::this_thread::sleep_for(1ms);
        });
        sleep_on();
    });
    const TaskUse use = use_of(root);
    NETCUT_SKIP_IN_A(crowd);
    NETCUT_SKIP_IN_A(lateness);
    EXPECT_LT(use.starved(), 0.1);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
