// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "daemon/server/broker_link.h"
#include "daemon/server/http.h"
#include "daemon/server/run_record.h"
#include "user/user.h"

namespace netcut {

// A file of a run's folder, opened with its owner's rights and read from an offset on; if it is followed, until
// the run is over. What cannot be opened is an error at the begin, or, after a prefix, a line `problem` at the
// end. Its disk may not answer for ever: the broker opens it on a thread of its own, and each look at it is on
// one of ours, which alone touches what is marked so below, and may outlive everything but the process. What
// stands in the file is its user's: no look reads or keeps more than a bound, and its CPU time is the user's.
class FileSource : public ByteSource, public std::enable_shared_from_this<FileSource> {
  public:
    struct What {
        User user;
        std::string folder, file;
        std::uint64_t offset = 0;  // in bytes
        std::uint64_t skip = 0;    // lines after it
        bool lines = false;        // only whole lines; journal.torn says that there is more
        bool follow = false;
        // Takes each line in place of the reader, on the thread of a look; may be empty.
        std::function<void(std::string_view line)> reduce{};
        std::function<bool()> over;           // the run: nothing will be added
        std::string prefix;                   // before it; may be empty
        std::function<std::string()> suffix;  // after it; may be empty
        std::function<void()> abandoned;      // the reader went before the end; may be empty
        std::function<void()> refused;        // it cannot be read; may be empty
    };
    FileSource(boost::asio::io_context& io, BrokerLink& broker, const HttpRequest& asked, What what);

    void begin(std::function<void(Result<void>)> then) override;
    void next(std::function<void(std::string)> take) override;
    void abandon() override;

  private:
    // On the thread of a look:
    std::string look();
    std::string read(std::size_t size) const;
    std::string read_lines();
    void skip_lines(std::string& lines);
    void reduce(std::string& lines) const;
    // On that of `io`:
    void go_on();
    void ask_for_file();
    void take_file(Result<Fd> file, bool over);
    void begin_look();
    void finish_look(std::string bytes, bool over, Nanoseconds cpu_time);
    void later();
    std::string end();

    BrokerLink& broker_;
    Peer asked_by_;
    What what_;  // offset and skip: the look's
    std::shared_ptr<Account> account_;
    boost::asio::steady_timer timer_;
    Fd file_;
    std::optional<Error> failure_;  // why there is no file
    std::size_t torn_ = 0;          // bytes of a line without an end; the look's
    bool more_ = false;             // the look ended before the file did; the look's
    bool is_journal_ = true;        // no line of it is longer than a line may be; the look's
    std::atomic<bool> abandoned_ = false;
    std::function<void(Result<void>)> begun_;
    std::function<void(std::string)> take_;
    bool ended_ = false;
};

}  // namespace netcut
