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
namespace {

Json socket_json(const TcpSocket& socket) {
    return {{"local", fmt::format("{} {}", socket.local.to_string(), socket.local_port)},
            {"remote", fmt::format("{} {}", socket.remote.to_string(), socket.remote_port)},
            {"state", socket.state},
            {"unread_bytes", socket.receive_queue},
            {"unacknowledged_bytes", socket.send_queue},
            {"segments_in_flight", socket.unacked},
            {"retransmits", socket.retransmits},
            {"ms_since_sent", socket.ms_since_sent},
            {"ms_since_received", socket.ms_since_received}};
}

}  // namespace

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
    journal_->add("run.error", {}, {},
                  {{"error", error_->text()},
                   {"kind", error_kind_name(error_->kind)},
                   {"attempt", error_->attempt},
                   {"code", error_->code},
                   {"reason", error_->reason},
                   {"hint", error_->hint}});
    end(EndReason::failed);
}

void Engine::Impl::end(EndReason reason) {
    if (state_ == State::stopping || state_ == State::done) return;
    end_ = reason;
    for (const auto& trigger : phase_triggers_) trigger->end();
    if (phases_) phases_->stop();
    // Nobody holds one when all have ended.
    const bool is_cut_short = is_done(reason) && reason != EndReason::all_exited && any_fired();
    const bool waited = reason == EndReason::hung || reason == EndReason::timeout;
    if (waited || is_cut_short) sample_half_open();
    if (waited || any_fired()) sample_sockets("end", all_nodes());
    if (waited || reason == EndReason::not_ready) sample_listening();
    for (const auto& fault : faults_) fault->finish();
    if (state_ == State::stopping) return;  // one of these failed, and has ended the run already
    enter(State::stopping);
    const Nanoseconds now = journal_->now();
    if (reason == EndReason::finished || (reason == EndReason::collaborators_ended && !crashed_))
        rounds_.finish(now);
    Json why = {{"because", end_text(reason)}, {"end", end_word(reason)}};
    if (reason == EndReason::interrupted) why["signal"] = signal_;
    journal_->add_at(now, "run.stopping", {}, {}, std::move(why));
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
    if (error_) end_ = EndReason::failed;
    const Facts facts = collect_facts();
    Verdict verdict = judge(facts);
    const Json json = verdict_json(facts, verdict, scenario_);
    verdict.exit_status = json.at("exit_status").get<int>();
    if (auto written = folder_.write_file("verdict.json",
                                          json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
        !written && !error_)
        error_ = std::move(written).error();
    journal_->add("run.ended", {}, {}, {{"verdict", verdict.word}, {"reason", verdict.reason}});
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

Facts Engine::Impl::collect_facts() {
    Facts facts;
    facts.end = end_;
    facts.signal = signal_;
    if (error_) facts.error = *error_;
    facts.preparing = !actors_.front()->outcome.started && !scenario_.prepare.empty();
    facts.faults_asked = faults_.size();
    for (const auto& fault : faults_)
        if (!fault->fired()) facts.unfired.push_back(fault->unfired());
    facts.waited_for_progress = scenario_.hang_after;
    for (const auto& actor : actors_) facts.nodes.push_back(actor->outcome);
    for (const auto& fault : faults_)
        facts.outcomes.insert(facts.outcomes.end(), fault->outcomes().begin(), fault->outcomes().end());
    std::stable_sort(facts.outcomes.begin(), facts.outcomes.end(),
                     [](const FaultOutcome& a, const FaultOutcome& b) { return a.fired < b.fired; });
    facts.rounds = rounds_.times(facts.nodes);
    facts.half_open = half_open_;
    for (const auto& [number, line] : expected_lines_) facts.log_values[number] = line.value;
    return facts;
}

std::vector<std::size_t> Engine::Impl::all_nodes() const {
    std::vector<std::size_t> nodes(fabric_->size());
    std::iota(nodes.begin(), nodes.end(), std::size_t{0});
    return nodes;
}

void Engine::Impl::sample_sockets(const char* moment, const std::vector<std::size_t>& nodes) {
    for (const std::size_t index : nodes) {
        auto read = sockets_->read(index);
        if (!read) return fail(std::move(read).error());
        Json sockets = Json::array();
        for (const TcpSocket& socket : *read) sockets.push_back(socket_json(socket));
        journal_->add("sockets", fabric_->node(index).name, {}, {{"moment", moment}, {"sockets", sockets}});
    }
}

// Where the aggregator can be reached: who listens on the loopback device alone is reached by nobody.
void Engine::Impl::sample_listening() {
    constexpr std::size_t most = 16;
    if (std::exchange(told_listening_, true) || !fabric_ || !actors_.front()->node->running()) return;
    auto read = sockets_->read_listening(0);
    if (!read) return fail(std::move(read).error());
    Json addresses = Json::array();
    for (const TcpSocket& socket : *read)
        if (addresses.size() < most)
            addresses.push_back(fmt::format("{} {}", socket.local.to_string(), socket.local_port));
    const bool reachable = std::any_of(read->begin(), read->end(),
                                       [](const TcpSocket& socket) { return !socket.local.is_loopback(); });
    journal_->add("node.listening", actors_.front()->outcome.name, {},
                  {{"addresses", std::move(addresses)}, {"reachable", reachable}});
}

void Engine::Impl::sample_half_open() {
    auto sampled = netcut::sample_half_open(*fabric_, *sockets_);
    if (!sampled) return fail(std::move(sampled).error());
    half_open_ = std::move(*sampled);
    for (const HalfOpen& half : half_open_) {
        Json details = socket_json(half.socket);
        details["peer"] = half.peer;
        details["address_gone"] = half.address_gone;
        journal_->add("socket.half_open", half.node, {}, std::move(details));
    }
}

}  // namespace netcut
