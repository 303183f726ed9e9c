// SPDX-License-Identifier: Apache-2.0
#include "kernel/netlink.h"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "kernel/attributes.h"

namespace netcut {
namespace {

// Errors of more messages than this in one go could overflow the receive buffer.
constexpr std::size_t messages_per_send = 128;
constexpr std::size_t bytes_per_send = 128 * 1024;
constexpr std::size_t markers = 2;  // the begin and the end of a transaction

std::string protocol_name(int protocol) {
    switch (protocol) {
        case NETLINK_ROUTE:
            return "rtnetlink";
        case NETLINK_NETFILTER:
            return "nftables";
        case NETLINK_SOCK_DIAG:
            return "socket diagnostics";
        default:
            return fmt::format("netlink protocol {}", protocol);
    }
}

Failure open_failure(int protocol) {
    const bool absent = errno == EPROTONOSUPPORT;
    return system_failure(fmt::format("open a {} socket", protocol_name(protocol)),
                          absent ? "this kernel lacks it; use one that is built with "
                                   "CONFIG_NF_TABLES, CONFIG_NETFILTER_NETLINK and CONFIG_INET_DIAG"
                                 : "");
}

std::string hint_for(int code) {
    switch (code) {
        case EPERM:
            return ::geteuid() != 0 ? "run it with sudo, or as root" : "";
        case EOPNOTSUPP:
        case ENOENT:
            return "this kernel may lack the feature";
        case ENOMEM:
        case ENOBUFS:
            return "the kernel is short of memory for it; try fewer nodes";
        default:
            return {};
    }
}

// The text that the kernel attaches to an error (NLMSGERR_ATTR_MSG), if it does.
std::string extended_ack(const nlmsghdr* answer) {
    if ((answer->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
    std::string text;
    for_each_attribute(answer, sizeof(nlmsgerr), [&](std::uint16_t type, const nlattr* attribute) {
        if (type == NLMSGERR_ATTR_MSG) text = mnl_attr_get_str(attribute);
    });
    return text;
}

Failure kernel_failure(const std::string& attempt, const nlmsghdr* answer, int code) {
    const std::string said = extended_ack(answer);
    std::string reason = std::strerror(code);
    if (!said.empty()) reason += "; the kernel says: " + said;
    return Failure(Error{Error::Kind::machine, attempt, code, reason, hint_for(code)});
}

}  // namespace

void Batch::append(const nlmsghdr* message, std::string attempt) {
    const std::size_t offset = bytes_.size();
    bytes_.resize(offset + NLMSG_ALIGN(message->nlmsg_len));
    std::memcpy(bytes_.data() + offset, message, message->nlmsg_len);
    // libnl leaves this flag to its own sending function.
    reinterpret_cast<nlmsghdr*>(bytes_.data() + offset)->nlmsg_flags |= NLM_F_REQUEST;
    entries_.push_back({offset, std::move(attempt)});
}

nlmsghdr* Batch::message(std::size_t index) {
    return reinterpret_cast<nlmsghdr*>(bytes_.data() + entries_[index].offset);
}

std::vector<Batch> Batch::in_parts() const {
    std::vector<Batch> parts;
    const auto copy = [this](Batch& to, std::size_t index) {
        to.append(reinterpret_cast<const nlmsghdr*>(bytes_.data() + entries_[index].offset),
                  entries_[index].attempt);
    };
    for (std::size_t next = 1; next + 1 < entries_.size();) {
        Batch& part = parts.emplace_back();
        part.set_atomic();
        copy(part, 0);
        while (next + 1 < entries_.size() && part.bytes_.size() < bytes_per_send) copy(part, next++);
        copy(part, entries_.size() - 1);
    }
    return parts;
}

void NetlinkSocket::Closer::operator()(mnl_socket* socket) const {
    mnl_socket_close(socket);
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol, const NetNs* where) {
    mnl_socket* opened = nullptr;
    const auto open_here = [&]() -> Result<void> {
        opened = mnl_socket_open2(protocol, SOCK_CLOEXEC);
        if (opened == nullptr) return open_failure(protocol);
        return {};
    };
    NETCUT_TRY(where != nullptr ? where->run(open_here) : open_here());
    NetlinkSocket socket(opened);
    if (mnl_socket_bind(opened, 0, MNL_SOCKET_AUTOPID) != 0) return open_failure(protocol);
    int on = 1;
    // Without these the errors are poorer, not wrong.
    mnl_socket_setsockopt(opened, NETLINK_EXT_ACK, &on, sizeof(on));
    mnl_socket_setsockopt(opened, NETLINK_CAP_ACK, &on, sizeof(on));
    const int fd = mnl_socket_get_fd(opened);
    const int room = 32 << 20;  // as much as is allowed
    if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) != 0)
        ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
    const timeval patience{20, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return socket;
}

int NetlinkSocket::fd() const {
    return mnl_socket_get_fd(socket_.get());
}

Result<void> NetlinkSocket::send(const void* bytes, std::size_t size, const std::string& attempt) {
    if (mnl_socket_sendto(socket_.get(), bytes, size) < 0) return system_failure(attempt);
    return {};
}

Result<void> NetlinkSocket::commit(Batch& batch) {
    const std::size_t count = batch.entries_.size();
    // Of an empty transaction Linux 6.1 acknowledges nothing.
    if (batch.atomic_ && count <= markers) return {};
    Result<void> result;
    for (std::size_t first = 0; first < count;) {
        std::size_t end = batch.atomic_ ? count : first;
        const std::size_t start = batch.entries_[first].offset;
        while (end < count && end - first < messages_per_send &&
               batch.entries_[end].offset - start < bytes_per_send)
            ++end;
        // An nftables batch ends with a marker that is never acknowledged: the message before it is asked.
        const std::size_t last = batch.atomic_ ? count - markers : end - 1;
        for (std::size_t i = first; i < end; ++i) {
            nlmsghdr* header = batch.message(i);
            header->nlmsg_seq = ++sequence_;
            header->nlmsg_flags = static_cast<std::uint16_t>(i == last ? header->nlmsg_flags | NLM_F_ACK
                                                                       : header->nlmsg_flags & ~NLM_F_ACK);
        }
        const std::size_t stop = end < count ? batch.entries_[end].offset : batch.bytes_.size();
        NETCUT_TRY(send(batch.bytes_.data() + start, stop - start, batch.entries_[first].attempt));
        if (auto outcome = await(batch, first, last); !outcome && result) result = std::move(outcome);
        first = end;
    }
    return result;
}

Result<void> NetlinkSocket::commit_in_parts(const Batch& batch) {
    for (Batch& part : batch.in_parts()) NETCUT_TRY(commit(part));
    return {};
}

// Errors come for any message, an acknowledgement for the last one only. Answers are in order, so when
// that one has come, all errors have.
Result<void> NetlinkSocket::await(Batch& batch, std::size_t first, std::size_t last) {
    Result<void> result;
    const std::uint32_t first_sequence = batch.message(first)->nlmsg_seq;
    const std::uint32_t last_sequence = batch.message(last)->nlmsg_seq;
    alignas(nlmsghdr) std::array<char, 32768> buffer;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return system_failure(batch.entries_[last].attempt + ": await the kernel's answer");
        int rest = static_cast<int>(size);
        for (const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
             mnl_nlmsg_ok(answer, rest); answer = mnl_nlmsg_next(answer, &rest)) {
            if (answer->nlmsg_type != NLMSG_ERROR || answer->nlmsg_seq < first_sequence) continue;
            const int code = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(answer))->error;
            const std::size_t index = std::min<std::size_t>(first + answer->nlmsg_seq - first_sequence, last);
            if (code != 0 && result) result = kernel_failure(batch.entries_[index].attempt, answer, code);
            // A refusal of the whole nftables batch is addressed to its first message, and is all there is.
            if (answer->nlmsg_seq >= last_sequence || (batch.atomic_ && answer->nlmsg_seq == first_sequence))
                return result;
        }
    }
}

Result<void> NetlinkSocket::dump(nlmsghdr* request, const std::string& attempt,
                                 const std::function<void(const nlmsghdr*)>& each) {
    constexpr int most_tries = 20;
    request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
    for (int i = 0; i < most_tries; ++i) {
        std::vector<std::vector<char>> answers;
        NETCUT_ASSIGN(const bool consistent, answers_to(request, attempt, answers));
        if (!consistent) continue;
        for (const auto& answer : answers) each(reinterpret_cast<const nlmsghdr*>(answer.data()));
        return {};
    }
    return Failure(
        Error{Error::Kind::machine, attempt, EINTR, "it changes faster than it can be read", "try again"});
}

Result<void> NetlinkSocket::ask(nlmsghdr* request, const std::string& attempt,
                                const std::function<void(const nlmsghdr*)>& each) {
    request->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
    std::vector<std::vector<char>> answers;
    NETCUT_TRY(answers_to(request, attempt, answers));
    for (const auto& answer : answers) each(reinterpret_cast<const nlmsghdr*>(answer.data()));
    return {};
}

// False when the kernel's list changed while it was read (NLM_F_DUMP_INTR): it may lack something.
Result<bool> NetlinkSocket::answers_to(nlmsghdr* request, const std::string& attempt,
                                       std::vector<std::vector<char>>& answers) {
    request->nlmsg_seq = ++sequence_;
    NETCUT_TRY(send(request, request->nlmsg_len, attempt));
    alignas(nlmsghdr) std::array<char, 65536> buffer;
    bool consistent = true;
    for (;;) {
        ssize_t size = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return system_failure(attempt);
        int rest = static_cast<int>(size);
        for (const auto* answer = reinterpret_cast<const nlmsghdr*>(buffer.data());
             mnl_nlmsg_ok(answer, rest); answer = mnl_nlmsg_next(answer, &rest)) {
            if (answer->nlmsg_seq != sequence_) continue;
            if ((answer->nlmsg_flags & NLM_F_DUMP_INTR) != 0) consistent = false;
            if (answer->nlmsg_type == NLMSG_DONE || answer->nlmsg_type == NLMSG_ERROR) {
                // Both begin with a number: an error, or 0.
                int code = 0;
                if (mnl_nlmsg_get_payload_len(answer) >= sizeof(code))
                    std::memcpy(&code, mnl_nlmsg_get_payload(answer), sizeof(code));
                if (code < 0) return kernel_failure(attempt, answer, -code);
                return consistent;
            }
            const auto* bytes = reinterpret_cast<const char*>(answer);
            answers.emplace_back(bytes, bytes + answer->nlmsg_len);
        }
    }
}

}  // namespace netcut
