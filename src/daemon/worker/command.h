// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/channel.h"
#include "daemon/output_lines.h"
#include "node/exit_status.h"
#include "node/node.h"

namespace netcut {

// A command beside a node. What it prints goes along the channel no faster than its client takes it: as long
// as some of it waits here, the command's pipes are not read, so that a fast command waits for a slow client
// as it would in a shell.
class Command {
  public:
    Command(std::uint64_t id, std::shared_ptr<Channel> channel) : id_(id), channel_(std::move(channel)) {}

    Node::Observer observer();  // refers to this object
    // `node` lives until its end has been observed.
    void begin(Node* node) { node_ = node; }
    void taken(std::size_t bytes);
    // Its client has left: it is ended.
    void leave();
    // It has ended, and nothing of it is left to send.
    bool over() const { return closed_ && node_ == nullptr; }

  private:
    void add(const std::string& lines);
    void exited(ExitStatus status);
    void send();

    std::uint64_t id_;
    std::shared_ptr<Channel> channel_;
    Node* node_ = nullptr;
    OutputLines lines_;
    std::string waiting_;
    std::size_t window_ = stream_window;  // bytes that may be sent
    bool exited_ = false;
    bool closed_ = false;
};

}  // namespace netcut
