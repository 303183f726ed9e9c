// SPDX-License-Identifier: Apache-2.0
#include "run/node_network.h"

#include <fcntl.h>

namespace netcut {
namespace {

class NodeInFabric : public NodeProcesses {
  public:
    NodeInFabric(boost::asio::io_context& io, const Fabric& fabric, std::size_t index, NodeSpec spec,
                 Node::Observer observer)
        : fabric_(fabric), index_(index), node_(io, std::move(spec), std::move(observer)) {}

    Result<void> start(Fd out_log, Fd err_log) override {
        return node_.start(fabric_.node(index_).ns, std::move(out_log), std::move(err_log));
    }
    const NodeSpec& spec() const override { return node_.spec(); }
    bool running() const override { return node_.running(); }
    pid_t pid() const override { return node_.pid(); }
    void signal(int number) override { node_.signal(number); }
    Result<void> signal_tree(int number) override { return node_.signal_tree(number); }
    void kill() override { node_.kill(); }
    Result<void> pause(std::optional<Nanoseconds> lease) override { return node_.pause(lease); }
    Result<void> resume() override { return node_.resume(); }
    Result<void> rewrite_hosts(const std::string& hosts) override { return node_.rewrite_hosts(hosts); }

  private:
    const Fabric& fabric_;
    const std::size_t index_;
    Node node_;
};

}  // namespace

std::unique_ptr<NodeProcesses> KernelNodeNetwork::make(std::size_t node, NodeSpec spec,
                                                       Node::Observer observer) {
    return std::make_unique<NodeInFabric>(io_, fabric_, node, std::move(spec), std::move(observer));
}

Result<std::unique_ptr<Node>> KernelNodeNetwork::start_beside(std::size_t node, NodeSpec spec,
                                                              Node::Observer observer) {
    auto command = std::make_unique<Node>(io_, std::move(spec), std::move(observer));
    const auto nowhere = [] { return Fd(::open("/dev/null", O_WRONLY | O_CLOEXEC)); };
    NETCUT_TRY(command->start(fabric_.node(node).ns, nowhere(), nowhere()));
    return command;
}

}  // namespace netcut
