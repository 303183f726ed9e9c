// SPDX-License-Identifier: Apache-2.0
//
// The one process of root's run that keeps rights over the machine. It is forked before the tool becomes the user
// alone (user_alone.cpp), writes the maps of the tool's user namespace once, and then has CAP_NET_ADMIN and
// CAP_SYS_NICE, a filter of system calls, and no descriptor but its socket. A request has a fixed size and no
// argument but a socket or a thread, which the kernel says is the tool's. It ends when the tool does.
#pragma once

#include "base/error.h"
#include "kernel/id_maps.h"

namespace netcut {

class Keeper {
  public:
    static Result<Keeper> start(const Ids& ids);
    ~Keeper();
    Keeper(Keeper&& other) noexcept;
    Keeper& operator=(Keeper&&) = delete;

    // Of this process, which is in its namespace by now. False: errno says why.
    bool write_maps();

  private:
    explicit Keeper(pid_t process) : process_(process) {}
    pid_t process_;
};

// What a keeper does for any thread of this process; nothing happens where there is none.
// 32 MiB of room for what the kernel tells along `socket`, whatever net.core.rmem_max is.
void keeper_makes_room(int socket);
// take_precedence() for the calling thread.
void keeper_gives_precedence();

}  // namespace netcut
