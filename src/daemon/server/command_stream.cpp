// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/command_stream.h"

#include "daemon/message.h"

namespace netcut {

bool CommandStream::put(const std::string& bytes) {
    if (waiting_.size() + bytes.size() > stream_window) return false;
    waiting_ += bytes;
    hand_over();
    return true;
}

void CommandStream::finish() {
    finished_ = true;
    hand_over();
}

void CommandStream::next(std::function<void(std::string)> take) {
    take_ = std::move(take);
    hand_over();
}

void CommandStream::abandon() {
    take_ = nullptr;
    waiting_.clear();
    if (!std::exchange(finished_, true)) observer_.left();
}

void CommandStream::hand_over() {
    if (!take_ || (waiting_.empty() && !finished_)) return;
    const std::string bytes = std::exchange(waiting_, {});
    if (!bytes.empty() && !finished_) observer_.taken(bytes.size());
    std::exchange(take_, nullptr)(bytes);
}

}  // namespace netcut
