// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace netcut::reference {
namespace {

template <typename Sink>
std::shared_ptr<spdlog::logger> make_logger(const char* name) {
    auto logger = std::make_shared<spdlog::logger>(name, std::make_shared<Sink>());
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %v");
    logger->flush_on(spdlog::level::info);
    return logger;
}

}  // namespace

void log_line(std::string_view line) {
    static const auto logger = make_logger<spdlog::sinks::stdout_sink_mt>("log");
    logger->info(spdlog::string_view_t(line.data(), line.size()));
}

void error_line(std::string_view line) {
    static const auto logger = make_logger<spdlog::sinks::stderr_sink_mt>("errors");
    logger->error(spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace netcut::reference
