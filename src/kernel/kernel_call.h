// SPDX-License-Identifier: Apache-2.0
//
// What a thread that waits in the kernel waits for, and until when, by the arguments of its call. Pure.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <vector>

#include "base/time.h"
#include "kernel/wait_facts.h"

namespace netcut {

// /proc/PID/task/TID/syscall, see proc_pid_syscall(5).
struct KernelCall {
    bool runs = false;
    long number = -1;  // -1: it waits, in no call
    std::array<std::uint64_t, 6> arguments{};
    std::uint64_t stack = 0;
};
std::optional<KernelCall> parse_kernel_call(std::string_view text);

// Reads what is at an address of the thread's process; false: it cannot.
using ReadMemory = std::function<bool(std::uint64_t address, std::span<std::byte> bytes)>;

struct Clocks {
    Nanoseconds monotonic{0}, realtime{0}, boottime{0};
};

struct CallWait {
    std::string call{};
    WaitEnd end = WaitEnd::unknown;
    std::optional<Nanoseconds> ends_in{};  // of in_time: at most
    enum class Of { nothing, descriptors, epoll, memory, child, signal, time };
    Of of = Of::nothing;
    std::vector<int> descriptors{};
    bool writes = false;
    // Of a socket its SO_RCVTIMEO or SO_SNDTIMEO says when it ends.
    bool by_socket = false;
    std::uint64_t shared_memory = 0;  // an address that other processes may have, too
};
CallWait read_call(const KernelCall& call, const ReadMemory& read, const Clocks& now);

}  // namespace netcut
