// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <bit>

#include "base/time.h"
#include "capture/pcapng.h"
#include "capture/pcapng_format.h"

namespace netcut::pcapng {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they are in memory");

constexpr std::size_t longest_option = 0xffff;

template <typename T>
void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void pad(std::string& to) {
    to.append((4 - to.size() % 4) % 4, '\0');
}

// A block as it grows; its length, at both ends, is filled in at the end. Blocks begin at multiples of 4.
class Block {
  public:
    Block(std::string& to, std::uint32_t type) : to_(to), begin_(to.size()) {
        put(to_, type);
        put(to_, std::uint32_t{0});
    }
    ~Block() {
        if (options_) {
            put(to_, end_of_options);
            put(to_, std::uint16_t{0});
        }
        const auto length = static_cast<std::uint32_t>(to_.size() - begin_ + sizeof(std::uint32_t));
        put(to_, length);
        std::copy_n(reinterpret_cast<const char*>(&length), sizeof(length),
                    to_.begin() + static_cast<std::ptrdiff_t>(begin_ + sizeof(std::uint32_t)));
    }
    Block(const Block&) = delete;
    Block& operator=(const Block&) = delete;

    template <typename T>
    void number(T value) {
        put(to_, value);
    }
    void time(Nanoseconds time) {
        const auto value = static_cast<std::uint64_t>(time.count());
        put(to_, static_cast<std::uint32_t>(value >> 32));
        put(to_, static_cast<std::uint32_t>(value));
    }
    void bytes(std::span<const std::uint8_t> bytes) {
        to_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        pad(to_);
    }
    void option(std::uint16_t code, std::string_view value) {
        options_ = true;
        value = value.substr(0, longest_option);
        put(to_, code);
        put(to_, static_cast<std::uint16_t>(value.size()));
        to_.append(value);
        pad(to_);
    }
    template <typename T>
    void number_option(std::uint16_t code, T value) {
        option(code, {reinterpret_cast<const char*>(&value), sizeof(value)});
    }
    void comments(const std::vector<std::string>& texts) {
        for (const std::string& text : texts) option(comment, text);
    }

  private:
    std::string& to_;
    std::size_t begin_;
    bool options_ = false;
};

}  // namespace

void append_section(std::string& to, const std::string& program, const std::string& text) {
    Block block(to, block::section);
    block.number(byte_order_magic);
    block.number(std::uint16_t{1});  // version 1.0
    block.number(std::uint16_t{0});
    block.number(~std::uint64_t{0});  // how long the section is, is not said
    block.option(section_option::program, program);
    block.option(comment, text);
}

void append_interface(std::string& to, const Interface& interface) {
    Block block(to, block::interface);
    block.number(link_ethernet);
    block.number(std::uint16_t{0});
    block.number(interface.snap_length);
    block.option(interface_option::name, interface.name);
    block.option(interface_option::description, interface.description);
    block.number_option(interface_option::resolution, nanoseconds);
}

void append_packet(std::string& to, const Packet& packet) {
    Block block(to, block::packet);
    block.number(packet.interface);
    block.time(packet.time);
    block.number(static_cast<std::uint32_t>(packet.bytes.size()));
    block.number(packet.length);
    block.bytes(packet.bytes);
    if (packet.way != Way::unknown)
        block.number_option(packet_option::flags, packet.way == Way::inbound ? flag_inbound : flag_outbound);
    block.comments(packet.comments);
}

void append_statistics(std::string& to, const Statistics& statistics) {
    Block block(to, block::statistics);
    block.number(statistics.interface);
    block.time(statistics.time);
    block.number_option(statistics_option::received, statistics.received);
    block.number_option(statistics_option::missed, statistics.missed);
    block.comments(statistics.comments);
}

}  // namespace netcut::pcapng
