// SPDX-License-Identifier: Apache-2.0
#include "record/facts.h"

#include "kernel/socket_facts.h"

namespace netcut {

const FaultSpec* find_fault(const Scenario& scenario, const std::string& name) {
    for (const FaultSpec& spec : scenario.faults)
        if (spec.name == name) return &spec;
    return nullptr;
}

bool is_open(const TcpSocket& socket) {
    return socket.state != "SYN_SENT" && socket.state != "SYN_RECV" && socket.state != "NEW_SYN_RECV" &&
           socket.state != "CLOSED";
}

std::string connection_name(const std::string& node, const TcpSocket& socket) {
    return node + ' ' + ends_of(socket);
}

}  // namespace netcut
