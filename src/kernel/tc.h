// SPDX-License-Identifier: Apache-2.0
//
// Traffic control messages (rtnetlink(7), tc(8)) with attributes that libnl has no setter for.
#pragma once

#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "kernel/libnl.h"
#include "kernel/netlink.h"
#include "link/rate.h"

namespace netcut {

constexpr std::uint32_t egress = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS);

class TcMessage {
  public:
    static constexpr std::size_t large = 32 * 1024;  // bytes; a table of delays is 8 KiB
    static constexpr std::size_t small = 512;        // of a queue without tables
    // `kind` may be null: a request for a list names none.
    TcMessage(std::uint16_t type, const tcmsg& header, const char* kind = nullptr, std::size_t room = large)
        : message_(own<NlMsg>(nlmsg_alloc_size(room))) {
        if (nlmsg_put(message_.get(), 0, 0, type, 0, 0) == nullptr) throw std::bad_alloc();
        append(&header, sizeof(header));
        if (kind != nullptr && nla_put_string(message_.get(), TCA_KIND, kind) < 0) throw std::bad_alloc();
    }

    // A fixed structure, without an attribute of its own.
    void append(const void* data, std::size_t size) {
        if (nlmsg_append(message_.get(), const_cast<void*>(data), size, NLMSG_ALIGNTO) < 0)
            throw std::bad_alloc();
    }
    void put(int attribute, const void* data, std::size_t size) {
        if (nla_put(message_.get(), attribute, static_cast<int>(size), data) < 0) throw std::bad_alloc();
    }
    template <typename T>
    void put(int attribute, const T& value) {
        put(attribute, &value, sizeof(value));
    }
    // What `fill` puts is inside of `attribute`.
    template <typename Fill>
    void nest(int attribute, Fill fill) {
        nlattr* start = nla_nest_start(message_.get(), attribute);
        if (start == nullptr) throw std::bad_alloc();
        fill();
        nla_nest_end(message_.get(), start);
    }

    nlmsghdr* get() { return nlmsg_hdr(message_.get()); }
    void append_to(Batch& batch, std::string attempt, int flags = 0) {
        get()->nlmsg_flags |= static_cast<std::uint16_t>(flags);
        batch.append(get(), std::move(attempt));
    }

  private:
    NlMsg message_;
};

inline tcmsg tc_at(int link, std::uint32_t parent, std::uint32_t handle = 0) {
    tcmsg header{};
    header.tcm_family = AF_UNSPEC;
    header.tcm_ifindex = link;
    header.tcm_parent = parent;
    header.tcm_handle = handle;
    return header;
}

}  // namespace netcut
