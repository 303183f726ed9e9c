// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace netcut {

// A resolv.conf(5) without the name servers of the loopback interface, which are the machine's alone; empty
// if no other is in it.
std::string without_own_name_servers(const std::string& resolv_conf);

// What a node with a way out can have as /etc/resolv.conf; empty if this machine knows no such name server.
std::string name_servers_beyond_this_machine();

}  // namespace netcut
