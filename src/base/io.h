// SPDX-License-Identifier: Apache-2.0
//
// File descriptors and whole reads and writes. An Fd is a move-only owner and may be used on any thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace netcut {

// Owns one file descriptor. Every descriptor of the project is made with O_CLOEXEC.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~Fd() { reset(); }

    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset();

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};
Result<Pipe> make_pipe();

// Writes all of `bytes`, over short writes and EINTR.
Result<void> write_all(int fd, std::string_view bytes, const std::string& attempt);
Result<std::string> read_file(const std::string& path);

}  // namespace netcut
