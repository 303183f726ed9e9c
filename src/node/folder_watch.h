// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "user/user.h"

namespace netcut {

// Tells of files that change in folders (inotify(7)). One for each run: a user may have few.
class FolderWatch {
  public:
    explicit FolderWatch(boost::asio::io_context& io) : readable_(io) {}
    ~FolderWatch() { stop(); }
    FolderWatch(const FolderWatch&) = delete;
    FolderWatch& operator=(const FolderWatch&) = delete;

    // `changed` is called from the io_context with the name of a file that was made, written to or put in place.
    Result<void> add(const std::string& folder, const User& user,
                     std::function<void(const std::string& name)> changed);

  private:
    void stop();
    Result<void> open();
    void await();
    void read();

    boost::asio::posix::stream_descriptor readable_;
    std::map<int, std::vector<std::function<void(const std::string&)>>> changed_;  // by the watch's number
    std::shared_ptr<FolderWatch*> alive_ =
        std::make_shared<FolderWatch*>(this);  // a handler may still be queued
};

}  // namespace netcut
