// SPDX-License-Identifier: Apache-2.0
//
// Netlink with nothing around it: what the floors are made of.
#pragma once

#include <linux/netlink.h>

#include <cstring>
#include <span>
#include <string_view>
#include <vector>

#include "base/io.h"

namespace netcut::bench {

// Messages that are sent together; the kernel acknowledges one of them.
class RawBatch {
  public:
    template <typename Header>
    void begin(std::uint16_t type, int flags, const Header& header) {
        begin(type, flags);
        append(&header, sizeof(header));
    }
    void put(int type, const void* data, std::size_t size);
    template <typename Value>
    void put(int type, const Value& value) {
        put(type, &value, sizeof(value));
    }
    void put_text(int type, std::string_view text);  // with its terminating zero
    // Attributes and bytes up to close() lie inside the attribute `type`.
    std::size_t open(int type);
    void append(const void* data, std::size_t size);
    void close(std::size_t opened);
    // The message at hand is the one that is acknowledged.
    void acknowledge();

    void clear();
    std::uint32_t size() const { return messages_; }
    std::uint32_t acknowledged() const { return acknowledged_; }
    std::span<const char> bytes() const { return bytes_; }

  private:
    void begin(std::uint16_t type, int flags);
    nlmsghdr* message() { return reinterpret_cast<nlmsghdr*>(bytes_.data() + message_); }

    std::vector<char> bytes_;
    std::size_t message_ = 0;  // where the message at hand begins
    std::uint32_t messages_ = 0;
    std::uint32_t acknowledged_ = 0;  // its sequence number
};

class RawNetlink {
  public:
    explicit RawNetlink(int protocol);  // in the namespace of the calling thread
    // Sends it and reads answers up to the acknowledgement.
    void commit(const RawBatch& batch);

    int fd() const { return fd_.get(); }

  private:
    Fd fd_;
};

}  // namespace netcut::bench
