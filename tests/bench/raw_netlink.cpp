// SPDX-License-Identifier: Apache-2.0
#include "bench/raw_netlink.h"

#include <sys/socket.h>

#include <array>

#include "bench/require.h"

namespace netcut::bench {

void RawBatch::begin(std::uint16_t type, int flags) {
    message_ = bytes_.size();
    bytes_.resize(message_ + NLMSG_HDRLEN);
    *message() = {NLMSG_HDRLEN, type, static_cast<std::uint16_t>(flags | NLM_F_REQUEST), ++messages_, 0};
}

void RawBatch::append(const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    bytes_.resize(at + NLMSG_ALIGN(size));
    std::memcpy(bytes_.data() + at, data, size);
    message()->nlmsg_len = static_cast<std::uint32_t>(bytes_.size() - message_);
}

void RawBatch::put(int type, const void* data, std::size_t size) {
    const nlattr attribute{static_cast<std::uint16_t>(NLA_HDRLEN + size), static_cast<std::uint16_t>(type)};
    append(&attribute, sizeof(attribute));
    append(data, size);
}

void RawBatch::put_text(int type, std::string_view text) {
    put(type, std::string(text).c_str(), text.size() + 1);
}

std::size_t RawBatch::open(int type) {
    const std::size_t at = bytes_.size();
    const nlattr attribute{0, static_cast<std::uint16_t>(type)};
    append(&attribute, sizeof(attribute));
    return at;
}

void RawBatch::close(std::size_t opened) {
    reinterpret_cast<nlattr*>(bytes_.data() + opened)->nla_len =
        static_cast<std::uint16_t>(bytes_.size() - opened);
}

void RawBatch::acknowledge() {
    message()->nlmsg_flags |= NLM_F_ACK;
    acknowledged_ = message()->nlmsg_seq;
}

void RawBatch::clear() {
    bytes_.clear();
    messages_ = acknowledged_ = 0;
}

RawNetlink::RawNetlink(int protocol)
    : fd_(must(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "open a netlink socket")) {
    const int room = 4 << 20;
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
    const int on = 1;
    ::setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
}

void RawNetlink::commit(const RawBatch& batch) {
    const sockaddr_nl kernel{AF_NETLINK, 0, 0, 0};
    must(::sendto(fd_.get(), batch.bytes().data(), batch.bytes().size(), 0,
                  reinterpret_cast<const sockaddr*>(&kernel), sizeof(kernel)),
         "send netlink messages");
    alignas(nlmsghdr) std::array<char, 8192> buffer;
    for (;;) {
        auto rest = must(::recv(fd_.get(), buffer.data(), buffer.size(), 0), "read a netlink answer");
        for (auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data()); NLMSG_OK(answer, rest);
             answer = NLMSG_NEXT(answer, rest)) {
            if (answer->nlmsg_type != NLMSG_ERROR) continue;
            errno = -static_cast<const nlmsgerr*>(NLMSG_DATA(answer))->error;
            must(errno == 0 ? 0 : -1, "carry out a netlink message");
            if (answer->nlmsg_seq == batch.acknowledged()) return;
        }
    }
}

}  // namespace netcut::bench
