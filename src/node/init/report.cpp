// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <unistd.h>

#include <cerrno>

namespace netcut::init {

void report(const Options& options, const std::string& line) {
    const std::string text = line + "\n";
    // With the reader gone there is nobody left to tell.
    if (::write(options.status, text.data(), text.size()) < 0) return;
}

void fail(const Options& options, const std::string& attempt) {
    report(options, "failed " + std::to_string(errno) + " " + attempt);
    ::_exit(failure_status);
}

void must(const Options& options, const char* failed_attempt) {
    if (failed_attempt != nullptr) fail(options, failed_attempt);
}

}  // namespace netcut::init
