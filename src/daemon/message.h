// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace netcut {

// What the daemon and the worker of one run say to each other. A message is flat and has a bound, so that the
// daemon can read what a hostile worker sends: nothing in it recurses or grows.
struct Message {
    enum class Kind : std::uint8_t {
        // Daemon to worker, or a command of the user's to the user's own run (door.h). A body is that of the HTTP
        // request, which only the worker parses.
        run,      // the first one; WorkerOrder has its words
        stop,     // body
        fire,     // fault
        heal,     // fault
        add,      // body
        signal,   // node, body
        execute,  // node, body
        input,    // number of a command, bytes; none: the end. Answered when they are written
        resize,   // number of a command, rows, columns of its terminal
        taken,    // bytes: so many of a command's stream have reached its client
        leave,    // nobody reads a command's stream any more
        show,     // of one's own run: which one it is

        // Worker to daemon.
        node,        // name, state
        fault,       // name, kind, nodes with spaces between, "on" or ""
        accepted,    // name of the run, folder, moved, "attached" or ""
        refused,     // HTTP status, body
        unlaunched,  // what was attempted, errno; by netcut-fl-launch, where there is no worker
        answer,      // HTTP status, body
        opened,      // a command has begun
        output,      // bytes of a command's stream
        closed,      // of a command's stream: there is no more
        ended,       // exit status, word of the verdict, reason; the last one

        // Daemon to broker (broker/broker.h), with descriptors; first a connection of who asks.
        launch,  // program, processes, bytes of a file, bytes of memory; and its standard input and output
        kill,    // of the same id
        open,    // folder, file, uid, gid, groups

        // Broker to daemon.
        exited,  // wait status; or an error, if it was never started
        file,    // with its descriptor; or an error: kind, attempt, errno, reason, hint
    };
    Kind kind = Kind::run;
    std::uint64_t id = 0;  // of the request that it belongs to, if any
    std::vector<std::string> words;
};

// Bytes of a command's stream that the worker may send before the client has taken some.
constexpr std::size_t stream_window = 64 << 10;

std::string encoded(const Message& message);

// Takes messages out of a stream of bytes.
class MessageReader {
  public:
    explicit MessageReader(std::size_t max_size) : max_size_(max_size) {}

    void add(std::string_view bytes) { bytes_ += bytes; }
    // The next one, when all of it has come.
    std::optional<Message> next();
    // What came is no message, or a larger one than it may be. There is no way to go on.
    bool broken() const { return broken_; }

  private:
    std::size_t max_size_;
    std::string bytes_;
    std::size_t begin_ = 0;
    bool broken_ = false;
};

}  // namespace netcut
