// SPDX-License-Identifier: Apache-2.0
#include "run/work_tap.h"

#include <algorithm>

#include "base/time.h"

namespace netcut {
namespace {

Nanoseconds realtime_now() {
    return std::chrono::duration_cast<Nanoseconds>(std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace

Result<void> WorkTap::prepare() {
    if (tap_) return {};
    NETCUT_ASSIGN(PacketTap opened, PacketTap::open(fabric_.router()));
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
    return tap_->end();
}

Result<void> WorkTap::leave_out(const std::vector<TcpSocket>& sockets) {
    const std::size_t before = left_out_.size();
    for (const TcpSocket& socket : sockets)
        if (socket.state == "ESTABLISHED") left_out_.emplace(socket.local_port, socket.remote_port);
    if (!tap_ || users_ == 0 || left_out_.size() == before) return {};
    return tap_->leave_out(std::vector(left_out_.begin(), left_out_.end()));
}

Result<void> WorkTap::read() {
    if (!tap_) return {};
    tap_->read([this](const TappedPacket& packet) { connections_.take(packet.bytes, packet.time); });
    NETCUT_ASSIGN(const std::uint64_t missed, tap_->missed());
    if (missed > 0) connections_.miss();
    return {};
}

OpenedWork WorkTap::seen(const ConversationKey& key) const {
    const FirstWork* work = connections_.find(key);
    if (work == nullptr) return {};
    return {work->state(), std::max(Nanoseconds(0), realtime_now() - work->when())};
}

}  // namespace netcut
