// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "base/error.h"
#include "base/io.h"

namespace netcut {

// A process, and never another one that has got its number since (pidfd_open(2)). Move-only. Threads: any.
class ProcessHandle {
  public:
    static Result<ProcessHandle> open(pid_t pid);

    pid_t pid() const { return pid_; }
    const std::string& program() const { return program_; }
    int fd() const { return fd_.get(); }  // readable when it has ended
    bool catches(int signal) const;       // it has a handler
    void signal(int number) const;        // one that has ended is no error
    // Its handler runs on the first thread, and before that thread returns from what it waits for; a signal to the process
    // may be handled by any thread, while the first one goes on.
    void signal_first_thread(int number) const;
    // When it dies by a signal, it leaves no core file, and tells no program of /proc/sys/kernel/core_pattern
    // (do_coredump() of the kernel's fs/coredump.c knows this limit).
    Result<void> leave_no_core() const;

  private:
    ProcessHandle(pid_t pid, Fd fd, std::string program)
        : pid_(pid), fd_(std::move(fd)), program_(std::move(program)) {}
    pid_t pid_;
    Fd fd_;
    std::string program_;
};

}  // namespace netcut
