// SPDX-License-Identifier: Apache-2.0
#include "tree.h"

#include <dirent.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>

#include "report.h"

namespace netcut::init {
namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t most_to_stop = second;  // a process that is not stopped by then is reported as such
constexpr timespec between_looks{0, 200'000};

bool asks_to_end(int signal) {
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

std::int64_t now() {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * second + time.tv_nsec;
}

// Calls `each` with the numbers that name the entries of a folder of /proc.
template <typename Each>
void for_numbers(const std::string& folder, const Each& each) {
    DIR* entries = ::opendir(folder.c_str());
    if (entries == nullptr) return;  // the process is gone
    while (const dirent* entry = ::readdir(entries))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9') each(std::atoi(entry->d_name));
    ::closedir(entries);
}

// The letter of proc(5), 'X' (dead) when there is no such process or thread.
char state_of(const std::string& folder) {
    char text[256];
    FILE* file = ::fopen((folder + "/stat").c_str(), "re");
    if (file == nullptr) return 'X';
    const std::size_t count = ::fread(text, 1, sizeof(text) - 1, file);
    ::fclose(file);
    text[count] = '\0';
    const char* name_end = std::strrchr(text, ')');  // the name may contain anything, also brackets
    return name_end != nullptr && name_end[1] == ' ' ? name_end[2] : 'X';
}

struct Census {
    int processes = 0;
    int unstopped = 0;
};

// Signals each thread that is not stopped, and returns whether one of them goes on. A signal to a process
// wakes one thread, which then stops the others; but when that one waits in the kernel, for its vfork() child
// to execute a program, say, the others go on for as long as it does. 'D' is such a wait: it is no activity,
// and it ends in the signal.
bool stop_threads(int process) {
    bool going = false;
    const std::string tasks = "/proc/" + std::to_string(process) + "/task";
    for_numbers(tasks, [&](int thread) {
        const char state = state_of(tasks + "/" + std::to_string(thread));
        if (std::strchr("RSD", state) == nullptr) return;
        ::syscall(SYS_tgkill, process, thread, SIGSTOP);
        going = going || state != 'D';
    });
    return going;
}

Census take_census() {
    Census census;
    for_numbers("/proc", [&](int process) {
        if (process == 1) return;
        const char state = state_of("/proc/" + std::to_string(process));
        if (state == 'X') return;
        // 'T' of the first thread: the whole process is stopped, or is just being.
        const bool going = state != 'T' && stop_threads(process);
        if (state != 'Z' || going) ++census.processes;
        if (going) ++census.unstopped;
    });
    return census;
}

}  // namespace

// kill(-1) is one step for fork(2): a process that is just forking either has its signal before, and then
// forks no more, or its child gets the signal as well (copy_process() in the kernel's kernel/fork.c). The
// processes have our user, and no way to another one (sandbox.h), so that none is out of its reach.
void Tree::signal_all(int signal) {
    ::kill(-1, signal);
    // Stopped processes would keep it for later. After it, so that they do nothing else before they see it.
    if (asks_to_end(signal)) resume();
}

void Tree::pause(std::int64_t lease_ns) {
    const std::int64_t signalled = now();
    signal_all(SIGSTOP);
    paused_ = true;
    lease_end_.reset();
    if (lease_ns > 0)
        lease_end_ = signalled + std::min(lease_ns, std::numeric_limits<std::int64_t>::max() - signalled);
    const std::int64_t patience_end =
        std::min(signalled + most_to_stop, lease_end_.value_or(signalled + most_to_stop));
    Census census = take_census();
    while (census.unstopped > 0 && now() < patience_end) {
        ::nanosleep(&between_looks, nullptr);
        census = take_census();
    }
    report(options_, "paused " + std::to_string(signalled) + " " + std::to_string(now()) + " " +
                         std::to_string(census.processes) + " " + std::to_string(census.unstopped));
}

void Tree::resume() {
    if (!paused_) return;
    signal_all(SIGCONT);
    paused_ = false;
    lease_end_.reset();
    report(options_, "resumed " + std::to_string(now()));
}

void Tree::obey(const Order& order) {
    switch (order.kind) {
        case Order::Kind::pause:
            return pause(order.lease_ns);
        case Order::Kind::resume:
            return resume();
        case Order::Kind::signal:
            signal_all(order.signal);
    }
}

void Tree::relay(int signal) {
    if (asks_to_end(signal)) return signal_all(signal);
    // A pause is ended by its own order alone.
    if (signal != SIGCONT || !paused_) ::kill(command_, signal);
}

std::optional<timespec> Tree::patience() const {
    if (!lease_end_) return {};
    const std::int64_t left = std::max<std::int64_t>(*lease_end_ - now(), 0);
    return timespec{left / second, left % second};
}

int Tree::processes() const {
    int count = 0;
    for_numbers("/proc", [&](int process) {
        if (process == 1) return;
        const char state = state_of("/proc/" + std::to_string(process));
        if (state != 'X' && state != 'Z') ++count;
    });
    return count;
}

void Tree::keep_lease() {
    if (lease_end_ && now() >= *lease_end_) resume();
}

}  // namespace netcut::init
