// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include <thread>

#include "e2e/tool.h"

namespace netcut::test {

// What a person has in front of them: netcut-fl in a terminal of 33 rows and 99 columns.
class Terminal {
  public:
    Terminal(const Arguments& arguments, const std::function<void()>& before_exec) {
        const winsize size{33, 99, 0, 0};
        pid_ = ::forkpty(&master_, nullptr, nullptr, &size);
        if (pid_ != 0) return;
        before_exec();
        std::vector<std::string> words = {std::string(NETCUT_BUILD_DIR) + "/netcut-fl"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        std::vector<char*> argv;
        for (std::string& word : words) argv.push_back(word.data());
        argv.push_back(nullptr);
        ::setenv("TERM", "vt220", 1);
        ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ~Terminal() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        ::close(master_);
    }
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void type(const std::string& text) const { (void)!::write(master_, text.data(), text.size()); }
    bool shows(const std::string& text) {
        for (int i = 0; i < 400 * time_scale() && !contains(screen_, text); ++i) take_what_is_there(50);
        return contains(screen_, text);
    }
    bool is_raw() const {
        termios now{};
        return ::tcgetattr(master_, &now) == 0 && (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
    }
    void resize(unsigned short rows, unsigned short columns) const {
        const winsize size{rows, columns, 0, 0};
        ::ioctl(master_, TIOCSWINSZ, &size);
    }
    void signal(int number) const { ::kill(pid_, number); }
    int wait() {
        int status = 0;
        for (int i = 0; i < 400 * time_scale(); ++i) {
            take_what_is_there(50);
            if (::waitpid(pid_, &status, WNOHANG) == pid_)
                return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        return -1;
    }
    const std::string& screen() const { return screen_; }

  private:
    void take_what_is_there(int patience_ms) {
        pollfd watched{master_, POLLIN, 0};
        char bytes[4096];
        const bool ready = ::poll(&watched, 1, patience_ms) > 0;
        const ssize_t count = ready ? ::read(master_, bytes, sizeof(bytes)) : 0;
        if (count > 0) screen_.append(bytes, static_cast<std::size_t>(count));
        // The other end is closed, and its process may not have ended yet.
        if (ready && count <= 0) std::this_thread::sleep_for(std::chrono::milliseconds(patience_ms));
    }

    pid_t pid_ = -1;
    int master_ = -1;
    std::string screen_;
};

}  // namespace netcut::test
