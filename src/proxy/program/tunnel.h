// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "proxy/connect_head.h"
#include "proxy/relay.h"

namespace netcut::proxy {

using Tcp = boost::asio::ip::tcp;

// One connection of a node, and the one to where it wants. What one end says the other gets, at the pace of the slower one: no more
// than a buffer is here, each way. The end of a way is passed on, and so is a reset.
class Tunnel : public std::enable_shared_from_this<Tunnel> {
  public:
    // `own`: addresses to connect from.
    Tunnel(std::uint64_t id, Tcp::socket inner, std::vector<IpAddress> own);
    ~Tunnel();

    boost::asio::awaitable<void> serve();

  private:
    struct Refusal {
        ProxyStatus status = ProxyStatus::bad_gateway;
        std::string why;
    };

    boost::asio::awaitable<bool> read_head();
    boost::asio::awaitable<void> take_head();
    boost::asio::awaitable<bool> connect();
    boost::asio::awaitable<bool> connect_to_any(Refusal& refusal);
    boost::asio::awaitable<bool> connect_to(Tcp::endpoint target, Clock::duration time, Refusal& refusal);
    boost::asio::awaitable<void> node_leaves();
    boost::asio::awaitable<void> refuse(ProxyStatus status, std::string why);
    boost::asio::awaitable<void> answer_last(std::string reply);
    boost::asio::awaitable<bool> begin();
    boost::asio::awaitable<void> carry(Tcp::socket& from, Tcp::socket& to, std::uint64_t& carried);
    boost::asio::awaitable<void> settle();
    boost::asio::awaitable<void> notice_reset(Tcp::socket& socket);
    void reset();
    void tell_end();

    const std::uint64_t id_;
    Tcp::socket inner_, outer_;
    std::vector<IpAddress> own_;
    ConnectHead head_;
    RelayEnd node_{};
    bool is_open_ = false;
    unsigned ways_ = 2;
    std::uint64_t up_ = 0, down_ = 0, reply_ = 0;  // bytes
};

}  // namespace netcut::proxy
