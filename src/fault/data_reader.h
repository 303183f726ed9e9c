// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "kernel/netlink.h"

namespace netcut {

class NftTransaction;

// Reads what passed at all ports, with a netlink socket of its own: for another thread than the table's.
class DataReader {
  public:
    static Result<DataReader> open(const Fabric& fabric);
    Result<std::vector<DataCounters>> read();  // by node
    Result<DataCounters> read(std::size_t node);

  private:
    DataReader(const Fabric& fabric, NetlinkSocket socket) : fabric_(&fabric), socket_(std::move(socket)) {}
    const Fabric* fabric_;
    NetlinkSocket socket_;
    std::map<std::uint32_t, std::size_t> nodes_of_ports_;
};

// What passes at every port.
std::uint8_t table_family(const Fabric& fabric);
void add_data_counters(NftTransaction& transaction, const Fabric& fabric);
Result<DataCounters> read_data_counters(NetlinkSocket& socket, const Fabric& fabric, std::size_t node);

}  // namespace netcut
