// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>

#include "daemon/server/http.h"
#include "daemon/server/run_record.h"

namespace netcut {

// A file of a run's folder, read with its owner's rights from an offset on; if it is followed, until `over`
// says that nothing will be added. Its disk may not answer for ever: each look at it is on a thread of its
// own, which alone touches what is marked so below, and may outlive everything but the process.
class FileSource : public ByteSource, public std::enable_shared_from_this<FileSource> {
  public:
    struct What {
        User user;
        std::string folder, file;
        std::uint64_t offset = 0;  // in bytes
        std::uint64_t skip = 0;    // lines after it
        bool lines = false;        // whole lines alone; the rest of a torn one is told of as journal.torn
        bool follow = false;
        std::function<bool()> over;           // of a followed one
        std::string prefix;                   // before it
        std::function<std::string()> suffix;  // after it; may be empty
        std::function<void()> abandoned;      // the reader went before the end; may be empty
    };
    FileSource(boost::asio::io_context& io, What what);

    void next(std::function<void(std::string)> take) override;
    void abandon() override;

  private:
    // On the thread of a look:
    Result<void> open();
    std::string read();
    std::string read_on();
    std::string whole_lines(std::string bytes);
    // On that of `io`:
    void look();
    void look_again();
    void finish_look(std::string bytes, bool over);
    std::string end();

    What what_;  // offset and skip: the look's
    boost::asio::steady_timer timer_;
    Fd file_;              // the look's
    std::string partial_;  // the look's
    std::function<void(std::string)> take_;
    bool ended_ = false;
};

// What comes from elsewhere, kept until it is read.
class QueueSource : public ByteSource {
  public:
    void put(std::string bytes);
    void finish();
    void next(std::function<void(std::string)> take) override;
    void abandon() override { take_ = nullptr; }

  private:
    void hand_over();
    std::string waiting_;
    bool finished_ = false;
    std::function<void(std::string)> take_;
};

}  // namespace netcut
