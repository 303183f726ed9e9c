// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "cli/daemon_client.h"
#include "cli/run_access.h"
#include "node/stream.h"

namespace netcut::cli {

// A run of the daemon, by its id.
class DaemonAccess : public RunAccess {
  public:
    DaemonAccess(DaemonClient client, const std::string& id)
        : client_(std::move(client)), id_(id), target_("/runs/" + encoded(id)) {}

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
    void leave() override {}  // what is under way is held by `io`
    void write_input(boost::asio::io_context& io, std::uint64_t command, std::string bytes,
                     Done done) override;
    void resize(boost::asio::io_context& io, std::uint64_t command, TerminalSize size) override;

  private:
    Result<Json> wait_for_end() const;

    DaemonClient client_;
    std::string id_, target_;
};

}  // namespace netcut::cli
