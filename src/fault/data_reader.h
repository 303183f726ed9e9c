// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "fault/data_counters.h"
#include "kernel/netlink.h"

namespace netcut {

class NftTransaction;

// Reads what passed at all ports, with a netlink socket of its own: for another thread than the table's. Where nothing
// has passed since, one counter says so.
class DataReader {
  public:
    static Result<DataReader> open(const Fabric& fabric);
    // By node; valid until the next call.
    Result<const std::vector<DataCounters>*> read();
    Result<DataCounters> read(std::size_t node);

  private:
    DataReader(const Fabric& fabric, NetlinkSocket socket) : fabric_(&fabric), socket_(std::move(socket)) {}
    Result<std::uint64_t> read_passed();

    const Fabric* fabric_;
    NetlinkSocket socket_;
    std::map<std::uint32_t, std::size_t> nodes_of_ports_;
    std::vector<DataCounters> last_;              // by node
    std::optional<std::uint64_t> passed_before_;  // packets that had passed before these were read
};

// What passes at every port.
std::uint8_t table_family(const Fabric& fabric);
void add_data_counters(NftTransaction& transaction, const Fabric& fabric);
Result<DataCounters> read_data_counters(NetlinkSocket& socket, const Fabric& fabric, std::size_t node);

}  // namespace netcut
