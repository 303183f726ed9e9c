// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_handle.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>
#include <vector>

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr int on_first_thread = 1, on_another = 2, went_on = 3;

// A process of many threads; the first one waits for what comes by `socket`.
[[noreturn]] void wait_for(int socket, int ready) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGUSR1, [](int) { ::_exit(::gettid() == ::getpid() ? on_first_thread : on_another); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([] { ::pause(); });
    char byte = 0;
    if (::write(ready, &byte, 1) != 1) ::_exit(0);
    const ssize_t received = ::recv(socket, &byte, 1, 0);
    ::_exit(received < 0 ? 0 : went_on);
}

TEST(ProcessHandle, FirstThreadHandlesItsSignalBeforeItGoesOn) {
    for (int i = 0; i < 20; ++i) {
        std::array<int, 2> pair{}, pipe{};
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
        ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(pair[0]);
            wait_for(pair[1], pipe[1]);
        }
        ::close(pair[1]);
        ::close(pipe[1]);
        char byte = 0;
        ASSERT_EQ(::read(pipe[0], &byte, 1), 1);
        ::close(pipe[0]);
        auto process = ProcessHandle::open(child);
        ASSERT_TRUE(process);
        process->signal(SIGSTOP);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
        ::close(pair[0]);  // what it waits for has come
        process->signal_first_thread(SIGUSR1);
        process->signal(SIGCONT);
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFEXITED(status));
        ASSERT_EQ(WEXITSTATUS(status), on_first_thread);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
