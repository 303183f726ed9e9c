// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker/command.h"

#include "base/error.h"
#include "base/json.h"
#include "daemon/problem.h"
#include "node/stream.h"

namespace netcut {
namespace {

constexpr std::size_t piece = 16 << 10;

std::string text_of(const Json& line) {
    return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

Node::Observer Command::observer() {
    return {[] {}, [this](Stream stream, std::string_view bytes) { add(lines_.add(stream, bytes)); },
            [this](ExitStatus status) { exited(status); },
            [this](const Error& error) {
                add(text_of({{"problem", error_json(error)}}));
            }};
}

void Command::exited(ExitStatus status) {
    node_ = nullptr;
    exited_ = true;
    const Json exit = {{"status", status.text()}, {status.signaled ? "signal" : "exit_code", status.value}};
    add(lines_.rest() + text_of({{"exit", exit}}));
}

void Command::add(const std::string& lines) {
    waiting_ += lines;
    send();
}

void Command::taken(std::size_t bytes) {
    window_ += bytes;
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
        const std::size_t size = std::min({piece, window_, waiting_.size()});
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
