// SPDX-License-Identifier: Apache-2.0
//
// What is seen of a run that hangs, made up.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <string>
#include <utility>

#include "record/facts.h"

namespace netcut::test {

// An established connection that a thread of process 10 waits for on descriptor 3.
inline ConnectionFacts connection(const char* local, std::uint16_t local_port, const char* remote,
                                  std::uint16_t remote_port) {
    ConnectionFacts facts;
    facts.socket.local = boost::asio::ip::make_address(local);
    facts.socket.remote = boost::asio::ip::make_address(remote);
    facts.socket.local_port = local_port;
    facts.socket.remote_port = remote_port;
    facts.socket.state = "ESTABLISHED";
    facts.awaited = true;
    facts.holders = {{10, "p", 3}};
    facts.options.emplace();
    return facts;
}

// A thread of process 10 that waits on descriptor 3 for ever.
inline ThreadFacts waiting(WaitObject object, std::string call = "recvfrom") {
    return {.process = 10,
            .program = "python3",
            .doing = ThreadDoing::waits,
            .call = std::move(call),
            .end = WaitEnd::never,
            .on = {{object, 3}}};
}

}  // namespace netcut::test
