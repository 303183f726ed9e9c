// SPDX-License-Identifier: Apache-2.0
//
// The capture of one node: a pcapng file with two interfaces.
#pragma once

#include <deque>

#include "base/error.h"
#include "base/io.h"
#include "base/sha256.h"
#include "base/time.h"
#include "capture/pcapng.h"
#include "fault/log_prefix.h"

namespace netcut {

inline constexpr std::uint32_t seen_interface = 0;  // what the router's port saw
inline constexpr std::uint32_t lost_interface = 1;  // what a fault lost
inline constexpr const char* lost_interface_name = "lost";
std::string capture_name(const std::string& node);  // below the run's folder

// What is written at a lost packet, and read again: "lost: fault cut, up".
std::string loss_comment(const std::string& fault, const LossPlace& place);
struct LossMark {
    std::string fault;
    bool up = false;
    bool by_address = false;
    bool counted = true;
};
std::optional<LossMark> read_loss_comment(const std::string& comment);

// What a finished capture has, as the journal says it.
struct CaptureTotals {
    std::uint64_t packets = 0, lost = 0;  // of each interface
    FileDigest digest;
};

// Packets go to a buffer, and from there to the file. A failure to write is kept, and ends it.
class CaptureFile {
  public:
    CaptureFile(Fd file, const std::string& node, std::uint32_t snap_length);

    void add(pcapng::Packet packet);
    // Something has happened at `time`; the next packet that is not from before it says so.
    void note(Nanoseconds time, std::string what);
    Result<void> write();
    // The last of it: statistics, and notes that no packet has followed.
    Result<CaptureTotals> finish(Nanoseconds now, std::uint64_t missed);
    bool is_full() const;  // it is time to write()

  private:
    struct Note {
        Nanoseconds time;
        std::string what;
    };
    Fd file_;
    std::string name_;
    std::string buffer_;
    std::deque<Note> notes_;
    std::uint64_t packets_ = 0, lost_ = 0, bytes_ = 0;
    Sha256 digest_;
};

}  // namespace netcut
