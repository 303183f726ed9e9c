// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-launch: the last process of a run that has rights over the machine. netcut-fld starts one for
// each run; it makes a user namespace in which there is nobody but the user, becomes the user, and executes
// the worker. It is small and linked statically, and reads nothing but its command line: numbers, and paths
// that the daemon knows.
#pragma once

#include <sys/resource.h>

#include "kernel/id_maps.h"

namespace netcut::launch {

struct Options {
    Ids user;
    rlim_t processes = RLIM_INFINITY;   // that nodes may have
    rlim_t file_bytes = RLIM_INFINITY;  // of any one file that the run writes
    const char* hidden = nullptr;       // a socket that nobody in the run can connect to
    const char* group = nullptr;        // control group of the run
    char** argv = nullptr;              // what to execute
};

// Ends the process when the command line is not what the daemon writes.
Options parse_options(int argc, char** argv);

}  // namespace netcut::launch
