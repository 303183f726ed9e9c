// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 over Unix sockets (Boost.Beast). Everything is bounded: headers, bodies, connections, time, and what
// one user has of each. Bodies are bytes here: nothing looks into them.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "daemon/broker/peer.h"
#include "daemon/problem.h"
#include "daemon/server/account.h"

namespace netcut {

struct HttpRequest {
    std::string method;             // "GET"
    std::vector<std::string> path;  // decoded segments: {"runs", "7f3a", "faults"}
    std::map<std::string, std::string> query;
    std::string body;
    std::shared_ptr<void> room;  // of the body among those of its user; whoever keeps the body keeps it
    Peer peer;
    std::shared_ptr<Account> account;  // the peer's
};

// The bytes of a reply that come bit by bit.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
    // Calls `then` once, now or later: whether there will be bytes. An error is answered in their place.
    virtual void begin(std::function<void(Result<void>)> then) { then({}); }
    // Calls `take` once, now or later, with some bytes; with none when it is over.
    virtual void next(std::function<void(std::string)> take) = 0;
    // The reader has gone; `take` is not to be called any more.
    virtual void abandon() = 0;
};

struct HttpReply {
    unsigned status = 200;
    std::string type = "application/json";
    std::string body;
    std::shared_ptr<ByteSource> source;  // instead of `body`
};
HttpReply reply_of(Problem problem);

using HttpResponder = std::function<void(HttpReply)>;  // to be called once, now or later
using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

struct HttpLimits {
    std::size_t header_bytes = 16 << 10;
    std::size_t body_bytes = 4 << 20;
    std::size_t user_body_bytes = 8 << 20;  // of all requests of one user
    unsigned connections = 512;             // of all users
    unsigned spare_connections = 4;         // that a user has even then
    unsigned refusals = 32;                 // that are waited for to read why
    std::chrono::seconds request_time{30};
};

// Serves what connects to a listening socket. Threads: that of `io`.
class HttpServer {
  public:
    struct Observer {
        HttpHandler handle;
        // Whether who has connected may be served at all, and with how many connections at most; else why
        // not.
        std::function<Result<unsigned>(const Peer&, Account&)> admit;
    };
    HttpServer(boost::asio::io_context& io, Fd listener, HttpLimits limits, Accounts& accounts,
               Observer observer);
    ~HttpServer();

    void start();
    void stop_listening();
    std::size_t connections() const;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace netcut
