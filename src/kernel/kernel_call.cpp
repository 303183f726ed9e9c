// SPDX-License-Identifier: Apache-2.0
#include "kernel/kernel_call.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>

#include <algorithm>
#include <climits>
#include <csignal>
#include <cstring>
#include <ctime>
#include <sstream>

namespace netcut {
namespace {

constexpr std::size_t most_descriptors = 4096;
// The stack of a program of 32 bits, whose calls have other numbers, is below.
constexpr std::uint64_t least_stack_of_64_bits = std::uint64_t{1} << 32;

// How a call says when it ends; its argument has the number `at`.
enum class Until { never, milliseconds, timespec, timeval, socket, clock, futex };
struct KnownCall {
    long number;
    const char* name;
    CallWait::Of of;
    int descriptor;  // the argument's number; -1: none
    Until until;
    int at = -1;
    bool writes = false;
};

using Of = CallWait::Of;
constexpr KnownCall known_calls[] = {
    {SYS_read, "read", Of::descriptors, 0, Until::socket},
    {SYS_readv, "readv", Of::descriptors, 0, Until::socket},
    {SYS_recvfrom, "recvfrom", Of::descriptors, 0, Until::socket},
    {SYS_recvmsg, "recvmsg", Of::descriptors, 0, Until::socket},
    {SYS_accept, "accept", Of::descriptors, 0, Until::socket},
    {SYS_accept4, "accept4", Of::descriptors, 0, Until::socket},
    {SYS_write, "write", Of::descriptors, 0, Until::socket, -1, true},
    {SYS_writev, "writev", Of::descriptors, 0, Until::socket, -1, true},
    {SYS_sendto, "sendto", Of::descriptors, 0, Until::socket, -1, true},
    {SYS_sendmsg, "sendmsg", Of::descriptors, 0, Until::socket, -1, true},
    {SYS_connect, "connect", Of::descriptors, 0, Until::socket, -1, true},
    {SYS_ppoll, "ppoll", Of::descriptors, -1, Until::timespec, 2},
    {SYS_pselect6, "pselect6", Of::descriptors, -1, Until::timespec, 4},
    {SYS_epoll_pwait, "epoll_pwait", Of::epoll, 0, Until::milliseconds, 3},
    {SYS_epoll_pwait2, "epoll_pwait2", Of::epoll, 0, Until::timespec, 3},
    {SYS_futex, "futex", Of::memory, -1, Until::futex, 3},
    {SYS_nanosleep, "nanosleep", Of::time, -1, Until::timespec, 0},
    {SYS_clock_nanosleep, "clock_nanosleep", Of::time, -1, Until::clock, 2},
    {SYS_wait4, "wait4", Of::child, -1, Until::never},
    {SYS_waitid, "waitid", Of::child, -1, Until::never},
    {SYS_rt_sigsuspend, "rt_sigsuspend", Of::signal, -1, Until::never},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", Of::signal, -1, Until::timespec, 2},
#ifdef SYS_poll
    {SYS_poll, "poll", Of::descriptors, -1, Until::milliseconds, 2},
#endif
#ifdef SYS_select
    {SYS_select, "select", Of::descriptors, -1, Until::timeval, 4},
#endif
#ifdef SYS_epoll_wait
    {SYS_epoll_wait, "epoll_wait", Of::epoll, 0, Until::milliseconds, 3},
#endif
#ifdef SYS_pause
    {SYS_pause, "pause", Of::signal, -1, Until::never},
#endif
};

class CallReader {
  public:
    CallReader(const KernelCall& call, const ReadMemory& read, const Clocks& now)
        : call_(call), read_(read), now_(now) {}

    CallWait wait() {
        for (const KnownCall& known : known_calls)
            if (known.number == call_.number) {
                take(known);
                return wait_;
            }
        wait_.call = "call " + std::to_string(call_.number);
        return wait_;
    }

  private:
    void take(const KnownCall& known) {
        wait_.call = known.name;
        wait_.of = known.of;
        wait_.writes = known.writes;
        if (known.descriptor >= 0) wait_.descriptors = {static_cast<int>(argument(known.descriptor))};
        if (!take_end(known) || !take_descriptors()) wait_.end = WaitEnd::unknown;
    }

    std::uint64_t argument(int number) const { return call_.arguments[static_cast<std::size_t>(number)]; }

    template <typename T>
    bool read_at(std::uint64_t address, T& value) const {
        return read_(address, std::as_writable_bytes(std::span(&value, 1)));
    }

    void ends_in(Nanoseconds time) {
        wait_.end = WaitEnd::in_time;
        wait_.ends_in = std::max(time, Nanoseconds(0));
    }
    bool never() {
        wait_.end = WaitEnd::never;
        return true;
    }

    bool take_end(const KnownCall& known) {
        if (known.until == Until::never) return never();
        if (known.until == Until::futex) return take_futex();
        if (known.until == Until::socket) {
            wait_.by_socket = true;
            return never();
        }
        const std::uint64_t value = argument(known.at);
        if (known.until == Until::milliseconds) {
            const auto time = static_cast<int>(value);
            if (time < 0) return never();
            ends_in(std::chrono::milliseconds(time));
            return true;
        }
        if (value == 0) return never();
        if (known.until == Until::clock) return take_clock(value, argument(1) == TIMER_ABSTIME, argument(0));
        if (known.until == Until::timeval) {
            timeval time{};
            if (!read_at(value, time)) return false;
            ends_in(of({time.tv_sec, std::clamp<long>(time.tv_usec, 0, 999'999) * 1000}));
            return true;
        }
        return take_clock(value, false, CLOCK_MONOTONIC);
    }

    // Seconds of anybody's: as much as fits.
    static Nanoseconds of(const timespec& time) {
        constexpr std::int64_t most = 4'000'000'000;
        return std::chrono::seconds(std::clamp<std::int64_t>(time.tv_sec, 0, most)) +
               Nanoseconds(std::clamp<std::int64_t>(time.tv_nsec, 0, 999'999'999));
    }

    bool take_clock(std::uint64_t address, bool absolute, std::uint64_t clock) {
        timespec time{};
        if (!read_at(address, time)) return false;
        if (!absolute)
            ends_in(of(time));
        else if (clock == CLOCK_REALTIME)
            ends_in(of(time) - now_.realtime);
        else if (clock == CLOCK_MONOTONIC)
            ends_in(of(time) - now_.monotonic);
        else if (clock == CLOCK_BOOTTIME)
            ends_in(of(time) - now_.boottime);
        else
            return false;
        return true;
    }

    bool take_futex() {
        const auto operation = static_cast<int>(argument(1));
        if ((operation & FUTEX_PRIVATE_FLAG) == 0) wait_.shared_memory = argument(0);
        const std::uint64_t time = argument(3);
        switch (operation & FUTEX_CMD_MASK) {
            case FUTEX_WAIT:
                return time == 0 ? never() : take_clock(time, false, CLOCK_MONOTONIC);
            case FUTEX_WAIT_BITSET:
            case FUTEX_WAIT_REQUEUE_PI:
                return time == 0 ? never()
                                 : take_clock(time, true,
                                              (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME
                                                                                      : CLOCK_MONOTONIC);
            case FUTEX_LOCK_PI:
                return time == 0 ? never() : take_clock(time, true, CLOCK_REALTIME);
            default:
                return false;
        }
    }

    bool take_descriptors() {
        if (wait_.call == "poll" || wait_.call == "ppoll") return take_polled();
        if (wait_.call == "select" || wait_.call == "pselect6") return take_selected();
        if (wait_.call == "rt_sigtimedwait") return waits_for_no_alarm();
        return true;
    }

    bool take_polled() {
        const std::uint64_t count = argument(1);
        if (count > most_descriptors) return false;
        std::vector<pollfd> polled(count);
        if (count > 0 && !read_(argument(0), std::as_writable_bytes(std::span(polled)))) return false;
        for (const pollfd& one : polled)
            if (one.fd >= 0) wait_.descriptors.push_back(one.fd);
        return true;
    }

    bool take_selected() {
        const auto count = static_cast<int>(argument(0));
        if (count < 0 || count > FD_SETSIZE) return false;
        // The kernel reads whole words.
        const auto words = (static_cast<std::size_t>(count) + 63) / 64;
        std::vector<std::uint64_t> all(words);
        for (int set = 1; set <= 3; ++set) {
            std::vector<std::uint64_t> one(words);
            if (argument(set) == 0 || words == 0) continue;
            if (!read_(argument(set), std::as_writable_bytes(std::span(one)))) return false;
            for (std::size_t i = 0; i < words; ++i) all[i] |= one[i];
        }
        for (int descriptor = 0; descriptor < count; ++descriptor)
            if ((all[static_cast<std::size_t>(descriptor) / 64] >> (descriptor % 64) & 1) != 0)
                wait_.descriptors.push_back(descriptor);
        return true;
    }

    // An alarm that is set cannot be seen.
    bool waits_for_no_alarm() const {
        std::uint64_t signals = 0;
        return read_at(argument(0), signals) && (signals >> (SIGALRM - 1) & 1) == 0;
    }

    const KernelCall& call_;
    const ReadMemory& read_;
    const Clocks& now_;
    CallWait wait_;
};

}  // namespace

std::optional<KernelCall> parse_kernel_call(std::string_view text) {
    KernelCall call;
    if (text.starts_with("running")) {
        call.runs = true;
        return call;
    }
    std::istringstream words{std::string(text)};
    if (!(words >> call.number)) return {};
    words >> std::hex;
    if (call.number >= 0)
        for (std::uint64_t& argument : call.arguments) {
            std::string word;
            if (!(words >> word) || !word.starts_with("0x")) return {};
            argument = std::strtoull(word.c_str(), nullptr, 16);
        }
    std::string stack;
    if (!(words >> stack) || !stack.starts_with("0x")) return {};
    call.stack = std::strtoull(stack.c_str(), nullptr, 16);
    return call;
}

CallWait read_call(const KernelCall& call, const ReadMemory& read, const Clocks& now) {
    if (call.number < 0) return {.call = "no call"};
    if (call.stack < least_stack_of_64_bits) return {.call = "a call of a program of 32 bits"};
    return CallReader(call, read, now).wait();
}

}  // namespace netcut
