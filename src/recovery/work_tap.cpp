// SPDX-License-Identifier: Apache-2.0
#include "recovery/work_tap.h"

#include <algorithm>

#include "base/time.h"
#include "fabric/addresses.h"
#include "fabric/sites.h"

namespace netcut {
namespace {

Nanoseconds realtime_now() {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

WorkTap::WorkTap(const Fabric& fabric) : fabric_(fabric), revealer_(fabric.sites()) {
    const Sites* sites = fabric.sites();
    for (std::size_t site = 0; sites != nullptr && site < sites->size(); ++site)
        if ((*sites)[site].relays() != nullptr)
            for (const IpAddress& proxy : (*sites)[site].addresses()) connections_.know_proxy(proxy);
}

Result<void> WorkTap::prepare() {
    if (tap_) return {};
    PacketTap::Room room{.links_below = first_site_link};
    if (fabric_.sites() != nullptr) room.links_too = fabric_.sites()->ports_to_proxies();
    NETCUT_ASSIGN(PacketTap opened, PacketTap::open(fabric_.router(), room));
    tap_.emplace(std::move(opened));
    return {};
}

Result<void> WorkTap::begin() {
    if (users_++ > 0) return {};
    NETCUT_TRY(prepare());
    return tap_->begin();
}

// It stays open: the kernel takes tens of milliseconds to close it, in which nothing could be cut or healed.
Result<void> WorkTap::end() {
    if (users_ == 0 || --users_ > 0 || !tap_) return {};
    left_out_.clear();
    connections_.forget();  // they are to the next watch what was there before it
    return tap_->end();
}

Result<void> WorkTap::leave_out(const std::vector<TcpSocket>& sockets) {
    bool any = false;
    for (const TcpSocket& socket : sockets)
        if (socket.state == "ESTABLISHED")
            any = leave_out(PacketTap::Ports(socket.local_port, socket.remote_port)) || any;
    if (!any || !tap_ || users_ == 0) return {};
    return tap_->leave_out(left_out_);
}

// Whether it was not left out before.
bool WorkTap::leave_out(const PacketTap::Ports& ports) {
    if (std::find(left_out_.begin(), left_out_.end(), ports) != left_out_.end()) return false;
    if (left_out_.size() == PacketTap::most_left_out) left_out_.erase(left_out_.begin());
    left_out_.push_back(ports);
    return true;
}

Result<void> WorkTap::read() {
    if (!tap_) return {};
    bool other_filter = false;
    tap_->read([&](const TappedPacket& packet) {
        const auto change = connections_.take(revealer_.reveal(packet.bytes), packet.time);
        if (change) other_filter = note(*change) || other_filter;
    });
    NETCUT_ASSIGN(const std::uint64_t missed, tap_->missed());
    if (missed > 0) connections_.miss();
    if (!other_filter || users_ == 0) return {};
    return tap_->leave_out(left_out_);
}

// Whether it changes what is left out: what is known of a connection does not have to be seen any more.
bool WorkTap::note(const OpenedConnections::Change& change) {
    const PacketTap::Ports ports{std::get<1>(change.key), std::get<3>(change.key)};
    if (change.decided) return leave_out(ports);
    const PacketTap::Ports turned{ports.second, ports.first};
    if (std::erase_if(left_out_, [&](const auto& one) { return one == ports || one == turned; }) == 0)
        return false;
    connections_.miss(change.key);  // its first packets were left out as if of an earlier one
    return true;
}

OpenedWork WorkTap::seen(const ConversationKey& key) const {
    const FirstWork* work = connections_.find(key);
    if (work == nullptr) return {};
    const auto ago = [](Nanoseconds when) { return std::max(Nanoseconds(0), realtime_now() - when); };
    const auto exchanged = connections_.exchanged(key);
    if (work->state() == WorkState::any_data && exchanged) return {WorkState::work, ago(*exchanged)};
    return {work->state(), ago(work->when())};
}

}  // namespace netcut
