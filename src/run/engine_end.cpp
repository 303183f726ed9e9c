// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "folder/manifest.h"
#include "record/event.h"
#include "record/facts.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "run/run_sites.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"

namespace netcut {

void Engine::Impl::fail(Error error) {
    if (error_ || course_.phase() == RunPhase::done) return;
    error_ = std::move(error);
    journal_->add(event::RunError{error_->text(), *error_});
    course_.end(EndReason::failed);
}

void Engine::Impl::before_end(EndReason reason) {
    faults_->end_phases();
    if (phases_) phases_->stop();
    // Nobody holds one when all have ended.
    const bool is_cut_short = is_done(reason) && reason != EndReason::all_exited && any_fault_has_fired();
    const bool waited = reason == EndReason::hung || reason == EndReason::timeout;
    hung_ = reason == EndReason::hung;
    if (hang_) hang_->stop();
    if (hang_ && waited) run_->must(hang_->look(attended_));
    if (waited || is_cut_short) run_->must(socket_notes_->add_half_open());
    if (waited || any_fault_has_fired()) {
        std::vector<std::size_t> all(nodes());
        std::iota(all.begin(), all.end(), std::size_t{0});
        run_->must(socket_notes_->add(SocketMoment::end, all));
    }
    if (waited || reason == EndReason::not_ready) note_listening();
    faults_->finish();
    tcp_->finish();
    links_->finish();
    run_->must(note_sums_of_sites(*fabric_, *journal_));
}

void Engine::Impl::ends(EndReason reason, int signal) {
    journal_->add(event::RunStopping{reason, signal});
}

// Of a state that is known to be a hang, the run in which it was waited for has the lines.
void Engine::Impl::ask_to_end() {
    const bool is_known = record_.proof() && record_.proof()->proof == Proof::known;
    if (!std::exchange(hung_, false) || !scenario_.stacks || is_known) return ask_nodes_to_end();
    std::vector<StackSeeker::NodeProcess> running;
    for (std::size_t node = 0; node < nodes_->size(); ++node)
        if (nodes_->runs(node)) running.push_back({node, nodes_->pid(node)});
    stacks_->start(std::move(running), [this] { ask_nodes_to_end(); });
}

void Engine::Impl::ask_nodes_to_end() {
    nodes_->ask_to_end();
    if (preparation_) preparation_->kill();
}

void Engine::Impl::kill() {
    nodes_->kill();
    if (preparation_) preparation_->kill();
}

bool Engine::Impl::conclude() {
    if (capture_ && !capture_->end()) return false;
    proxies_->end();
    stacks_->finish();
    progress_->finish();
    safety_->finish(
        [this](std::size_t node, const std::string& file) { return nodes_->path_of(node, file); });
    faults_->finish_packets();
    if (auto written = nodes_->flush(); !written && !error_) error_ = std::move(written).error();
    if (!error_) error_ = journal_->failure();
    Facts facts = record_.facts(scenario_);
    if (error_) {
        facts.end = EndReason::failed;
        facts.error = *error_;
    }
    Verdict verdict = judge(facts);
    const Json json = verdict_json(facts, verdict, scenario_);
    verdict.exit_status = json.at("exit_status").get<int>();
    if (auto written = folder_.write_file("verdict.json",
                                          json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
        !written && !error_)
        error_ = std::move(written).error();
    journal_->add(event::RunEnded{verdict.word(), verdict.reason});
    if (journal_->failure() && !error_) error_ = journal_->failure();
    result_ = {std::move(facts), std::move(verdict), json};
    return true;
}

void Engine::Impl::done() {
    if (auto written = write_manifest(); !written && !error_) error_ = std::move(written).error();
    // Destroying the nodes and the network is left to the owner, outside of their callbacks.
    boost::asio::post(io_, [done = done_, error = error_, result = std::move(result_)] {
        if (error) return done(Failure(*error));
        done(result);
    });
}

// Last of all: what it lists is not written to any more.
Result<void> Engine::Impl::write_manifest() {
    NETCUT_ASSIGN(const FileDigests files, digest_run(folder_));
    return folder_.write_file(
        manifest_name, manifest_json(files).dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
}

// Of each fault, all firings together: what its rules have lost, as the kernel counted it.
void Engine::Impl::on_captured() {
    const auto counters = fault_network_->read_hits();
    if (!counters) fail(counters.error());
    event::CaptureEnded ended;
    for (std::size_t number = 0; counters && number < faults_->all().size(); ++number) {
        if (queues(scenario_.faults[number])) continue;
        auto& [fault, losses] = ended.losses.emplace_back();
        fault = scenario_.faults[number].name;
        for (const auto& [node, hits] : (*counters)[number])
            losses.push_back({fabric_->node(node).name, {hits.up, hits.down}});
    }
    // How far the clock was set forward since the run began.
    const Nanoseconds now = std::chrono::system_clock::now().time_since_epoch();
    ended.clock_shift_ns = Nanoseconds(now - journal_->realtime_begin() - journal_->now()).count();
    journal_->add(std::move(ended));
    course_.finish();
}

}  // namespace netcut
