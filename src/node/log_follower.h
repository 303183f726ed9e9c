// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/io.h"
#include "node/folder_watch.h"
#include "user/user.h"

namespace netcut {

// Follows a file that a node writes its log to, as tail -F does: also when it is made later, cut short or replaced.
// What it had before is not this run's. A copy is kept.
class LogFollower : public std::enable_shared_from_this<LogFollower> {
  public:
    struct Observer {
        std::function<void(std::string_view)> bytes;
        std::function<void(Error)> failed;  // it can be followed no longer, or its copy cannot be written
    };
    LogFollower(boost::asio::io_context& io, std::string path, User user, Fd copy, Observer observer);

    Result<void> start(FolderWatch& folders);
    // Shows at once what is there: the node has ended.
    void drain();

  private:
    bool open();
    bool read_piece();
    void read_on();
    bool is_replaced();
    void fail(Error error);

    boost::asio::io_context& io_;
    const std::string path_;
    const User user_;
    Fd copy_, file_;
    Observer observer_;
    bool reads_on_ = false;  // and will go on in the next turn of the loop
};

}  // namespace netcut
