// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "base/time.h"
#include "capture/capture_file.h"
#include "fabric/fabric.h"
#include "fault/log_prefix.h"
#include "folder/folder.h"
#include "kernel/address.h"
#include "kernel/packet_capture.h"
#include "kernel/packet_log.h"

namespace netcut {

// Captures of all nodes of a run, from the router's side: what comes in and goes out at the ports, and what
// faults lose in between. It has a thread of its own, so that it never delays a fault.
class Capture {
  public:
    // Packets that are missing in the captures, because they came faster than they were taken.
    struct Missing {
        std::uint64_t seen = 0;  // at the ports
        std::uint64_t lost = 0;  // of those that faults lost, as far as their numbers tell
        bool more_lost = false;  // and some of these whose number is not known, the last ones
        bool any() const { return seen > 0 || lost > 0 || more_lost; }
    };
    // These are called on the capture's thread.
    struct Observer {
        std::function<void(Error)> failed;  // once; from then on nothing is written
        std::function<void(Missing)> missed;
        std::function<void(std::vector<CaptureTotals>)> ended;  // by node, after stop()
    };
    // What the log of losses is to have of each packet: it counts from the network header on.
    static constexpr std::uint32_t logged_bytes(std::uint32_t snap_length) {
        return snap_length - ethernet_header;
    }
    static constexpr std::uint32_t ethernet_header = 14;
    // `faults`: names, in the order of the table's plans, whose losses go to lost_group. `snap_length`: bytes
    // of each packet, from the link header on. Nothing of the fabric is used afterwards.
    static Result<std::unique_ptr<Capture>> start(const Fabric& fabric, std::vector<std::string> faults,
                                                  const RunFolder& folder, std::uint32_t snap_length,
                                                  Observer observer);
    ~Capture();
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    // These may be called on any thread.
    void add_addresses(std::size_t node, const std::vector<IpAddress>& addresses);
    void note(const std::vector<std::size_t>& nodes, Nanoseconds realtime, const std::string& what);
    // What is on its way is still taken; then `ended` is called.
    void stop();

  private:
    struct Note {
        std::size_t node;
        Nanoseconds time;
        std::string what;
    };
    struct Pending {
        std::size_t node;
        pcapng::Packet packet;
        std::vector<std::uint8_t> bytes;
    };
    Capture(PacketCapture ring, PacketLog log, std::vector<std::string> faults, Observer observer);

    void run();
    void take_all(std::chrono::milliseconds patience);
    void take_seen(const CapturedPacket& packet);
    Result<void> take_lost();
    void take_lost(const LoggedPacket& packet);
    std::optional<std::size_t> node_of(const LoggedPacket& packet, const LossPlace& place);
    void keep(std::size_t node, pcapng::Packet packet, std::vector<std::uint8_t> bytes);
    void tell_missing();
    void take_notes();
    void write_until(Nanoseconds horizon);
    void write_files(bool all);
    void finish();
    void fail(Error error);

    PacketCapture ring_;
    PacketLog log_;
    std::vector<std::string> faults_;
    Observer observer_;
    std::map<int, std::size_t> ports_;  // by interface index
    std::vector<CaptureFile> files_;    // by node
    std::vector<Pending> pending_;
    std::size_t pending_bytes_ = 0;
    Missing missing_;         // that were not told yet
    bool gap_ahead_ = false;  // the log had no room; how many are missing is known by the next packet
    std::uint64_t missed_seen_ = 0;
    bool failed_ = false;

    std::mutex mutex_;  // of these two
    std::map<IpAddress, std::size_t> addresses_;
    std::vector<Note> notes_;

    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

}  // namespace netcut
