// SPDX-License-Identifier: Apache-2.0
#include "bench/floor_processes.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/io.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

// In the child.
[[noreturn]] void become_node(int network, int output) {
    char program[] = "sleep", time[] = "600";
    char* const arguments[] = {program, time, nullptr};
    if (::setns(network, CLONE_NEWNET) == 0 &&
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("proc", "/proc", "proc", 0, nullptr) == 0 && ::dup2(output, 1) == 1 && ::dup2(output, 2) == 2)
        ::execvp(program, arguments);
    ::_exit(127);
}

}  // namespace

FloorProcesses::FloorProcesses(std::size_t nodes) : network_(nodes) {
    Pipe running = must(make_pipe());  // closed on execution
    for (std::size_t i = 0; i < nodes; ++i) {
        Pipe output = must(make_pipe());
        const auto apart = SIGCHLD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS;
        const auto pid = static_cast<pid_t>(
            must(::syscall(SYS_clone, apart, nullptr, nullptr, nullptr, nullptr), "start a process"));
        if (pid == 0) become_node(network_.node(i), output.write.get());
        processes_.push_back(pid);
        outputs_.push_back(std::move(output.read));
    }
    running.write.reset();
    char none = 0;
    must(::read(running.read.get(), &none, 1), "await the programs");
    for (const pid_t pid : processes_)
        if (::waitpid(pid, nullptr, WNOHANG) != 0)
            throw std::runtime_error("a process did not become its program");
}

FloorProcesses::~FloorProcesses() {
    for (const pid_t pid : processes_) ::kill(pid, SIGKILL);
    for (const pid_t pid : processes_) ::waitpid(pid, nullptr, 0);
}

}  // namespace netcut::bench
