// SPDX-License-Identifier: Apache-2.0
#include "daemon/command.h"

#include "base/error.h"
#include "base/json.h"
#include "daemon/problem.h"
#include "node/stream.h"
#include "record/fields_json.h"

namespace netcut {
namespace {

constexpr std::size_t piece_of_stream = 16 << 10;
constexpr std::size_t longest_input = 64 << 10;

std::string json_line(const Json& line) {
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Node::Observer Command::observer() {
    return {[] {}, [this](Stream stream, std::string_view bytes) { add(lines_.add(stream, bytes)); },
            [this](ExitStatus status) { exited(status); },
            [this](const Error& error) {
                add(json_line({{"problem", error_json(error)}}));
            }};
}

void Command::exited(ExitStatus status) {
    node_ = nullptr;
    exited_ = true;
    add(lines_.rest() + json_line({{"exit", value_json(status)}}));
}

void Command::add(const std::string& lines) {
    waiting_ += lines;
    send();
}

void Command::begin(Node* node, bool has_input) {
    node_ = node;
    if (has_input) add(json_line({{"exec", id_}}));
}

Result<void> Command::input(std::string bytes, std::function<void(bool)> then) {
    const std::string attempt = "write to the input of a command";
    if (bytes.size() > longest_input)
        return usage_failure(attempt, "it has more than 64 KiB", "write it in pieces");
    if (node_ == nullptr) return usage_failure(attempt, "the command has ended");
    if (*writing_) return usage_failure(attempt, "it has not read what was written before");
    *writing_ = true;
    node_->write_input(std::move(bytes), [writing = writing_, then = std::move(then)](bool written) {
        *writing = false;
        then(written);
    });
    return {};
}

void Command::resize(TerminalSize size) {
    if (node_ != nullptr) node_->resize_terminal(size);
}

// Who says more than it has got gets no more for it.
void Command::taken(std::size_t bytes) {
    window_ = std::min(stream_window, window_ + std::min(bytes, stream_window));
    send();
}

void Command::leave() {
    closed_ = true;
    waiting_.clear();
    if (node_ == nullptr) return;
    node_->hold_outputs(false);  // its end comes after its output
    node_->kill();
}

void Command::send() {
    if (closed_) return waiting_.clear();
    while (!waiting_.empty() && window_ > 0) {
        const std::size_t size = std::min({piece_of_stream, window_, waiting_.size()});
        channel_->send({Message::Kind::output, id_, {waiting_.substr(0, size)}});
        waiting_.erase(0, size);
        window_ -= size;
    }
    if (node_ != nullptr) node_->hold_outputs(!waiting_.empty());
    if (!exited_ || !waiting_.empty()) return;
    closed_ = true;
    channel_->send({Message::Kind::closed, id_, {}});
}

}  // namespace netcut
