// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/io.h"
#include "daemon/broker/parcel.h"
#include "daemon/broker/peer.h"
#include "daemon/limits.h"
#include "user/user.h"

namespace netcut {

// The daemon's end of its broker (broker.h). Answers come on the thread of `io`; without its broker the daemon
// is of no use, and ends.
class BrokerLink {
  public:
    enum class Program { worker, examination };
    struct Ended {
        int status = 0;                  // as waitpid(2) has it
        std::optional<Error> unstarted;  // why it was never started
    };
    BrokerLink(boost::asio::io_context& io, Fd socket);

    // Starts a program as `who`, with these limits and descriptors. The number is for kill().
    std::uint64_t launch(const Peer& who, Program program, const Limits& limits, int in, int out,
                         std::function<void(Ended)> ended);
    void kill(std::uint64_t launched);
    // Opens a file in the folder of a run of `owner`, with the owner's rights. `who` asks: the owner, or root.
    // ENOENT: there is none, or no such folder of a run.
    void open(const Peer& who, const User& owner, const std::string& folder, const std::string& file,
              std::function<void(Result<Fd>)> opened);

  private:
    void listen();
    void take(Parcel parcel);

    boost::asio::posix::stream_descriptor socket_;
    std::uint64_t last_id_ = 0;
    std::map<std::uint64_t, std::function<void(Ended)>> launched_;
    std::map<std::uint64_t, std::function<void(Result<Fd>)>> asked_;
};

}  // namespace netcut
