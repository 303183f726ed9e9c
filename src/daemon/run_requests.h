// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>

#include "base/error.h"
#include "base/json.h"
#include "daemon/command.h"
#include "run/engine.h"

namespace netcut {

// What one channel asks of a run that is under way: of a daemon's worker, or of one's own run (door.h). What comes along
// it is checked, since it may be anything. Threads: that of the engine.
class RunRequests {
  public:
    // What is held while the text of a request is read, which may take long.
    using Patience = std::function<std::shared_ptr<void>(const Message& request)>;
    RunRequests(Engine& engine, std::shared_ptr<Channel> channel, Patience patience = {})
        : engine_(engine), channel_(std::move(channel)), patience_(std::move(patience)) {}

    // Carries it out, and answers. False: it is no request.
    bool take(const Message& message);
    // Nobody is there any more: the commands end. This object has to live until they are over.
    void leave();
    bool over();

  private:
    void obey(const Message& message);
    void answer(const Message& message, const Result<Json>& done);
    Result<Json> carry_out(const Message& message);
    Result<Json> add_fault(const Message& message);
    Result<Json> signal(const std::string& node, const std::string& body);
    Result<void> execute(const Message& message);
    Result<void> input(const Message& message);
    Result<Json> resize(const Message& message);
    Result<Command*> command_of(const Message& message);

    Engine& engine_;
    std::shared_ptr<Channel> channel_;
    Patience patience_;
    std::map<std::uint64_t, std::unique_ptr<Command>> commands_;  // by the request
};

}  // namespace netcut
