// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "kernel/address.h"

namespace netcut {

// A resolv.conf(5) without the name servers of the loopback interface, which are the machine's alone; empty
// if no other is in it.
std::string without_own_name_servers(const std::string& resolv_conf);

// What a node with a way out can have as /etc/resolv.conf; empty if this machine knows no such name server.
std::string name_servers_beyond_this_machine();

// Those of a resolv.conf(5), the loopback interface's too.
std::vector<IpAddress> name_servers_in(const std::string& resolv_conf);
// Whom this process asks.
std::vector<IpAddress> name_servers_of_this_machine();

}  // namespace netcut
