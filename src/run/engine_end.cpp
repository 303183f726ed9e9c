// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <numeric>

#include "base/error.h"
#include "base/json.h"
#include "folder/manifest.h"
#include "kernel/sockdiag.h"
#include "record/event.h"
#include "record/facts.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "sockets/sockets.h"
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
    for (const auto& trigger : phase_triggers_) trigger->end();
    if (phases_) phases_->stop();
    // Nobody holds one when all have ended.
    const bool is_cut_short = is_done(reason) && reason != EndReason::all_exited && any_fault_has_fired();
    const bool waited = reason == EndReason::hung || reason == EndReason::timeout;
    if (stuck_) stuck_->stop();
    if (waited) look_at_waits();
    if (waited || is_cut_short) sample_half_open();
    if (waited || any_fault_has_fired()) sample_sockets(SocketMoment::end, all_nodes());
    if (waited || reason == EndReason::not_ready) sample_listening();
    for (const auto& fault : faults_) fault->finish();
}

void Engine::Impl::ends(EndReason reason, int signal) {
    journal_->add(event::RunStopping{reason, signal});
}

void Engine::Impl::ask_to_end() {
    for (const auto& actor : actors_) actor->node->signal(SIGTERM);
    for (const auto& guest : guests_) guest->kill();
    if (preparation_) preparation_->kill();
}

void Engine::Impl::kill() {
    for (const auto& actor : actors_) actor->node->kill();
    if (preparation_) preparation_->kill();
}

bool Engine::Impl::conclude() {
    if (end_capture()) return false;
    for (auto& [number, line] : expected_lines_) tell_expected(number, line);
    note_safety();
    untold_.finish(*journal_);
    for (auto& [number, note] : unanswered_) note.finish(*journal_);
    if (auto written = log_times_ ? log_times_->flush() : Result<void>(); !written && !error_)
        error_ = std::move(written).error();
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

std::vector<std::size_t> Engine::Impl::all_nodes() const {
    std::vector<std::size_t> nodes(fabric_->size());
    std::iota(nodes.begin(), nodes.end(), std::size_t{0});
    return nodes;
}

void Engine::Impl::sample_sockets(SocketMoment moment, const std::vector<std::size_t>& nodes) {
    for (const std::size_t index : nodes) {
        auto read = sockets_->read(index);
        if (!read) return fail(std::move(read).error());
        journal_->add(event::SocketsSeen{moment, std::move(*read)}, {.node = fabric_->node(index).name});
    }
}

// Where the aggregator can be reached: who listens on the loopback device alone is reached by nobody.
void Engine::Impl::sample_listening() {
    constexpr std::size_t most = 16;
    if (std::exchange(told_listening_, true) || !fabric_ || !actors_.front()->node->running()) return;
    auto read = sockets_->read_listening(0);
    if (!read) return fail(std::move(read).error());
    event::NodeListening told;
    for (const TcpSocket& socket : *read)
        if (told.addresses.size() < most)
            told.addresses.push_back(end_point_text(socket.local, socket.local_port));
    told.reachable = std::any_of(read->begin(), read->end(),
                                 [](const TcpSocket& socket) { return !socket.local.is_loopback(); });
    journal_->add(std::move(told), {.node = actors_.front()->outcome.name});
}

void Engine::Impl::sample_half_open() {
    auto sampled = netcut::sample_half_open(*fabric_, *sockets_);
    if (!sampled) return fail(std::move(sampled).error());
    for (const HalfOpen& half : *sampled)
        journal_->add(event::HalfOpenSeen{half.socket, half.peer, half.address_gone}, {.node = half.node});
}

}  // namespace netcut
