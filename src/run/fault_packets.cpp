// SPDX-License-Identifier: Apache-2.0
#include "run/fault_packets.h"

#include <fcntl.h>

#include "fault/log_prefix.h"
#include "fault/packet.h"
#include "scenario/fault_spec.h"

namespace netcut {

FaultPackets::FaultPackets(const FaultTable& table, const Scenario& scenario, Journal& journal,
                           ReplySender replies, Observer observer)
    : table_(table),
      scenario_(scenario),
      journal_(journal),
      replies_(std::move(replies)),
      observer_(std::move(observer)) {}

Result<std::unique_ptr<FaultPackets>> FaultPackets::open(boost::asio::io_context& io, const Fabric& fabric,
                                                         const FaultTable& table, const Scenario& scenario,
                                                         Journal& journal, Observer observer) {
    NETCUT_ASSIGN(ReplySender replies, ReplySender::open(fabric));
    std::unique_ptr<FaultPackets> one(
        new FaultPackets(table, scenario, journal, std::move(replies), std::move(observer)));
    for (const std::uint16_t group : {moment_group, reply_group}) NETCUT_TRY(one->watch(io, fabric, group));
    return one;
}

Result<void> FaultPackets::watch(boost::asio::io_context& io, const Fabric& fabric, std::uint16_t group) {
    NETCUT_ASSIGN(PacketLog log, PacketLog::open(fabric.router(), group));
    const int fd = ::fcntl(log.fd(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return system_failure("watch the log of packets");
    watches_.push_back(
        std::make_unique<Watch>(Watch{group, std::move(log), boost::asio::posix::stream_descriptor(io, fd)}));
    await(*watches_.back());
    return {};
}

void FaultPackets::await(Watch& watch) {
    watch.readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [this, &watch](boost::system::error_code error) {
                                  if (error) return;
                                  auto logged = watch.log.read();
                                  if (!logged) return observer_.failed(std::move(logged).error());
                                  if (logged->overrun || logged->lost > 0)
                                      untold_.add(journal_, logged->lost);
                                  for (const LoggedPacket& packet : logged->packets)
                                      take(watch.group, packet);
                                  await(watch);
                              });
}

void FaultPackets::take(std::uint16_t group, const LoggedPacket& packet) {
    if (!observer_.heeds()) return;
    for (std::size_t fault = 0; fault < table_.plans().size(); ++fault) {
        if (packet.prefix != fault_prefix(fault)) continue;
        if (group == reply_group) return answer(fault, packet);
        const auto header = parse_packet(packet.bytes);
        return observer_.tripped(fault, header ? packet_text(*header) : "a packet that is not IP",
                                 header ? header->length : 0, time_of(packet));
    }
}

// Another fault may have taken the link away that the answer goes out of: then it is lost, too.
void FaultPackets::answer(std::size_t fault, const LoggedPacket& packet) {
    const auto sent = replies_.answer(packet, table_.plans()[fault]);
    if (sent) return;
    unanswered_.try_emplace(fault, &event::PacketsUnanswered::packets, scenario_.faults[fault].name)
        .first->second.add(journal_, 1, {.why = sent.error().text()});
}

// The kernel's own time, unless somebody has set the clock since the run began.
Nanoseconds FaultPackets::time_of(const LoggedPacket& packet) const {
    const Nanoseconds now = journal_.now();
    if (!packet.time) return now;
    const Nanoseconds then = packet.time->time_since_epoch() - journal_.realtime_begin();
    return then <= now && then > now - std::chrono::seconds(1) ? then : now;
}

void FaultPackets::finish() {
    untold_.finish(journal_);
    for (auto& [fault, note] : unanswered_) note.finish(journal_);
}

}  // namespace netcut
