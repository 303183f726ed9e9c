// SPDX-License-Identifier: Apache-2.0
//
// What a daemon has to do with who started it: its socket, and the protocol of systemd's services
// (sd_listen_fds(3), sd_notify(3)), which is a few lines and so needs no library.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/io.h"

namespace netcut {

// The socket that systemd has passed on, if it has.
Result<std::optional<Fd>> activated_socket();

// Listens at `path`, for its owner and for `group` (none: for the owner alone). A socket that a dead daemon
// has left is replaced.
Result<Fd> listen_at(const std::string& path, std::optional<unsigned> group);
// To the broker's socket.
Result<Fd> connect_to(const std::string& path);

// Where a socket listens, in full; empty if that is no path.
std::string path_of(const Fd& listener);

// Tells the service manager, if there is one: "READY=1", "STOPPING=1", "WATCHDOG=1".
void notify_manager(const std::string& state);
// How often it wants to hear of us; none: never.
std::optional<std::chrono::microseconds> watchdog_period();

// A group by its name or number.
std::optional<unsigned> find_group(const std::string& name);

}  // namespace netcut
