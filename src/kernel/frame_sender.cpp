// SPDX-License-Identifier: Apache-2.0
#include "kernel/frame_sender.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "kernel/packet_socket.h"

namespace netcut {

Result<FrameSender> FrameSender::open(std::uint32_t mark) {
    NETCUT_ASSIGN(Fd fd, open_packet_socket());
    const int on = 1, room = 4 << 20;
    if (::setsockopt(fd.get(), SOL_PACKET, PACKET_VNET_HDR, &on, sizeof(on)) != 0)
        return system_failure("send frames with what is left to compute of them");
    if (mark != 0 && ::setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) != 0)
        return system_failure("mark the frames that a socket sends");
    // As much as is allowed; the second is refused to users.
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    return FrameSender(std::move(fd));
}

FrameSender::Sent FrameSender::send(int link, std::uint32_t priority, const FrameOffload& offload,
                                    std::span<const std::uint8_t> frame) {
    if (frame.size() < sizeof(ether_header)) return Sent::never;
    if (priority != priority_) {
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_PRIORITY, &priority, sizeof(priority));
        priority_ = priority;
    }
    std::uint16_t ethertype = 0;
    std::memcpy(&ethertype, frame.data() + offsetof(ether_header, ether_type), sizeof(ethertype));
    FrameOffload header = offload;
    std::array<iovec, 2> parts{iovec{&header, sizeof(header)},
                               iovec{const_cast<std::uint8_t*>(frame.data()), frame.size()}};
    const int error = send_frame(socket_, link, ethertype, parts, MSG_DONTWAIT);
    return error == 0 ? Sent::yes : error == EAGAIN ? Sent::later : Sent::never;
}

}  // namespace netcut
