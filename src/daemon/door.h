// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <memory>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "base/time.h"
#include "daemon/run_requests.h"
#include "folder/folder.h"
#include "run/engine.h"

namespace netcut {

// Where the run of `netcut-fl run` is asked for something while it is under way, by its user alone: the kernel says who
// connects. Messages (message.h) both ways, as a daemon and its worker have them. Clients have a bound, and one that does not
// read is not waited for. Threads: that of `io`; `engine` and `folder` must outlive it.
class Door {
  public:
    Door(boost::asio::io_context& io, Engine& engine, const RunFolder& folder, std::string name)
        : io_(io), engine_(engine), folder_(folder), name_(std::move(name)), listener_(io), pause_(io) {}

    Result<void> open();

  private:
    struct Client;
    void await();
    bool accept();
    void admit(Fd connection);
    void take(Client& client, const Message& message);
    void leave(Client& client);
    Json description() const;

    boost::asio::io_context& io_;
    Engine& engine_;
    const RunFolder& folder_;
    std::string name_;
    std::string id_;
    const std::string created_ = wall_time_text(std::chrono::system_clock::now());
    boost::asio::posix::stream_descriptor listener_;
    boost::asio::steady_timer pause_;
    std::list<std::shared_ptr<Client>> clients_;
};

}  // namespace netcut
