// SPDX-License-Identifier: Apache-2.0
#include "run/run_stacks.h"

#include <algorithm>

#include "record/event.h"

namespace netcut {
namespace {

constexpr Nanoseconds longest_search = std::chrono::seconds(2);
constexpr std::size_t most_stacks = 32, most_stacks_of_all = 1024;  // of a node; of a run

}  // namespace

void RunStacks::start(std::vector<StackSeeker::NodeProcess> nodes, std::function<void()> done) {
    seeker_.emplace(run_.io, std::move(nodes), std::min(longest_search, run_.scenario.grace / 2));
    seeker_->start(std::move(done));
}

// What Python prints goes to standard error.
void RunStacks::take(std::size_t node, Stream stream, std::string_view bytes) {
    const bool is_one = run_.scenario.tty || run_.scenario.join_output;
    if (seeker_ && (is_one || stream == Stream::err)) seeker_->take(node, bytes);
}

void RunStacks::finish() {
    if (!seeker_) return;
    std::size_t told = 0;
    for (std::size_t node = 0; node < run_.nodes.size(); ++node) {
        const std::string& name = run_.nodes[node];
        event::StacksSought sum = seeker_->sum_of(node);
        std::vector<event::NodeStack> stacks = seeker_->stacks_of(node);
        for (std::size_t i = 0; i < stacks.size(); ++i)
            if (i < most_stacks && told < most_stacks_of_all && ++told > 0)
                run_.journal.add(std::move(stacks[i]), {.node = name});
            else
                ++sum.left_out;
        if (sum.aborted + sum.traced > 0 || !sum.unread.empty())
            run_.journal.add(std::move(sum), {.node = name});
    }
    seeker_.reset();
}

}  // namespace netcut
