// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-init: the first process of a node. It is small and linked statically, since one is started for
// every node, and reads nothing but its command line and descriptors, which the node room writes. Its own
// environment is empty.
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace netcut::init {

struct Options {
    // Descriptors that the tool hands over.
    int netns = -1;        // the node's network namespace
    int lifeline = -1;     // carries orders (order.h); its end: the tool is gone, or wants the node gone
    int status = -1;       // where we report, a line for each event (report.h)
    int environment = -1;  // the command's, as /proc/PID/environ has it
    int hosts = -1;        // contents for /etc/hosts
    int resolv = -1;       // contents for /etc/resolv.conf, if there are any
    int syslog = -1;       // a socket that is to be the node's /dev/log

    std::string hostname;
    std::string cwd;
    uid_t uid = 0;
    gid_t gid = 0;
    std::optional<std::vector<gid_t>> groups;  // none: those that the tool has, which may not set them
    rlim_t open_files = 1024;          // the soft limit that the user had before the tool raised its own
    rlim_t processes = RLIM_INFINITY;  // likewise, and the hard one
    bool tty = false;                  // standard input is a terminal: make it the controlling one
    bool captures = false;             // the command may open raw sockets (CAP_NET_RAW)
    char** argv = nullptr;             // the command
};

// Ends the process with a message when the command line is not what the tool writes.
Options parse_options(int argc, char** argv);

}  // namespace netcut::init
