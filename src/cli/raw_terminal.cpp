// SPDX-License-Identifier: Apache-2.0
#include "cli/raw_terminal.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace netcut::cli {
namespace {

// The handlers read them; tcsetattr, raise, sigaction and _exit may be called there (signal-safety(7)).
int terminal_fd = -1;
termios cooked;

constexpr int deadly[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGABRT,
                          SIGSEGV, SIGBUS,  SIGFPE, SIGILL,  SIGALRM};

void set_handler(int signal, void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_RESTART;
    ::sigaction(signal, &action, nullptr);
}

void make_cooked() {
    if (terminal_fd >= 0) ::tcsetattr(terminal_fd, TCSANOW, &cooked);
}

void make_raw() {
    if (terminal_fd < 0) return;
    termios raw = cooked;
    ::cfmakeraw(&raw);
    ::tcsetattr(terminal_fd, TCSANOW, &raw);
}

void end_by(int signal) {
    make_cooked();
    set_handler(signal, SIG_DFL);
    ::raise(signal);
}

void stop_here(int) {
    const int error = errno;
    make_cooked();
    ::raise(SIGSTOP);
    make_raw();
    errno = error;
}

}  // namespace

RawTerminal::RawTerminal(int fd) {
    if (::tcgetattr(fd, &cooked) != 0) return;
    terminal_fd = fd;
    for (const int signal : deadly) set_handler(signal, end_by);
    set_handler(SIGTSTP, stop_here);
    make_raw();
}

RawTerminal::~RawTerminal() {
    make_cooked();
    for (const int signal : deadly) set_handler(signal, SIG_DFL);
    set_handler(SIGTSTP, SIG_DFL);
    terminal_fd = -1;
}

TerminalSize size_of_terminal(int fd) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
    return {size.ws_row, size.ws_col};
}

}  // namespace netcut::cli
