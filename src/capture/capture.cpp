// SPDX-License-Identifier: Apache-2.0
#include "capture/capture.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <array>

#include "base/io.h"
#include "base/thread.h"
#include "fault/packet.h"

namespace netcut {
namespace {

// Packets and notes of the same time come at different times, and are put in order: the kernel tells of
// packets within PacketCapture::latest, and somebody who is busy notes an event a little later.
constexpr auto put_in_order = std::chrono::milliseconds(200);
constexpr std::size_t most_waiting = 32 << 20;  // bytes; a flood is written at once, not quite in order
constexpr std::chrono::milliseconds patience(50);
constexpr auto write_at_least_every = std::chrono::milliseconds(500);

constexpr std::uint32_t ethernet_header = Capture::ethernet_header;

Nanoseconds realtime() {
    return std::chrono::system_clock::now().time_since_epoch();
}

// As it was on the wire, as far as it is known: the log has no length of its own.
std::vector<std::uint8_t> frame_of(const LoggedPacket& packet) {
    std::vector<std::uint8_t> frame = packet.link_header;
    if (frame.size() != ethernet_header) {
        frame.assign(ethernet_header, 0);
        frame[12] = static_cast<std::uint8_t>(packet.ethertype >> 8);
        frame[13] = static_cast<std::uint8_t>(packet.ethertype);
    }
    frame.insert(frame.end(), packet.bytes.begin(), packet.bytes.end());
    return frame;
}

std::uint32_t length_of(const LoggedPacket& packet) {
    const auto header = parse_packet(packet.bytes);
    const std::size_t told = header ? header->length : 0;
    return static_cast<std::uint32_t>(ethernet_header + std::max(told, packet.bytes.size()));
}

}  // namespace

Result<std::unique_ptr<Capture>> Capture::start(const Fabric& fabric, std::vector<std::string> faults,
                                                const RunFolder& folder, std::uint32_t snap_length,
                                                Observer observer) {
    NETCUT_ASSIGN(PacketLog log, PacketLog::open(fabric.router(), lost_group,
                                                 {.snap_length = logged_bytes(snap_length), .many = true}));
    NETCUT_ASSIGN(PacketCapture ring, PacketCapture::open(fabric.router(), snap_length));
    std::unique_ptr<Capture> capture(
        new Capture(std::move(ring), std::move(log), std::move(faults), std::move(observer)));
    NETCUT_TRY(folder.make_folder("pcap"));
    for (std::size_t node = 0; node < fabric.size(); ++node) {
        const NodeLink& link = fabric.node(node);
        NETCUT_ASSIGN(Fd file, folder.create_file(capture_name(link.name)));
        capture->files_.emplace_back(std::move(file), link.name, snap_length);
        capture->ports_[link.port.index] = node;
        capture->add_addresses(node, link.addresses);
    }
    NETCUT_ASSIGN(capture->thread_, start_thread("write captures", [raw = capture.get()] { raw->run(); }));
    return capture;
}

Capture::Capture(PacketCapture ring, PacketLog log, std::vector<std::string> faults, Observer observer)
    : ring_(std::move(ring)),
      log_(std::move(log)),
      faults_(std::move(faults)),
      observer_(std::move(observer)) {}

Capture::~Capture() {
    stop();
    if (thread_.joinable()) thread_.join();
}

void Capture::stop() {
    stopping_ = true;
}

void Capture::add_addresses(std::size_t node, const std::vector<IpAddress>& addresses) {
    const std::lock_guard lock(mutex_);
    for (const IpAddress& address : addresses) addresses_[address] = node;
}

void Capture::note(const std::vector<std::size_t>& nodes, Nanoseconds when, const std::string& what) {
    const std::lock_guard lock(mutex_);
    for (const std::size_t node : nodes) notes_.push_back({node, when, what});
}

void Capture::run() {
    auto written = Clock::now();
    while (!stopping_) {
        take_all(patience);
        write_until(realtime() - put_in_order);
        const bool due = Clock::now() - written > write_at_least_every;
        write_files(due);
        if (!due) continue;
        written = Clock::now();
        tell_missing();
    }
    // The last packets: both sources tell of them with a delay of their own.
    const auto deadline = Clock::now() + 2 * PacketCapture::latest + patience;
    while (Clock::now() < deadline) take_all(std::chrono::milliseconds(10));
    write_until(Nanoseconds::max());
    finish();
}

void Capture::take_all(std::chrono::milliseconds how_long) {
    std::array<pollfd, 2> sources{pollfd{ring_.fd(), POLLIN, 0}, pollfd{log_.fd(), POLLIN, 0}};
    ::poll(sources.data(), sources.size(), static_cast<int>(how_long.count()));
    ring_.read([this](const CapturedPacket& packet) { take_seen(packet); });
    if (auto taken = take_lost(); !taken) fail(std::move(taken).error());
    const auto missed = ring_.missed();
    if (!missed) return fail(missed.error());
    missed_seen_ += *missed;
    missing_.seen += *missed;
}

void Capture::tell_missing() {
    if (missing_.any()) observer_.missed(std::exchange(missing_, {}));
}

void Capture::take_seen(const CapturedPacket& packet) {
    const auto node = ports_.find(packet.link);
    if (node == ports_.end()) return;  // loopback, or the bridge itself
    keep(node->second,
         {.interface = seen_interface,
          .time = packet.time,
          .way = packet.outgoing ? pcapng::Way::outbound : pcapng::Way::inbound,
          .length = packet.length,
          .bytes = {},
          .comments = {}},
         {packet.bytes.begin(), packet.bytes.end()});
}

Result<void> Capture::take_lost() {
    NETCUT_ASSIGN(const LoggedPackets logged, log_.read());
    missing_.lost += logged.lost;
    gap_ahead_ = logged.overrun || (gap_ahead_ && logged.lost == 0);
    for (const LoggedPacket& packet : logged.packets) take_lost(packet);
    return {};
}

void Capture::take_lost(const LoggedPacket& packet) {
    const auto place = loss_place(packet.prefix);
    if (!place || place->fault >= faults_.size()) return;
    const auto node = node_of(packet, *place);
    if (!node) return;
    keep(*node,
         {.interface = lost_interface,
          .time = packet.time ? Nanoseconds(packet.time->time_since_epoch()) : realtime(),
          .way = place->up ? pcapng::Way::inbound : pcapng::Way::outbound,
          .length = length_of(packet),
          .bytes = {},
          .comments = {loss_comment(faults_[place->fault], *place)}},
         frame_of(packet));
}

// Those of a node that has no link are known by their address.
std::optional<std::size_t> Capture::node_of(const LoggedPacket& packet, const LossPlace& place) {
    if (place.by_address) {
        const auto header = parse_packet(packet.bytes);
        const std::lock_guard lock(mutex_);
        const auto found = header ? addresses_.find(header->destination) : addresses_.end();
        return found == addresses_.end() ? std::nullopt : std::optional(found->second);
    }
    const auto found = ports_.find(place.up ? packet.in_port() : packet.out_port());
    return found == ports_.end() ? std::nullopt : std::optional(found->second);
}

void Capture::keep(std::size_t node, pcapng::Packet packet, std::vector<std::uint8_t> bytes) {
    if (failed_) return;
    pending_bytes_ += sizeof(Pending) + bytes.size();
    pending_.push_back({node, std::move(packet), std::move(bytes)});
    if (pending_bytes_ > most_waiting) {
        write_until(Nanoseconds::max());
        write_files(false);
    }
}

void Capture::take_notes() {
    const std::lock_guard lock(mutex_);
    for (Note& note : notes_) files_[note.node].note(note.time, std::move(note.what));
    notes_.clear();
}

void Capture::write_until(Nanoseconds horizon) {
    take_notes();
    std::stable_sort(pending_.begin(), pending_.end(),
                     [](const Pending& a, const Pending& b) { return a.packet.time < b.packet.time; });
    std::size_t count = 0;
    for (Pending& one : pending_) {
        if (one.packet.time > horizon) break;
        one.packet.bytes = one.bytes;
        pending_bytes_ -= sizeof(Pending) + one.bytes.size();
        files_[one.node].add(std::move(one.packet));
        ++count;
    }
    pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Capture::write_files(bool all) {
    for (CaptureFile& file : files_) {
        if (failed_) return;
        if (!all && !file.is_full()) continue;
        if (auto written = file.write(); !written) fail(std::move(written).error());
    }
}

void Capture::finish() {
    take_notes();
    std::vector<CaptureTotals> totals;
    for (CaptureFile& file : files_) {
        if (failed_) break;
        auto finished = file.finish(realtime(), missed_seen_);
        if (finished)
            totals.push_back(*finished);
        else
            fail(std::move(finished).error());
    }
    missing_.more_lost = gap_ahead_;
    tell_missing();
    observer_.ended(std::move(totals));
}

void Capture::fail(Error error) {
    if (std::exchange(failed_, true)) return;
    pending_.clear();
    pending_bytes_ = 0;
    observer_.failed(std::move(error));
}

}  // namespace netcut
