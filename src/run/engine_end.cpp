// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <numeric>

#include "run/engine_impl.h"
#include "run/manifest.h"
#include "run/sockets.h"

namespace netcut {

void Engine::Impl::stop(int signal) {
    if (state_ == State::done) return;
    if (state_ == State::stopping) {  // asked twice: do not wait
        for (const auto& actor : actors_) actor->node->kill();
        if (preparation_) preparation_->kill();
        return;
    }
    signal_ = signal;
    end(EndReason::interrupted);
}

void Engine::Impl::fail(Error error) {
    if (error_ || state_ == State::done) return;
    error_ = std::move(error);
    journal_->add(event::RunError{error_->text(), *error_});
    end(EndReason::failed);
}

void Engine::Impl::end(EndReason reason) {
    if (state_ == State::stopping || state_ == State::done) return;
    for (const auto& trigger : phase_triggers_) trigger->end();
    if (phases_) phases_->stop();
    // Nobody holds one when all have ended.
    const bool is_cut_short = is_done(reason) && reason != EndReason::all_exited && any_fired();
    const bool waited = reason == EndReason::hung || reason == EndReason::timeout;
    if (stuck_) stuck_->stop();
    if (waited) look_at_waits();
    if (waited || is_cut_short) sample_half_open();
    if (waited || any_fired()) sample_sockets(SocketMoment::end, all_nodes());
    if (waited || reason == EndReason::not_ready) sample_listening();
    for (const auto& fault : faults_) fault->finish();
    if (state_ == State::stopping) return;  // one of these failed, and has ended the run already
    enter(State::stopping);
    journal_->add(event::RunStopping{reason, reason == EndReason::interrupted ? signal_ : 0});
    timeout_timer_.cancel();
    hang_timer_.cancel();
    ready_timer_.cancel();
    end_nodes();
}

void Engine::Impl::end_nodes() {
    const bool preparing = preparation_ && preparation_->running();
    // Never from inside a node's own callback.
    if (!any_running() && !preparing) return boost::asio::post(io_, [this] { finish(); });
    for (const auto& actor : actors_) actor->node->signal(SIGTERM);
    for (const auto& guest : guests_) guest->kill();
    if (preparing) preparation_->kill();
    grace_timer_.expires_after(scenario_.grace);
    grace_timer_.async_wait([this](boost::system::error_code error) {
        if (error) return;
        for (const auto& actor : actors_) actor->node->kill();
    });
}

void Engine::Impl::finish() {
    if (state_ == State::done || any_running() || (preparation_ && preparation_->running())) return;
    grace_timer_.cancel();
    if (end_capture()) return;
    for (auto& [number, line] : expected_lines_) tell_expected(number, line);
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
    enter(State::done);
    if (auto written = write_manifest(); !written && !error_) error_ = std::move(written).error();
    // Destroying the nodes and the network is left to the owner, outside of their callbacks.
    boost::asio::post(io_, [done = done_, error = error_, result = RunResult{facts, verdict, json}] {
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
