// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "node/node.h"
#include "node/stream.h"

namespace netcut::cli {

// A run that somebody wants to look into, or to have something done to: of the daemon (daemon_access.h), or one's own,
// by its folder (own_run.h). Errors say what the run answers.
class RunAccess {
  public:
    using Bytes = std::function<void(std::string_view)>;
    virtual ~RunAccess() = default;

    virtual Result<Json> inspect() = 0;
    // With `follow` until the run is over.
    virtual Result<void> logs(const std::string& node, Stream stream, bool follow, const Bytes& take) = 0;
    virtual Result<void> events(std::size_t from, bool follow, const Bytes& take) = 0;
    virtual Result<Json> add_fault(const Json& fault) = 0;
    virtual Result<Json> fire(const std::string& fault) = 0;
    virtual Result<Json> heal(const std::string& fault) = 0;
    virtual Result<std::vector<std::string>> faults_that_are_on() = 0;
    virtual Result<Json> stop() = 0;  // in order; waits for its end
    virtual Result<Json> forget(bool by_force) = 0;

    // A command beside a node, on `io`, which must outlive it. `bytes` has lines of JSON, and `ended` comes once: their end,
    // or why there are none.
    struct Reader {
        Bytes bytes;
        std::function<void(Result<void>)> ended;
    };
    using Done = std::function<void(Result<void>)>;
    virtual void execute(boost::asio::io_context& io, const std::string& node, const Json& what,
                         Reader reader) = 0;
    // Lets go of it, before `io` goes.
    virtual void leave() = 0;
    // `command`: as its stream says first. One at a time.
    virtual void write_input(boost::asio::io_context& io, std::uint64_t command, std::string bytes,
                             Done done) = 0;
    virtual void resize(boost::asio::io_context& io, std::uint64_t command, TerminalSize size) = 0;
};

// By what a user calls it: an id or its beginning, a folder or the beginning of the name of one in netcut-runs, or
// "latest". With a `socket` only the daemon there is asked.
Result<std::unique_ptr<RunAccess>> reach_run(const std::string& run,
                                             const std::optional<std::string>& socket);

// One's own runs that are under way and no daemon's, as `ps` lists them; root's: those of all users. One that does not
// answer within a second has the state "silent", and says why in "trouble".
std::vector<Json> own_runs();

}  // namespace netcut::cli
