// SPDX-License-Identifier: Apache-2.0
//
// Sets options of the TCP sockets of a node from outside of it (pidfd_getfd(2), setsockopt(2)), without any change of
// its programs: of those that listen, whose connections inherit them, and of each connection when it is seen first. A
// program may set its own later, so that each is looked at again.
//
// Rights: as read_waits(). Threads: one at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "kernel/netlink.h"
#include "link/tcp_settings.h"

namespace netcut {

// What a look has come to, of one socket.
struct OptionsTried {
    std::string socket{};  // both ends of it; of one that listens, its own: "10.99.0.2 9000"
    bool listens = false;
    bool inherited = false;  // it had them when it was seen first
    bool again = false;      // its program had set them otherwise meanwhile
    std::int64_t process = 0;
    std::string program{};  // of who has it
    std::string why{};      // it could not be done; empty: it was, and read back
};

class OptionSetter {
  public:
    explicit OptionSetter(std::vector<SocketOption> options) : options_(std::move(options)) {}

    // `outermost`: of the node, as for read_waits(). `diag`: of its namespace. In `now` time must not go backwards.
    Result<std::vector<OptionsTried>> look(pid_t outermost, NetlinkSocket& diag, Clock::time_point now);

  private:
    struct Known {
        Clock::time_point first{}, next{};          // seen, and to be looked at again
        std::optional<Clock::time_point> missed{};  // since then nobody is seen to have it
        bool done = false;                          // its options were set
        bool told = false;                          // that they cannot be
        bool here = true;                           // in the look under way
        pid_t process = 0;                          // who has it, and where; 0: not known
        int descriptor = -1;
        std::string ends{};
        bool listens = false;
    };
    using Due = std::map<std::uint64_t, Known*>;  // by inode

    Result<Due> find_due(NetlinkSocket& diag, Clock::time_point now);
    // Whether it is there; then its options were set, or that was told.
    bool set(std::uint64_t inode, Known& known, Clock::time_point now,
             std::vector<OptionsTried>& tried) const;
    void look_for(Due& due, pid_t outermost, Clock::time_point now, std::vector<OptionsTried>& tried) const;
    static void miss(Known& known, Clock::time_point now, std::vector<OptionsTried>& tried);

    std::vector<SocketOption> options_;
    std::map<std::uint64_t, Known> known_;  // by inode
    std::optional<Clock::time_point> began_{};
    Clock::time_point lists_listening_{};  // next
};

}  // namespace netcut
