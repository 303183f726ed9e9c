// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "base/time.h"
#include "daemon/server/broker_link.h"
#include "daemon/server/http.h"

namespace netcut {

// What a user's runs can do on this machine, as `netcut-fl doctor --json` says with the rights of such a run. It is
// asked once at a time, however often the user wants to know, and what it says is good for a while. It is a process
// of the user, who may make it say anything: no other user hears of it.
class Examiner {
  public:
    Examiner(boost::asio::io_context& io, BrokerLink& broker) : io_(io), broker_(broker) {}

    void examine(const Peer& who, const Limits& limits, HttpResponder respond);

  private:
    struct Knowledge {
        std::vector<HttpResponder> waiting;
        std::optional<std::string> text;
        Clock::time_point until;
    };
    void begin(const Peer& who, const Limits& limits);
    void finish(uid_t user, std::optional<std::string> text);

    boost::asio::io_context& io_;
    BrokerLink& broker_;
    std::map<uid_t, Knowledge> known_;  // what is out of date and not waited for is left out
};

}  // namespace netcut
