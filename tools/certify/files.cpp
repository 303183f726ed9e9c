// SPDX-License-Identifier: Apache-2.0
#include "files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

namespace netcut::certify {
namespace {

[[noreturn]] void fail(const char* attempt, const std::filesystem::path& path) {
    throw std::system_error(errno, std::generic_category(), attempt + path.string());
}

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
    errno = 0;
    std::ifstream file(path, std::ios::binary);
    std::string content{std::istreambuf_iterator<char>(file), {}};
    if (!file.good() && !file.eof()) fail("cannot read ", path);
    return content;
}

void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode) {
    const std::filesystem::path draft = path.string() + ".new";
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0) fail("cannot create ", draft);
    const std::unique_ptr<std::FILE, Close> file(::fdopen(fd, "w"));
    if (!file) fail("cannot open ", draft);
    // The draft may be left from an earlier attempt, with another mode.
    if (::fchmod(fd, mode) != 0) fail("cannot set the mode of ", draft);
    if (std::fwrite(content.data(), 1, content.size(), file.get()) != content.size() ||
        std::fflush(file.get()) != 0)
        fail("cannot write ", draft);
    if (std::rename(draft.c_str(), path.c_str()) != 0) fail("cannot put in place ", path);
}

}  // namespace netcut::certify
