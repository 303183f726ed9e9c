// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "netcut/netcut.h"

namespace netcut::v1 {

// All of a file that may be anything; none: it is no regular file, or has more bytes than `most`.
std::optional<std::string> read_file_of_run(const std::string& path, std::size_t most);

// The journal of a run, from its beginning on, as it grows.
class JournalTail {
  public:
    // `folder`: of the run. What is there already is read.
    explicit JournalTail(const std::string& folder);
    // Waits for a journal that is made from now on: one that is there is that of an earlier run.
    static JournalTail of_next(const std::string& folder);
    ~JournalTail();
    JournalTail(JournalTail&& other) noexcept;
    JournalTail& operator=(JournalTail&&) = delete;

    // Whether there is a journal, now.
    bool is_there();
    // The next whole line that is an event, without waiting; none: there is none yet.
    std::optional<Event> next();

  private:
    using Identity = std::pair<dev_t, ino_t>;
    JournalTail(std::string path, std::optional<Identity> earlier);
    void open();
    bool read_more();

    std::string path_;
    std::optional<Identity> earlier_;
    int fd_ = -1;
    std::string pending_;
    std::size_t begin_ = 0;  // of what was not handed out, in pending_
};

}  // namespace netcut::v1
