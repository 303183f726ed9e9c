// SPDX-License-Identifier: Apache-2.0
#include "recovery/tls_hello.h"

#include <algorithm>

namespace netcut {
namespace {

using HelloBytes = std::span<const std::uint8_t>;

constexpr std::uint8_t client_hello = 1, server_hello = 2;
constexpr std::size_t handshake_header = 4, version_bytes = 2, random_bytes = 32;
constexpr unsigned alpn = 16, supported_versions = 43, psk_key_exchange_modes = 45, tls_13 = 0x0304;
constexpr std::uint8_t retry_random[] = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11};

// Reads on; from what is not there nothing comes.
class HelloReader {
  public:
    explicit HelloReader(HelloBytes bytes) : left_(bytes) {}
    HelloBytes take(std::size_t count) {
        const HelloBytes taken = left_.first(std::min(count, left_.size()));
        left_ = left_.subspan(taken.size());
        return taken;
    }
    unsigned number(std::size_t bytes) {
        unsigned value = 0;
        for (const std::uint8_t byte : take(bytes)) value = value << 8 | byte;
        return value;
    }
    HelloBytes vector(std::size_t length_bytes) { return take(number(length_bytes)); }
    bool any() const { return !left_.empty(); }

  private:
    HelloBytes left_;
};

bool names_http2(HelloBytes protocols) {
    HelloReader list(protocols);
    for (HelloReader names(list.vector(2)); names.any();) {
        const HelloBytes name = names.vector(1);
        if (name.size() == 2 && name[0] == 'h' && name[1] == '2') return true;
    }
    return false;
}

}  // namespace

TlsHello parse_tls_hello(std::span<const std::uint8_t> message) {
    TlsHello hello;
    HelloReader reader(message);
    const HelloBytes header = reader.take(handshake_header);
    if (header.size() < handshake_header || header[0] < client_hello || header[0] > server_hello)
        return hello;
    const bool from_client = header[0] == client_hello;
    reader.take(version_bytes);
    const HelloBytes random = reader.take(random_bytes);
    hello.is_retry = !from_client && random.size() == random_bytes &&
                     std::equal(std::begin(retry_random), std::end(retry_random), random.begin());
    reader.vector(1);                                 // session
    from_client ? reader.vector(2) : reader.take(2);  // cipher suites
    from_client ? reader.vector(1) : reader.take(1);  // compression
    for (HelloReader extensions(reader.vector(2)); extensions.any();) {
        const unsigned type = extensions.number(2);
        HelloReader body(extensions.vector(2));
        if (type == alpn) hello.offers_http2 = names_http2(body.take(SIZE_MAX));
        if (type == psk_key_exchange_modes) hello.takes_tickets = true;
        if (type == supported_versions && !from_client) hello.is_13 = body.number(2) == tls_13;
    }
    return hello;
}

}  // namespace netcut
