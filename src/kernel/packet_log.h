// SPDX-License-Identifier: Apache-2.0
//
// Packets that nftables rules log to an nfnetlink_log group of a namespace: how user space learns of what
// tripped in the kernel, with the packet as evidence.
//
// Ownership: a PacketLog owns its socket and the group with it; when it goes, the rules log to nobody. A
// group has one reader. Threads: one at a time. Open it before the rules are laid: what they log before is
// lost.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut {

struct LoggedPacket {
    std::string prefix;  // the rule's
    // CLOCK_REALTIME, in microseconds. The kernel gives it in prerouting, input and forward alone; Linux 6.1
    // does so only if somebody has the namespaces stamp packets as they come in.
    std::optional<std::chrono::system_clock::time_point> time;
    // Interface indices, 0 for none. Of a bridge they are the bridge's own, and the ports are the physical
    // ones, if the kernel has CONFIG_BRIDGE_NETFILTER; the ports themselves if it has not.
    int in_index = 0, out_index = 0;
    int physical_in_index = 0, physical_out_index = 0;
    int in_port() const { return physical_in_index != 0 ? physical_in_index : in_index; }
    int out_port() const { return physical_out_index != 0 ? physical_out_index : out_index; }
    std::uint32_t mark = 0;
    std::uint16_t ethertype = 0;
    std::vector<std::uint8_t> bytes;        // from the network header on, cut at the snap length
    std::vector<std::uint8_t> link_header;  // Ethernet: destination, source, type; empty if there is none
};

struct LoggedPackets {
    std::vector<LoggedPacket> packets;
    // Packets that were logged and are not among these, because they came faster than they were read: known
    // from the gap before the next one.
    std::uint64_t lost = 0;
    // The kernel had no room for some since the last read. The newest are lost, those before them are here.
    bool overrun = false;
};

struct PacketLogOptions {
    // Bytes of each packet that are told, if its rule asks for as many: room for the largest IPv4 and TCP
    // headers, 60 bytes each.
    std::uint32_t snap_length = 128;
    // Packets are told some at a time, 20 ms late at most: what comes in floods costs less, and fewer are
    // lost.
    bool many = false;
};

class PacketLog {
  public:
    static Result<PacketLog> open(const NetNs& where, std::uint16_t group,
                                  const PacketLogOptions& options = {});

    // Readable when there is something to read(), which never waits.
    int fd() const { return socket_.fd(); }
    // All that is there, but no more than `most_at_once`: a flood must not keep the caller here.
    Result<LoggedPackets> read();
    static constexpr std::size_t most_at_once = 4096;

  private:
    PacketLog(NetlinkSocket socket, std::uint16_t group, std::size_t largest_message)
        : socket_(std::move(socket)), group_(group), buffer_(largest_message) {}
    void take(const nlmsghdr* message, LoggedPackets& into);

    NetlinkSocket socket_;
    std::uint16_t group_;
    std::vector<char> buffer_;
    std::uint32_t next_sequence_ = 0;
};

}  // namespace netcut
