// SPDX-License-Identifier: Apache-2.0
//
// Captures as Wireshark reads them: the blocks of pcapng (draft-ietf-opsawg-pcapng) that we write, and their
// reading. Pure: values in, bytes out, and back. All links are Ethernet.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/time.h"

namespace netcut::pcapng {

struct Interface {
    std::string name, description;
    std::uint32_t snap_length = 0;  // 0: none
};

enum class Way { unknown, inbound, outbound };  // as epb_flags say it

struct Packet {
    std::uint32_t interface = 0;  // counted from 0
    Nanoseconds time{0};          // since the epoch
    Way way = Way::unknown;
    std::uint32_t length = 0;             // as it was, from the link header on
    std::span<const std::uint8_t> bytes;  // what was kept of it
    std::vector<std::string> comments;
};

// At the end of a capture.
struct Statistics {
    std::uint32_t interface = 0;
    Nanoseconds time{0};
    std::uint64_t received = 0, missed = 0;
    std::vector<std::string> comments;
};

// --- writing: each appends one block ---

void append_section(std::string& to, const std::string& program, const std::string& comment);
void append_interface(std::string& to, const Interface& interface);  // its times are in nanoseconds
void append_packet(std::string& to, const Packet& packet);
void append_statistics(std::string& to, const Statistics& statistics);

// --- reading ---

// Goes through the bytes of a file, which must outlive it. Any bytes may be given; nothing is read beyond
// them. Blocks and options of other kinds are left out. Of one section, little end first.
class Reader {
  public:
    explicit Reader(std::string_view bytes) : bytes_(bytes) {}

    // Nothing at the end. After an error there is nothing more to read.
    Result<std::optional<Packet>> next();
    // What was read so far.
    const std::vector<Interface>& interfaces() const { return interfaces_; }
    const std::vector<Statistics>& statistics() const { return statistics_; }

  private:
    Result<void> read_section(std::string_view body);
    Result<void> read_interface(std::string_view body);
    Result<void> read_statistics(std::string_view body);
    Result<Packet> read_packet(std::string_view body) const;
    Result<Nanoseconds> time_of(std::uint32_t interface, std::string_view high_and_low) const;
    Failure broken(const std::string& why) const;

    std::string_view bytes_;
    std::size_t at_ = 0;
    bool begun_ = false;
    std::vector<Interface> interfaces_;
    std::vector<std::uint64_t> units_per_second_;  // of each interface's times
    std::vector<Statistics> statistics_;
};

}  // namespace netcut::pcapng
