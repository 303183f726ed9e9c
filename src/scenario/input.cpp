// SPDX-License-Identifier: Apache-2.0
#include "scenario/input.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/io.h"
#include "scenario/churn.h"
#include "scenario/fault_check.h"
#include "scenario/fault_kind.h"
#include "scenario/link.h"

namespace netcut {
namespace {

Failure unreadable(const std::string& path) {
    Error error = system_failure("read " + path).value();
    error.kind = Error::Kind::usage;
    error.mistake = Mistake::unreadable;
    return Failure(std::move(error));
}

constexpr std::size_t most_of_named = std::size_t{64} << 20;  // bytes

// A FIFO may be without an end, or without a beginning.
Result<void> must_be_of(Input kind, int fd, const std::string& path) {
    struct stat info {};
    if (::fstat(fd, &info) != 0) return unreadable(path);
    if (S_ISREG(info.st_mode) || (kind == Input::file_or_pipe && S_ISFIFO(info.st_mode))) return {};
    const bool is_device = S_ISCHR(info.st_mode) || S_ISBLK(info.st_mode);
    return usage_failure("read " + path, is_device               ? "it is a device"
                                         : S_ISDIR(info.st_mode) ? "Is a directory"
                                                                 : "it is no regular file");
}

}  // namespace

Result<std::string> read_input(const std::string& path, Input kind, std::size_t most) {
    // Opening a FIFO that nobody writes to would wait.
    const int flags = kind == Input::file ? O_NONBLOCK : 0;
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
    if (!fd) return unreadable(path);
    NETCUT_TRY(must_be_of(kind, fd.get(), path));
    std::string text;
    std::array<char, 65536> buffer{};
    for (;;) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return unreadable(path);
        if (count == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > most)
            return usage_failure("read " + path, fmt::format("it has more than {} MiB", most >> 20));
    }
}

Result<void> read_named_files(FaultSpec& fault) {
    for (const FaultKey& key : fault.kind->keys) {
        const std::string file = key.file != nullptr ? key.file(fault.text(key.name)) : "";
        if (file.empty()) continue;
        auto contents = read_input(file, Input::file, most_of_named);
        if (!contents) return fault_failure(fault, key.name.c_str(), contents.error());
        fault.files[key.name] = std::move(*contents);
    }
    return {};
}

Result<void> read_named_files(Scenario& scenario) {
    for (FaultSpec& fault : scenario.faults) NETCUT_TRY(read_named_files(fault));
    NETCUT_TRY(read_churn_traces(scenario));
    return read_traces(scenario);
}

}  // namespace netcut
