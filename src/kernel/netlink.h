// SPDX-License-Identifier: Apache-2.0
//
// Netlink sockets, and batches of messages for them. An error names the attempt and has the kernel's own text
// (extended acknowledgement, Documentation/userspace-api/netlink/intro.rst) where it gave one.
//
// Ownership: a NetlinkSocket is move-only and owns its socket. Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/netns.h"

struct nlmsghdr;
struct mnl_socket;

namespace netcut {

// Netlink messages that go to the kernel together. Building and sending are apart, so that what must be
// fast (firing a fault) is built beforehand; a batch can be sent any number of times.
class Batch {
  public:
    // Copies `message`; `attempt` is what an error will say ("add veth c3").
    void append(const nlmsghdr* message, std::string attempt);
    // The kernel takes all of it or nothing (nftables: between its begin and end messages).
    void set_atomic() { atomic_ = true; }
    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }

  private:
    friend class NetlinkSocket;
    struct Entry {
        std::size_t offset;
        std::string attempt;
    };
    nlmsghdr* message(std::size_t index);
    // The same in pieces that any socket takes, each of them atomic.
    std::vector<Batch> in_parts() const;

    std::vector<std::byte> bytes_;
    std::vector<Entry> entries_;
    bool atomic_ = false;
};

// Every call waits for the kernel's answer, 20 s at most. A netlink socket stays in the namespace in which it
// was opened, whichever thread uses it.
class NetlinkSocket {
  public:
    // `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER, NETLINK_SOCK_DIAG. `where`: null for the caller's
    // namespace.
    static Result<NetlinkSocket> open(int protocol, const NetNs* where);

    // For waiting until the kernel says something by itself.
    int fd() const;
    // Sends the batch and waits until the kernel has carried it out. The first message that failed is the
    // error; of a batch that is not atomic the other messages took effect all the same.
    Result<void> commit(Batch& batch);
    // As commit, in as many transactions as it takes: one is bounded by the buffer of a socket, and more than
    // the sysctl net.core.wmem_max is only for the host's root. For what nothing depends on before all of it
    // is there.
    Result<void> commit_in_parts(const Batch& batch);
    // Sends one request with NLM_F_DUMP and hands each answer to `each`, when all have come and are
    // consistent.
    Result<void> dump(nlmsghdr* request, const std::string& attempt,
                      const std::function<void(const nlmsghdr*)>& each);
    // As dump, for a request whose answers are counted by what it asks for.
    Result<void> ask(nlmsghdr* request, const std::string& attempt,
                     const std::function<void(const nlmsghdr*)>& each);

  private:
    struct Closer {
        void operator()(mnl_socket* socket) const;
    };
    explicit NetlinkSocket(mnl_socket* socket) : socket_(socket) {}
    Result<void> send(const void* bytes, std::size_t size, const std::string& attempt);
    Result<void> await(Batch& batch, std::size_t first, std::size_t last);
    Result<bool> answers_to(nlmsghdr* request, const std::string& attempt,
                            std::vector<std::vector<char>>& answers);

    std::unique_ptr<mnl_socket, Closer> socket_;
    std::uint32_t sequence_ = 0;
};

}  // namespace netcut
