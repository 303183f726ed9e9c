// SPDX-License-Identifier: Apache-2.0
//
// HTTP/1.1 over Unix sockets (Boost.Beast). Everything is bounded: headers, bodies, connections, time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "daemon/server/peer.h"

namespace netcut {

struct HttpRequest {
    std::string method;             // "GET"
    std::vector<std::string> path;  // decoded segments: {"runs", "7f3a", "faults"}
    std::map<std::string, std::string> query;
    std::string body;
    Peer peer;
};

// The bytes of a reply that come bit by bit.
class ByteSource {
  public:
    virtual ~ByteSource() = default;
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

using HttpResponder = std::function<void(HttpReply)>;  // to be called once, now or later
using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

struct HttpLimits {
    std::size_t header_bytes = 16 << 10;
    std::size_t body_bytes = 4 << 20;
    unsigned connections = 512;  // of all users
    std::chrono::seconds request_time{30};
};

// Problems are told as application/problem+json (RFC 9457).
HttpReply problem(unsigned status, const std::string& title, const std::string& detail);
HttpReply problem(unsigned status, const Error& error);
HttpReply problem(const Error& error);  // usage: 400, machine: 503, internal: 500

// Serves what connects to a listening socket. Threads: that of `io`.
class HttpServer {
  public:
    struct Observer {
        HttpHandler handle;
        // Whether who has connected may be served at all, and with how many connections at most; else why
        // not.
        std::function<Result<unsigned>(const Peer&)> admit;
    };
    HttpServer(boost::asio::io_context& io, Fd listener, HttpLimits limits, Observer observer);
    ~HttpServer();

    void start();
    void stop_listening();
    std::size_t connections() const;

  private:
    class Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace netcut
