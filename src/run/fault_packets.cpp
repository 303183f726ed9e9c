// SPDX-License-Identifier: Apache-2.0
#include "run/fault_packets.h"

#include <fcntl.h>

#include "fault/log_prefix.h"
#include "fault/packet.h"
#include "scenario/fault_spec.h"

namespace netcut {

FaultPackets::FaultPackets(const RunContext& run, const FaultTable& table, FaultNumbers numbers,
                           ReplySender replies, Observer observer)
    : run_(run),
      table_(table),
      numbers_(numbers),
      replies_(std::move(replies)),
      observer_(std::move(observer)) {}

Result<std::unique_ptr<FaultPackets>> FaultPackets::open(const RunContext& run, const Fabric& fabric,
                                                         const FaultTable& table, FaultNumbers numbers,
                                                         Observer observer) {
    NETCUT_ASSIGN(ReplySender replies, ReplySender::open(fabric));
    std::unique_ptr<FaultPackets> one(
        new FaultPackets(run, table, numbers, std::move(replies), std::move(observer)));
    for (const std::uint16_t group : {moment_group, reply_group})
        NETCUT_TRY(one->watch(fabric.router(), group));
    return one;
}

Result<void> FaultPackets::watch(const NetNs& router, std::uint16_t group) {
    NETCUT_ASSIGN(PacketLog log, PacketLog::open(router, group));
    const int fd = ::fcntl(log.fd(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return system_failure("watch the log of packets");
    watches_.push_back(std::make_unique<Watch>(
        Watch{group, std::move(log), boost::asio::posix::stream_descriptor(run_.io, fd)}));
    await(*watches_.back());
    return {};
}

void FaultPackets::await(Watch& watch) {
    watch.readable.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                              [this, &watch](boost::system::error_code error) {
                                  if (error) return;
                                  auto logged = watch.log.read();
                                  if (!logged) return run_.fail(std::move(logged).error());
                                  if (logged->overrun || logged->lost > 0)
                                      untold_.add(run_.journal, logged->lost);
                                  for (const LoggedPacket& packet : logged->packets)
                                      take(watch.group, packet);
                                  await(watch);
                              });
}

void FaultPackets::take(std::uint16_t group, const LoggedPacket& packet) {
    if (!observer_.is_under_way()) return;
    for (std::size_t number = 0; number < table_.plans().size(); ++number) {
        if (packet.prefix != fault_prefix(number)) continue;
        if (group == reply_group) return answer(number, packet);
        const auto header = parse_packet(packet.bytes);
        return observer_.tripped(numbers_.fault(number),
                                 header ? packet_text(*header) : "a packet that is not IP",
                                 header ? header->length : 0, time_of(packet));
    }
}

// Another fault may have taken the link away that the answer goes out of: then it is lost, too.
void FaultPackets::answer(std::size_t number, const LoggedPacket& packet) {
    const auto sent = replies_.answer(packet, table_.plans()[number]);
    if (sent) return;
    const std::size_t fault = numbers_.fault(number);
    unanswered_.try_emplace(fault, &event::PacketsUnanswered::packets, run_.scenario.faults[fault].name)
        .first->second.add(run_.journal, 1, {.why = sent.error().text()});
}

// The kernel's own time, unless somebody has set the clock since the run began.
Nanoseconds FaultPackets::time_of(const LoggedPacket& packet) const {
    const Nanoseconds now = run_.journal.now();
    if (!packet.time) return now;
    const Nanoseconds then = packet.time->time_since_epoch() - run_.journal.realtime_begin();
    return then <= now && then > now - std::chrono::seconds(1) ? then : now;
}

void FaultPackets::finish() {
    untold_.finish(run_.journal);
    for (auto& [fault, note] : unanswered_) note.finish(run_.journal);
}

}  // namespace netcut
