// SPDX-License-Identifier: Apache-2.0
//
// What a ClientHello or ServerHello (RFC 8446, 4.1) says, from any bytes: what is not there is not read. Pure.
#pragma once

#include <cstdint>
#include <span>

namespace netcut {

struct TlsHello {
    bool offers_http2 = false;  // by ALPN (RFC 7301)
    bool takes_tickets =
        false;              // it has psk_key_exchange_modes: without them nobody gets a ticket of TLS 1.3
    bool is_13 = false;     // a ServerHello of TLS 1.3
    bool is_retry = false;  // a HelloRetryRequest
};
// `message`: from the handshake's type on.
TlsHello parse_tls_hello(std::span<const std::uint8_t> message);

}  // namespace netcut
