// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cstring>
#include <functional>

#include "base/error.h"
#include "base/time.h"
#include "capture/pcapng.h"
#include "capture/pcapng_format.h"

namespace netcut::pcapng {
namespace {

constexpr std::size_t block_frame = 12;  // type, and the length twice

// The caller has made sure that it is there.
template <typename T>
T number_at(std::string_view bytes, std::size_t at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(value));
    return value;
}

std::size_t padded(std::size_t size) {
    return (size + 3) / 4 * 4;
}

// False if an option is cut off.
bool for_each_option(std::string_view options,
                     const std::function<void(std::uint16_t code, std::string_view value)>& each) {
    while (options.size() >= 4) {
        const auto code = number_at<std::uint16_t>(options, 0);
        const auto length = number_at<std::uint16_t>(options, 2);
        if (code == end_of_options) return true;
        if (options.size() < 4 + padded(length)) return false;
        each(code, options.substr(4, length));
        options.remove_prefix(4 + padded(length));
    }
    return options.empty();
}

std::uint64_t number_in(std::string_view value) {
    return value.size() == sizeof(std::uint64_t) ? number_at<std::uint64_t>(value, 0) : 0;
}

// 10 or 2 to the power of a negative number; 0 if times cannot be told so finely.
std::uint64_t units_per_second(std::uint8_t resolution) {
    const unsigned exponent = resolution & 0x7fU;
    const bool binary = (resolution & 0x80U) != 0;
    if (exponent > (binary ? 30U : 9U)) return 0;
    std::uint64_t units = 1;
    for (unsigned i = 0; i < exponent; ++i) units *= binary ? 2 : 10;
    return units;
}

}  // namespace

Failure Reader::broken(const std::string& why) const {
    return machine_failure("read a capture", fmt::format("the block at byte {} {}", at_, why));
}

Result<std::optional<Packet>> Reader::next() {
    while (at_ < bytes_.size()) {
        const std::string_view rest = bytes_.substr(at_);
        if (rest.size() < block_frame) return broken("is cut off");
        const auto type = number_at<std::uint32_t>(rest, 0);
        if (!begun_ && type != block::section) return broken("is not the beginning of a capture");
        const auto length = number_at<std::uint32_t>(rest, 4);
        if (length < block_frame || length % 4 != 0) return broken("has no length that a block can have");
        if (length > rest.size()) return broken("is cut off");
        if (number_at<std::uint32_t>(rest, length - 4) != length) return broken("says two lengths");
        const std::string_view body = rest.substr(8, length - block_frame);
        std::optional<Packet> packet;
        if (type == block::section) NETCUT_TRY(read_section(body));
        if (type == block::interface) NETCUT_TRY(read_interface(body));
        if (type == block::statistics) NETCUT_TRY(read_statistics(body));
        if (type == block::packet) {
            NETCUT_ASSIGN(packet, read_packet(body));
        }
        at_ += length;
        if (packet) return packet;
    }
    if (!begun_) return broken("is not there: the file is empty");
    return std::optional<Packet>();
}

Result<void> Reader::read_section(std::string_view body) {
    if (begun_) return broken("begins a second capture");
    if (body.size() < 16 || number_at<std::uint32_t>(body, 0) != byte_order_magic)
        return broken("is not the beginning of a capture, little end first");
    if (number_at<std::uint16_t>(body, 4) != 1) return broken("is of another version of the format");
    begun_ = true;
    return {};
}

Result<void> Reader::read_interface(std::string_view body) {
    if (body.size() < 8) return broken("is too short for an interface");
    if (number_at<std::uint16_t>(body, 0) != link_ethernet) return broken("has a link that is not Ethernet");
    Interface interface;
    interface.snap_length = number_at<std::uint32_t>(body, 4);
    std::uint64_t units = 1'000'000;
    const bool whole = for_each_option(body.substr(8), [&](std::uint16_t code, std::string_view value) {
        if (code == interface_option::name) interface.name = value;
        if (code == interface_option::description) interface.description = value;
        if (code == interface_option::resolution && value.size() == 1)
            units = units_per_second(static_cast<std::uint8_t>(value[0]));
    });
    if (!whole) return broken("has an option that is cut off");
    if (units == 0) return broken("tells times more finely than in nanoseconds");
    interfaces_.push_back(std::move(interface));
    units_per_second_.push_back(units);
    return {};
}

Result<Nanoseconds> Reader::time_of(std::uint32_t interface, std::string_view high_and_low) const {
    if (interface >= interfaces_.size()) return broken("is of an interface that there is not");
    const std::uint64_t units = std::uint64_t{number_at<std::uint32_t>(high_and_low, 0)} << 32 |
                                number_at<std::uint32_t>(high_and_low, 4);
    constexpr std::uint64_t per_second = 1'000'000'000;
    constexpr std::uint64_t latest = 4'600'000'000;  // the year 2115
    const std::uint64_t each = units_per_second_[interface];
    const std::uint64_t seconds = units / each;
    if (seconds > latest) return broken("has a time that cannot be");
    return std::chrono::seconds(seconds) + Nanoseconds(units % each * per_second / each);
}

Result<void> Reader::read_statistics(std::string_view body) {
    if (body.size() < 12) return broken("is too short for statistics");
    Statistics statistics;
    statistics.interface = number_at<std::uint32_t>(body, 0);
    NETCUT_ASSIGN(statistics.time, time_of(statistics.interface, body.substr(4)));
    const bool whole = for_each_option(body.substr(12), [&](std::uint16_t code, std::string_view value) {
        if (code == comment) statistics.comments.emplace_back(value);
        if (code == statistics_option::received) statistics.received = number_in(value);
        if (code == statistics_option::missed) statistics.missed = number_in(value);
    });
    if (!whole) return broken("has an option that is cut off");
    statistics_.push_back(std::move(statistics));
    return {};
}

Result<Packet> Reader::read_packet(std::string_view body) const {
    constexpr std::size_t fixed = 20;
    if (body.size() < fixed) return broken("is too short for a packet");
    Packet packet;
    packet.interface = number_at<std::uint32_t>(body, 0);
    NETCUT_ASSIGN(packet.time, time_of(packet.interface, body.substr(4)));
    const std::size_t kept = number_at<std::uint32_t>(body, 12);
    packet.length = number_at<std::uint32_t>(body, 16);
    if (kept > body.size() - fixed || padded(kept) > body.size() - fixed)
        return broken("has a packet that is cut off");
    packet.bytes = {reinterpret_cast<const std::uint8_t*>(body.data()) + fixed, kept};
    const bool whole = for_each_option(body.substr(fixed + padded(kept)), [&](std::uint16_t code,
                                                                              std::string_view value) {
        if (code == comment) packet.comments.emplace_back(value);
        if (code != packet_option::flags || value.size() != sizeof(std::uint32_t)) return;
        const std::uint32_t way = number_at<std::uint32_t>(value, 0) & flag_way;
        packet.way = way == flag_inbound ? Way::inbound : way == flag_outbound ? Way::outbound : Way::unknown;
    });
    if (!whole) return broken("has an option that is cut off");
    return packet;
}

}  // namespace netcut::pcapng
