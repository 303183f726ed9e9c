// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/sinks/sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "base/utf8.h"

namespace netcut {
namespace {

struct LevelKind {
    LogLevel level;
    spdlog::level::level_enum spdlog;
    const char* priority;  // as syslog(3) numbers it
};
constexpr LevelKind level_kinds[] = {{LogLevel::debug, spdlog::level::debug, "<7>"},
                                     {LogLevel::info, spdlog::level::info, "<6>"},
                                     {LogLevel::warning, spdlog::level::warn, "<4>"},
                                     {LogLevel::error, spdlog::level::err, "<3>"}};

spdlog::level::level_enum spdlog_level(LogLevel level) {
    return level_kinds[static_cast<std::size_t>(level)].spdlog;
}

// Whether standard error leads to the journal: systemd.exec(5), "$JOURNAL_STREAM".
bool is_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat status {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &status) == 0 &&
           stream == fmt::format("{}:{}", status.st_dev, status.st_ino);
}

// Each line in one write, without a time, for which the C library would read a file that TZ names.
class StandardError : public spdlog::sinks::sink {
  public:
    StandardError() { set_level(spdlog::level::warn); }
    void log(const spdlog::details::log_msg& message) override {
        std::string line;
        for (const LevelKind& kind : level_kinds)
            if (journal && kind.spdlog == message.level) line = kind.priority;
        line.append(program).append(message.payload.data(), message.payload.size()) += '\n';
        // Where nobody reads them, there is nobody to tell.
        [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    }
    void flush() override {}
    void set_pattern(const std::string&) override {}
    void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

    std::string program;
    bool journal = false;
};

// By itself, without a logger: nothing configures it from outside, and the daemon has not to hold what formats times.
StandardError& standard_error() {
    static StandardError sink;
    return sink;
}

}  // namespace

void open_log(const std::string& program, LogLevel least) {
    StandardError& sink = standard_error();
    sink.program = program + ": ";
    sink.journal = is_journal();
    sink.set_level(spdlog_level(least));
}

bool is_logged(LogLevel level) {
    return standard_error().should_log(spdlog_level(level));
}

void log_text(LogLevel level, std::string_view text) {
    std::istringstream lines(printable_lines(text));
    for (std::string line; std::getline(lines, line);)
        standard_error().log({spdlog::string_view_t(), spdlog_level(level), line});
}

}  // namespace netcut
