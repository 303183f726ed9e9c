// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/utf8.h"

namespace netcut {
namespace {

struct LevelKind {
    spdlog::level::level_enum spdlog;
    const char* priority;  // as syslog(3) numbers it
};
constexpr LevelKind kind_of(LogLevel level) {
    switch (level) {
        case LogLevel::debug:
            return {spdlog::level::debug, "<7>"};
        case LogLevel::info:
            return {spdlog::level::info, "<6>"};
        case LogLevel::warning:
            return {spdlog::level::warn, "<4>"};
        case LogLevel::error:
            break;
    }
    return {spdlog::level::err, "<3>"};
}

// Whether standard error leads to the journal: systemd.exec(5), "$JOURNAL_STREAM".
bool is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

// Not one of spdlog's registry, which would be configured from outside; and without a time, for which the C library
// would read a file that TZ names.
struct Log {
    Log() {
        logger.set_pattern("%v");
        logger.set_level(spdlog::level::warn);
        logger.flush_on(spdlog::level::trace);
    }
    spdlog::logger logger{"", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    std::string begin;
    bool journal = false;
};

Log& the_log() {
    static Log log;
    return log;
}

}  // namespace

void open_log(const std::string& program, LogLevel least) {
    Log& log = the_log();
    log.begin = program + ": ";
    log.journal = is_journal();
    log.logger.set_level(kind_of(least).spdlog);
}

bool is_logged(LogLevel level) {
    return the_log().logger.should_log(kind_of(level).spdlog);
}

void log_text(LogLevel level, std::string_view text) {
    Log& log = the_log();
    const LevelKind kind = kind_of(level);
    std::istringstream lines(printable_lines(text));
    for (std::string line; std::getline(lines, line);) {
        const std::string whole = (log.journal ? kind.priority : "") + log.begin + line;
        log.logger.log(kind.spdlog, spdlog::string_view_t(whole));
    }
}

}  // namespace netcut
