// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "cli/door_link.h"
#include "cli/run_access.h"
#include "folder/folder.h"
#include "node/stream.h"
#include "record/run_state.h"

namespace netcut::cli {

// A run by its folder. What it has written is read there, with the rights of the folder's owner; while it is under way it
// is asked for the rest (daemon/door.h).
class OwnRun : public RunAccess {
  public:
    static Result<std::unique_ptr<OwnRun>> open(const std::string& path);

    const DoorAddress& door() const { return door_; }
    const std::string& path() const { return folder_.path(); }
    bool is_under_way() const { return connect_to_door(door_).has_value(); }

    Result<Json> inspect() override;
    Result<void> logs(const std::string& node, Stream stream, bool follow, const Bytes& take) override;
    Result<void> events(std::size_t from, bool follow, const Bytes& take) override;
    Result<Json> add_fault(const Json& fault) override;
    Result<Json> fire(const std::string& fault) override;
    Result<Json> heal(const std::string& fault) override;
    Result<std::vector<std::string>> faults_that_are_on() override;
    Result<Json> stop() override;
    Result<Json> forget(bool by_force) override;
    void execute(boost::asio::io_context& io, const std::string& node, const Json& what,
                 Reader reader) override;
    void leave() override;
    void write_input(boost::asio::io_context& io, std::uint64_t command, std::string bytes,
                     Done done) override;
    void resize(boost::asio::io_context& io, std::uint64_t command, TerminalSize size) override;

  private:
    OwnRun(RunFolder folder, DoorAddress door) : folder_(std::move(folder)), door_(std::move(door)) {}
    Result<RunState> state() const;
    Result<void> read_on(const std::string& file, bool follow, const Bytes& take) const;
    void hear(const Message& message);
    void end(Result<void> result);

    RunFolder folder_;
    DoorAddress door_;
    // Of the command that is under way:
    std::shared_ptr<Channel> channel_;
    Reader reader_;
    std::map<std::uint64_t, Done> waiting_;  // for an answer, by the number of the request
    std::uint64_t last_request_ = 1;         // the command's
};

}  // namespace netcut::cli
