// SPDX-License-Identifier: Apache-2.0
//
// Network namespaces and their sysctls. Nothing here changes the namespace of the calling thread: what must happen
// in another namespace runs on a short-lived thread of its own.
//
// Ownership: a NetNs is move-only and owns a descriptor. Threads: one at a time.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/io.h"

namespace netcut {

// An anonymous network namespace: it lives as long as a descriptor, a process or a socket holds it.
class NetNs {
  public:
    // `set_up` is called in it, which spares a thread for whatever must happen there.
    static Result<NetNs> create(const std::function<Result<void>()>& set_up = {});
    // `set_up` is called in each of them in turn. Each has a small table of TCP connections of its own, where
    // the kernel (6.1) can do that: the host's, which namespaces share otherwise, takes a millisecond to be
    // looked through.
    static Result<std::vector<NetNs>> create_many(std::size_t count,
                                                  const std::function<Result<void>()>& set_up);

    int fd() const { return fd_.get(); }
    // Runs `work`, which must not throw, on a thread that is in this namespace, and waits for its end.
    Result<void> run(const std::function<Result<void>()>& work) const;

  private:
    explicit NetNs(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

// Writes /proc/sys/<path> as the calling thread's namespace sees it and reads it back:
// {"net/ipv4/ip_forward", "1"}.
Result<void> set_sysctls(std::span<const std::pair<std::string, std::string>> settings);

}  // namespace netcut
