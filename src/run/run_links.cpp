// SPDX-License-Identifier: Apache-2.0
#include "run/run_links.h"

#include "record/event.h"
#include "scenario/link.h"

namespace netcut {
namespace {

// A line of the journal of some hundred kilobytes every ten seconds, whatever the number of nodes.
constexpr std::size_t sides_in_a_second = 200;

Nanoseconds window_of(std::size_t sides) {
    return std::chrono::seconds(1 + sides / sides_in_a_second);
}

}  // namespace

Result<void> RunLinks::prepare() {
    if (run_.scenario.link.empty()) return {};
    NETCUT_TRY(keep_traces());
    for (std::size_t node = 0; node < fabric_.size(); ++node) {
        NETCUT_ASSIGN(const LinkPlan plan, link_plan(run_.scenario, node));
        if (!plan.any()) continue;
        event::NodeLink told;
        const std::string& name = fabric_.node(node).name;
        for (const bool up : {true, false})
            if (const auto& side = up ? plan.up : plan.down) {
                NETCUT_ASSIGN((up ? told.up : told.down), told_of(*side, name, up));
            }
        if (plan.up) sides_.push_back({node, true, plan.up->play});
        if (plan.down) sides_.push_back({node, false, plan.down->play});
        run_.journal.add(std::move(told), {.node = name});
    }
    if (sides_.empty()) return {};
    player_.emplace(run_.io, *fabric_.access(), sides_, run_.scenario.fabric.mtu, window_of(sides_.size()),
                    LinkPlayer::Observer{
                        [this](const LinkPlayer::Window& window) { note(window); },
                        [this](Error error) { run_.fail(std::move(error)); },
                        [this](const LinkPlayer::Side& side) { return network_.held(side.node, side.up); }});
    return player_->prepare();
}

// Which packets the trace loses is the evidence, as of a fault of loss.
Result<event::LinkSide> RunLinks::told_of(const LinkSide& side, const std::string& node, bool up) const {
    event::LinkSide told{.what = side.what,
                         .file = side.file,
                         .sha256 = side.sha256,
                         .mean_bit_per_s = side.play.trace->mean(),
                         .queue_bytes = side.queue_bytes};
    if (!side.play.trace->has_loss()) return told;
    told.loss_seed = side.loss_seed;
    told.losses = event::LossList{link_loss_file(node, up), side.losses.size()};
    NETCUT_TRY(run_.folder.write_file(told.losses->file, side.losses.text()));
    return told;
}

// The files may change, or not be there any more, when the run is looked at or replayed.
Result<void> RunLinks::keep_traces() const {
    if (run_.scenario.traces.empty()) return {};
    NETCUT_TRY(run_.folder.make_folder(traces_folder));
    for (const auto& [path, file] : run_.scenario.traces)
        NETCUT_TRY(run_.folder.write_file(kept_trace(file.sha256), file.text));
    return {};
}

void RunLinks::start() {
    if (!player_) return;
    run_.must(network_.begin_links());
    begun_ = Clock::now();
    run_.must(player_->start());
}

void RunLinks::note(const LinkPlayer::Window& window) {
    const auto begin = run_.journal.begin();
    event::LinksSeen seen{.from_ns = window.from - begin, .to_ns = window.to - begin};
    for (std::size_t i = 0; i < sides_.size(); ++i) {
        const std::string& name = fabric_.node(sides_[i].node).name;
        if (seen.nodes.empty() || seen.nodes.back().first != name) seen.nodes.push_back({name, {}});
        auto& use = seen.nodes.back().second;
        const LinkPlayer::Flow& flow = window.flows[i];
        (sides_[i].up ? use.up : use.down) =
            event::LinkFlow{flow.capacity,
                            flow.delivered,
                            flow.lost,
                            flow.waiting,
                            span_of(sides_[i].play, window.from - begun_, window.to - begun_).delay,
                            flow.held.packets,
                            flow.held.lost};
    }
    const Nanoseconds when = seen.to_ns;
    run_.journal.add_at(when, std::move(seen));
}

void RunLinks::finish() {
    if (!player_ || std::exchange(ending_, true)) return;
    player_->stop();
    const LinkPlayer::Sum& sum = player_->sum();
    run_.journal.add(event::LinksSummed{sum.changes, sum.latest, sum.cpu});
}

}  // namespace netcut
