// SPDX-License-Identifier: Apache-2.0
//
// Where sanitizers write what they find, in every process: a worker of the daemon has no environment that could say it,
// and its standard error is nobody's.

#define NETCUT_LOG "log_path=" NETCUT_FINDINGS ":log_exe_name=1"

extern "C" {
const char* __asan_default_options() {
    return NETCUT_LOG;
}
// A worker of the daemon ends by _exit(), whatever its threads do.
const char* __tsan_default_options() {
    return NETCUT_LOG ":report_thread_leaks=0";
}
const char* __ubsan_default_options() {
    return "print_stacktrace=1";
}
}
