// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/parcel.h"

#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace netcut {
namespace {

constexpr std::size_t max_parcel = 32 << 10;
constexpr std::size_t max_fds = 4;

struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(max_fds * sizeof(int))> bytes{};
};

std::vector<Fd> fds_of(msghdr& header) {
    std::vector<Fd> fds;
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        std::array<int, max_fds> numbers{};
        const std::size_t count = std::min((part->cmsg_len - CMSG_LEN(0)) / sizeof(int), max_fds);
        std::memcpy(numbers.data(), CMSG_DATA(part), count * sizeof(int));
        for (std::size_t i = 0; i < count; ++i) fds.emplace_back(numbers[i]);
    }
    return fds;
}

}  // namespace

Result<void> send_parcel(int socket, const Message& message, std::span<const int> fds) {
    std::string bytes = encoded(message);
    iovec part{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    Control control;
    if (!fds.empty()) {
        header.msg_control = control.bytes.data();
        header.msg_controllen = CMSG_SPACE(fds.size_bytes());
        cmsghdr* with = CMSG_FIRSTHDR(&header);
        with->cmsg_level = SOL_SOCKET;
        with->cmsg_type = SCM_RIGHTS;
        with->cmsg_len = CMSG_LEN(fds.size_bytes());
        std::memcpy(CMSG_DATA(with), fds.data(), fds.size_bytes());
    }
    while (::sendmsg(socket, &header, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return system_failure("ask netcut-fld's broker");
    return {};
}

std::optional<Parcel> receive_parcel(int socket) {
    std::string bytes(max_parcel, '\0');
    iovec part{bytes.data(), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    Control control;
    header.msg_control = control.bytes.data();
    header.msg_controllen = control.bytes.size();
    ssize_t count = 0;
    while ((count = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) < 0)
        if (errno != EINTR) return {};
    std::vector<Fd> fds = fds_of(header);
    MessageReader reader(max_parcel);
    reader.add(std::string_view(bytes).substr(0, static_cast<std::size_t>(count)));
    auto message = reader.next();
    if (!message) return {};
    return Parcel{std::move(*message), std::move(fds)};
}

}  // namespace netcut
