// SPDX-License-Identifier: Apache-2.0
#include "scenario/input.h"

#include <sys/stat.h>

namespace netcut {
namespace {

constexpr off_t most_bytes = 64 * 1024 * 1024;  // bytes

}  // namespace

Result<std::string> read_input(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
        if (S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode))
            return usage_failure("read " + path, "it is a device");
        if (info.st_size > most_bytes) return usage_failure("read " + path, "it has more than 64 MiB");
    }
    auto contents = read_file(path);
    if (!contents) contents.error().kind = Error::Kind::usage;
    return contents;
}

Result<void> read_trace(FaultSpec& fault) {
    if (!fault.model || fault.model->trace_file().empty()) return {};
    const auto contents = read_input(fault.model->trace_file());
    if (contents) return fault.model->read_trace(*contents);
    return usage_failure("use the loss model '" + fault.model->text() + "'",
                         fault.places.at("model") + ": " + contents.error().text());
}

Result<void> read_traces(Scenario& scenario) {
    for (FaultSpec& fault : scenario.faults) NETCUT_TRY(read_trace(fault));
    return {};
}

}  // namespace netcut
