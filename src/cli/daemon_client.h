// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "base/error.h"
#include "base/json.h"

namespace netcut::cli {

// Talks to a daemon: HTTP over its socket. A problem that it answers becomes an Error.
class DaemonClient {
  public:
    // `given` on the command line, else the environment, else where systemd's unit puts it.
    static std::string socket_path(const std::optional<std::string>& given);
    explicit DaemonClient(std::string socket) : socket_(std::move(socket)) {}

    bool is_there() const;
    // One request, and its answer.
    Result<Json> ask(const std::string& method, const std::string& target, const Json& body = nullptr) const;
    // The verdict that a run has left; nothing if it ended without one.
    std::optional<Json> verdict_of(const Json& run) const;
    Result<std::string> ask_text(const std::string& method, const std::string& target,
                                 const Json& body = nullptr) const;
    // A request whose answer comes bit by bit: runs on `io`, and calls `ended` at its end. The first also
    // tells that the request was granted.
    struct Reader {
        std::function<void(std::string_view)> bytes;
        std::function<void(Result<void>)> ended;
    };
    void stream(boost::asio::io_context& io, const std::string& method, const std::string& target,
                const Json& body, Reader reader) const;
    // The same, waited for.
    Result<void> stream(const std::string& method, const std::string& target, const Json& body,
                        const std::function<void(std::string_view)>& bytes) const;

  private:
    std::string socket_;
};

// Splits what comes into lines.
class Lines {
  public:
    explicit Lines(std::function<void(std::string_view)> line) : line_(std::move(line)) {}
    void take(std::string_view bytes);

  private:
    std::function<void(std::string_view)> line_;
    std::string partial_;
};

// As part of a target: "a b" becomes "a%20b".
std::string encoded(const std::string& segment);

}  // namespace netcut::cli
