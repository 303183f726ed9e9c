// SPDX-License-Identifier: Apache-2.0
//
// What /proc says of one process, and its descriptors.
#pragma once

#include <sys/types.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "kernel/wait_facts.h"

namespace netcut {

// Of /proc/PID/status, see proc_pid_status(5).
struct ThreadStatus {
    char state = '?';
    std::uint64_t switches = 0;  // how often it has left a CPU
    std::uint64_t caught = 0;    // signals, as bits
};
ThreadStatus parse_thread_status(std::string_view text);

// Of a descriptor of epoll (fdinfo), see proc_pid_fdinfo(5).
struct PolledDescriptor {
    int descriptor = -1;
    std::uint64_t inode = 0;
};
std::vector<PolledDescriptor> parse_epoll(std::string_view fdinfo);
// How long a timerfd still runs; none: it does not.
std::optional<Nanoseconds> parse_timer(std::string_view fdinfo);
std::uint64_t parse_signal_mask(std::string_view fdinfo);  // of a signalfd
// 4711 of "socket:[4711]", with `kind` "socket".
std::optional<std::uint64_t> inode_of(std::string_view link, std::string_view kind);

class ProcessFiles {
  public:
    explicit ProcessFiles(pid_t pid);

    pid_t pid() const { return pid_; }
    const std::string& program() const { return program_; }
    const std::map<int, std::string>& descriptors() const { return descriptors_; }  // and where they lead
    const std::string& failure() const { return failure_; }  // why not; empty: all are there
    std::vector<pid_t> threads() const;
    std::string of_thread(pid_t thread, const char* file) const;  // empty: it has ended, or must not be read
    std::string text(const std::string& file) const;
    std::string info_of(int descriptor) const;
    bool read_memory(std::uint64_t address, std::span<std::byte> bytes) const;
    // Whether others may have the same memory there, or that is not known.
    bool shares_memory(std::uint64_t address) const;
    // Of one of its sockets, by a duplicate of it.
    Result<SocketOptions> socket_options(int descriptor) const;

  private:
    pid_t pid_;
    std::string program_;
    std::map<int, std::string> descriptors_;
    std::string failure_;
};

std::string program_of(pid_t process);                       // as /proc calls it; empty: it has ended
std::vector<int> descriptors_of(pid_t process);              // empty: it has ended, or must not be read
std::string descriptor_link(pid_t process, int descriptor);  // where it leads; empty: it is closed
// The same socket or file, as ours; while we have it, closing the other one has no effect.
Result<Fd> duplicate_of(pid_t process, int descriptor);

// All processes below one, itself excepted, parents first.
std::vector<pid_t> processes_below(pid_t root);

}  // namespace netcut
