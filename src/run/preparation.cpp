// SPDX-License-Identifier: Apache-2.0
#include "run/preparation.h"

#include "kernel/netns.h"

namespace netcut {

Result<void> Preparation::start() {
    NodeSpec spec;
    spec.name = "prepare";
    const ExpandContext context = run_.expand_context(spec.name, 0);
    NETCUT_ASSIGN(spec.argv, expand(run_.scenario.prepare, run_.scenario, context));
    NETCUT_ASSIGN(spec.env, expand_values(run_.scenario.env, run_.scenario, context));
    spec.cwd = run_.folder.work();
    spec.user = run_.user;
    spec.hosts = "127.0.0.1 localhost\n";
    const auto keep_tail = [this](Stream, std::string_view bytes) {
        constexpr std::size_t most = 500;
        tail_ += bytes;
        if (tail_.size() > most) tail_.erase(0, tail_.size() - most);
    };
    command_ = std::make_unique<Node>(
        run_.io, std::move(spec),
        Node::Observer{[] {}, keep_tail, [this](ExitStatus status) { on_exit(status); }, run_.fail});
    NETCUT_ASSIGN(const NetNs apart, NetNs::create());
    NETCUT_ASSIGN(Fd out, run_.folder.create_file("logs/prepare.out"));
    NETCUT_ASSIGN(Fd err, run_.folder.create_file("logs/prepare.err"));
    return command_->start(apart, std::move(out), std::move(err));
}

void Preparation::on_exit(ExitStatus status) {
    if (status.success()) return ended_({});
    ended_(usage_failure("prepare the run with " + command_->spec().argv.front(), status.text(),
                         tail_.empty() ? "it printed nothing" : "it printed: " + tail_));
}

}  // namespace netcut
