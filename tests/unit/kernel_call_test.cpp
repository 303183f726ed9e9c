// SPDX-License-Identifier: Apache-2.0
//
// What a call of a thread waits for, and until when.
#include "kernel/kernel_call.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/syscall.h>

#include <cstring>

#include "kernel/process_files.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint64_t stack = 0x7ffd6104b5c8;
const Clocks now{.monotonic = 100s, .realtime = 1000s, .boottime = 200s};

// Memory in which there is one object.
ReadMemory memory_with(std::uint64_t address, const void* object, std::size_t size) {
    return [=](std::uint64_t at, std::span<std::byte> bytes) {
        if (at != address || bytes.size() > size) return false;
        std::memcpy(bytes.data(), object, bytes.size());
        return true;
    };
}
const ReadMemory no_memory = [](std::uint64_t, std::span<std::byte>) { return false; };

CallWait read(long number, std::array<std::uint64_t, 6> arguments, const ReadMemory& memory = no_memory) {
    return read_call({.number = number, .arguments = arguments, .stack = stack}, memory, now);
}

TEST(KernelCall, IsReadAsTheKernelWritesIt) {
    const auto call =
        parse_kernel_call("271 0x7ffd65ad53a8 0x2 0x0 0x0 0x8 0x7ffd65ad5310 0x7ffd65ad5300 0x45c9b8\n");
    ASSERT_TRUE(call);
    EXPECT_EQ(call->number, 271);
    EXPECT_EQ(call->arguments[4], 8U);
    EXPECT_EQ(call->stack, 0x7ffd65ad5300U);
    EXPECT_FALSE(call->runs);
    EXPECT_TRUE(parse_kernel_call("running\n")->runs);
    const auto none = parse_kernel_call("-1 0x7ffd65ad5300 0x45c9b8\n");
    ASSERT_TRUE(none);
    EXPECT_EQ(none->number, -1);
    for (const char* text : {"", "x", "271", "271 0x1 0x2", "271 1 2 3 4 5 6 7 8", "-1"})
        EXPECT_FALSE(parse_kernel_call(text)) << text;
}

TEST(KernelCall, ThatEndsByItselfIsTold) {
    const timespec two{2, 500'000'000};
    const auto with_two = memory_with(64, &two, sizeof(two));
    EXPECT_EQ(read(SYS_ppoll, {0, 0, 64}, with_two).ends_in, 2500ms);
    EXPECT_EQ(read(SYS_epoll_pwait, {3, 0, 1, 1500}).ends_in, 1500ms);
    EXPECT_EQ(read(SYS_nanosleep, {64}, with_two).ends_in, 2500ms);
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAIT_PRIVATE, 0, 64}, with_two).ends_in, 2500ms);
    const timespec later{1003, 0};
    const auto with_later = memory_with(64, &later, sizeof(later));
    const std::uint64_t bitset = FUTEX_WAIT_BITSET_PRIVATE;
    EXPECT_EQ(read(SYS_futex, {8, bitset, 0, 64}, with_later).ends_in, 903s);
    EXPECT_EQ(read(SYS_futex, {8, bitset | FUTEX_CLOCK_REALTIME, 0, 64}, with_later).ends_in, 3s);
    EXPECT_EQ(read(SYS_clock_nanosleep, {CLOCK_REALTIME, TIMER_ABSTIME, 64}, with_later).ends_in, 3s);
    EXPECT_EQ(read(SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, 64}, with_two).ends_in, 2500ms);
    const timespec past{1, 0};
    EXPECT_EQ(read(SYS_futex, {8, bitset, 0, 64}, memory_with(64, &past, sizeof(past))).ends_in, 0s);
}

TEST(KernelCall, ThatWaitsForEverIsTold) {
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAIT_PRIVATE, 0, 0}).end, WaitEnd::never);
    EXPECT_EQ(read(SYS_epoll_pwait, {3, 0, 1, 0xffffffff}).end, WaitEnd::never);
    EXPECT_EQ(read(SYS_wait4, {}).end, WaitEnd::never);
    const CallWait receive = read(SYS_recvfrom, {7});
    EXPECT_EQ(receive.end, WaitEnd::never);
    EXPECT_TRUE(receive.by_socket) << "but for what the socket says";
    EXPECT_THAT(receive.descriptors, ElementsAre(7));
    EXPECT_TRUE(read(SYS_sendto, {7}).writes);
    const std::array<pollfd, 2> polled{{{5, POLLIN, 0}, {-1, POLLIN, 0}}};
    const CallWait poll = read(SYS_ppoll, {64, 2, 0}, memory_with(64, polled.data(), sizeof(polled)));
    EXPECT_EQ(poll.end, WaitEnd::never);
    EXPECT_THAT(poll.descriptors, ElementsAre(5));
    const std::uint64_t set = 1U << 4 | 1U << 9;
    EXPECT_THAT(read(SYS_pselect6, {10, 64, 0, 0, 0}, memory_with(64, &set, sizeof(set))).descriptors,
                ElementsAre(4, 9));
}

TEST(KernelCall, WhatIsNotKnownIsNeverForEver) {
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAIT_PRIVATE, 0, 64}).end, WaitEnd::unknown) << "unreadable";
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAKE, 0, 0}).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_restart_syscall, {}).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_io_uring_enter, {}).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_ppoll, {64, 2, 0}).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_ppoll, {64, 1U << 30, 0}).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_pselect6, {~0ULL, 64}).end, WaitEnd::unknown);
    const std::uint64_t alarm = 1U << (SIGALRM - 1), term = 1U << (SIGTERM - 1);
    EXPECT_EQ(read(SYS_rt_sigtimedwait, {64}, memory_with(64, &alarm, 8)).end, WaitEnd::unknown);
    EXPECT_EQ(read(SYS_rt_sigtimedwait, {64}, memory_with(64, &term, 8)).end, WaitEnd::never);
    EXPECT_EQ(read_call({.number = SYS_wait4, .stack = 0xff801230}, no_memory, now).end, WaitEnd::unknown)
        << "a program of 32 bits has other numbers";
    EXPECT_EQ(read_call({.number = -1, .stack = stack}, no_memory, now).end, WaitEnd::unknown);
}

TEST(KernelCall, MemoryThatOthersMayHaveIsTold) {
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAIT, 0, 0}).shared_memory, 8U);
    EXPECT_EQ(read(SYS_futex, {8, FUTEX_WAIT_PRIVATE, 0, 0}).shared_memory, 0U);
}

TEST(ProcessFiles, AreReadAsTheKernelWritesThem) {
    const ThreadStatus status = parse_thread_status(
        "Name:\tx\nState:\tS (sleeping)\nSigCgt:\t0000000000002000\nvoluntary_ctxt_switches:\t7\n"
        "nonvoluntary_ctxt_switches:\t16\n");
    EXPECT_EQ(status.state, 'S');
    EXPECT_EQ(status.switches, 23U);
    EXPECT_EQ(status.caught, 0x2000U);
    EXPECT_EQ(parse_thread_status("").state, '?');
    const auto polled = parse_epoll(
        "pos:\t0\nflags:\t02\ntfd:        5 events:       19 data:                5  pos:0 ino:5b sdev:9\n"
        "tfd:       17 events: 80000019 data:     7f0000000011  pos:0 ino:a sdev:9\n");
    ASSERT_EQ(polled.size(), 2U);
    EXPECT_EQ(polled[0].descriptor, 5);
    EXPECT_EQ(polled[0].inode, 0x5bU);
    EXPECT_EQ(polled[1].descriptor, 17);
    EXPECT_EQ(parse_timer("clockid: 1\nit_value: (2, 500000000)\nit_interval: (0, 0)\n"), 2500ms);
    EXPECT_FALSE(parse_timer("it_value: (0, 0)\n"));
    EXPECT_EQ(parse_timer(""), 0s) << "what cannot be read may run";
    EXPECT_EQ(parse_signal_mask("sigmask:\t0000000000002000\n"), 0x2000U);
    EXPECT_EQ(inode_of("socket:[4711]", "socket"), 4711U);
    EXPECT_FALSE(inode_of("pipe:[4711]", "socket"));
    EXPECT_FALSE(inode_of("/tmp/socket:[1]", "socket"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
