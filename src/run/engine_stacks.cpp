// SPDX-License-Identifier: Apache-2.0
//
// Where the programs of a hung run wait: found just before its nodes are ended.
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"

namespace netcut {
namespace {

constexpr Nanoseconds longest_search = std::chrono::seconds(2);
constexpr std::size_t most_stacks = 32, most_stacks_of_all = 1024;  // of a node; of a run

}  // namespace

// Whether it was begun; then the nodes are asked to end when it is over.
bool Engine::Impl::look_for_stacks() {
    if (!hung_ || !scenario_.stacks || stacks_) return false;
    std::vector<StackSeeker::NodeProcess> nodes;
    for (const auto& actor : actors_)
        if (actor->node->running()) nodes.push_back({actor->index, actor->node->pid()});
    stacks_.emplace(io_, std::move(nodes), std::min(longest_search, scenario_.grace / 2));
    stacks_->start([this] { ask_nodes_to_end(); });
    return true;
}

// What Python prints goes to standard error.
void Engine::Impl::take_for_stacks(const Actor& actor, Stream stream, std::string_view bytes) {
    const bool is_one = scenario_.tty || scenario_.join_output;
    if (stacks_ && (is_one || stream == Stream::err)) stacks_->take(actor.index, bytes);
}

void Engine::Impl::tell_stacks() {
    if (!stacks_) return;
    std::size_t told = 0;
    for (const auto& actor : actors_) {
        event::StacksSought sum = stacks_->sum_of(actor->index);
        std::vector<event::NodeStack> stacks = stacks_->stacks_of(actor->index);
        for (std::size_t i = 0; i < stacks.size(); ++i)
            if (i < most_stacks && told < most_stacks_of_all && ++told > 0)
                journal_->add(std::move(stacks[i]), {.node = actor->outcome.name});
            else
                ++sum.left_out;
        if (sum.aborted + sum.traced > 0 || !sum.unread.empty())
            journal_->add(std::move(sum), {.node = actor->outcome.name});
    }
    stacks_.reset();
}

}  // namespace netcut
