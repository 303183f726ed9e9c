// SPDX-License-Identifier: Apache-2.0
#include "record/facts.h"

#include "kernel/socket_facts.h"

namespace netcut {

const FaultSpec* find_fault(const Scenario& scenario, const std::string& name) {
    for (const FaultSpec& spec : scenario.faults)
        if (spec.name == name) return &spec;
    return nullptr;
}

std::string connection_name(const std::string& node, const TcpSocket& socket) {
    return node + ' ' + ends_of(socket);
}

}  // namespace netcut
