// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>

#include "base/io.h"
#include "daemon/worker/worker.h"

namespace {

// Takes the control socket off standard input, so that nothing that is started inherits it.
netcut::Fd take_control() {
    int type = 0;
    socklen_t size = sizeof(type);
    if (::getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return {};
    netcut::Fd control(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    const netcut::Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(null.get(), STDIN_FILENO);
    return control;
}

}  // namespace

int main() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // the daemon's; the end of the socket tells of it as well
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN);  // a full log is told of by write()
    std::signal(SIGINT, SIG_IGN);   // a Ctrl-C at the daemon's terminal is the daemon's to pass on
    netcut::Fd control = take_control();
    if (!control) {
        std::fprintf(stderr, "netcut-fl-worker is started by netcut-fld and is of no use by itself\n");
        return 2;
    }
    netcut::Worker(std::move(control)).run();
    return 0;
}
