// SPDX-License-Identifier: Apache-2.0
//
// The events of a run, which are the lines of journal.jsonl. A member is named as its key there; docs/journal.md
// says what each means, and record/event_table.h how each is written and read.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "base/words.h"
#include "fault/losses.h"
#include "kernel/address.h"
#include "kernel/sockdiag.h"
#include "kernel/socket_facts.h"
#include "kernel/wait_facts.h"
#include "link/counter.h"
#include "node/exit_status.h"
#include "phase/connection_change.h"
#include "phase/phase.h"
#include "record/end_reason.h"
#include "record/link_events.h"
#include "record/list_events.h"
#include "record/proof.h"
#include "record/recovery.h"
#include "record/safety_event.h"
#include "record/site_events.h"
#include "record/stack_events.h"
#include "record/tcp_events.h"
#include "trigger/match_counter.h"

namespace netcut {

// The states of a run.
enum class RunPhase { preparing, starting, running, stopping, done };
inline constexpr std::array<EnumWord<RunPhase>, 5> run_phase_words = {{
    {RunPhase::preparing, "preparing"},
    {RunPhase::starting, "starting"},
    {RunPhase::running, "running"},
    {RunPhase::stopping, "stopping"},
    {RunPhase::done, "done"},
}};
constexpr const auto& words_of(RunPhase) {
    return run_phase_words;
}

// When sockets were looked at: after a fault was fired, after it healed, or at the end of the run.
enum class SocketMoment { cut, heal, end };
inline constexpr std::array<EnumWord<SocketMoment>, 3> socket_moment_words = {{
    {SocketMoment::cut, "cut"},
    {SocketMoment::heal, "heal"},
    {SocketMoment::end, "end"},
}};
constexpr const auto& words_of(SocketMoment) {
    return socket_moment_words;
}

// Of journal.jsonl and verdict.json: what they have, and the rules that they follow. Up to 2 a record may have no
// conversations, and counted any data as recovery.
inline constexpr int record_schema = 3;

// Lines of a node's standard output that came in one burst as it ended, and how many it printed in all.
struct LineBurst {
    std::uint64_t late = 0, all = 0;
};

// "10.99.0.3 45678"
std::string end_point_text(const IpAddress& address, std::uint16_t port);

namespace event {

// In the order in which they are written.
template <typename T>
using ByName = std::vector<std::pair<std::string, T>>;

struct Addresses {
    std::vector<std::string> addresses{};
    std::string mac{};
};

struct Trigger {
    std::string node{}, line{};
};

struct FlapCycle {
    std::size_t cycle = 0, of = 0;
};

// What a node was doing at a moment. Of an unknown phase there is nothing more.
struct PhaseSeen {
    std::string node{};
    Phase phase = Phase::unknown;
    std::optional<Nanoseconds> since_ns{};
    std::optional<double> into_ms{};
    std::optional<std::uint64_t> sent{}, received{};
};

struct RouterLosses {
    std::uint64_t router_up = 0, router_down = 0;
};

struct RunBegun {
    int schema = 0;
    std::string run{};
    Nanoseconds realtime_ns{0};
    std::string netcut_fl{}, kernel{}, scenario_sha256{};
    std::vector<std::string> nodes{};
    std::string user{}, rights{};
    std::int64_t monotonic_ns = 0;
};

struct FabricBuilt {
    std::string kind{};
    double took_ms = 0;
    ByName<Addresses> nodes{};
};

struct UplinkOpened {
    std::vector<std::string> nodes{};
    std::string link{};
    std::vector<std::string> addresses{};
};

struct RunEntered {
    RunPhase state = RunPhase::preparing;
};

struct NodeStarted {};

struct NodeReaddressed {
    Addresses now{};
};

// Of the aggregator, when others may not have reached it.
struct NodeListening {
    std::vector<std::string> addresses{};  // with ports
    bool reachable = true;                 // by other nodes, at one of them
};

struct Progress {
    std::string round{};
};

struct ProgressFull {
    std::size_t rounds = 0;
};

struct NodePhase {
    PhaseInterval interval{};
};

struct Traffic {
    Nanoseconds from_ns{0}, to_ns{0};
    ByName<std::array<std::uint64_t, 2>> bytes{};  // up, down
};

struct TriggerMatched {
    std::string line{};
    std::uint64_t match = 0;
    MatchCounter::Verdict verdict = MatchCounter::Verdict::too_early;
    std::optional<PhaseSeen> phase{};

    bool fires() const { return verdict == MatchCounter::Verdict::fire; }
};

struct FaultArmed {
    std::string when{};
    double took_us = 0;
};

struct TriggerTripped {
    std::string when{}, packet{};
    std::uint64_t bytes = 0;
    std::optional<CounterValue> counted{};
    std::optional<PhaseSeen> phase{};
};

struct TriggerMissed {
    std::string phase{}, why{};
};

struct PacketsUntold {
    std::uint64_t lost = 0;
};

struct PacketsUnanswered {
    std::string why{};
    std::uint64_t packets = 0;
};

struct FaultFired {
    std::string kind{};
    std::vector<std::string> nodes{};
    std::size_t number = 0;
    Trigger trigger{};
    double took_us = 0;
    std::optional<FlapCycle> flap{};
    std::optional<double> for_s{};
    bool read_back = false, asked_for = false;
    std::vector<PhaseSeen> phases{};
};

struct FaultHealed {
    double lasted_s = 0, took_us = 0;
    // Of a fault that makes packets wait the second, of any other the first.
    std::optional<std::map<std::string, std::uint64_t>> packets_lost{}, packets_queued{};
    std::map<std::string, Losses> losses{};
    bool asked_for = false;
};

struct FaultUnhealed {
    std::map<std::string, Losses> losses{};
};

struct NodePaused {
    int processes = 0, unstopped = 0;
    double took_us = 0;
};

struct NodeResumed {};

struct NodeRecovered {
    Recovery recovery{};
};

struct NodeUnrecovered {
    Recovery recovery{};
};

struct SocketsSeen {
    SocketMoment moment = SocketMoment::cut;
    std::vector<TcpSocket> sockets{};
};

// Of one connection of a node.
struct ConnectionChanged {
    ConnectionChange change = ConnectionChange::opened;
    TcpSocket socket{};
    TcpTimers timers{};
    std::uint64_t untold = 0;  // changes of this node's connections before it that the record leaves out
};

struct HalfOpenSeen {
    TcpSocket socket{};
    std::string peer{};
    bool address_gone = false;
};

// What a node's threads and sockets wait for, when nothing goes on.
struct NodeWaiting {
    NodeWaits waits{};
};

// Of what these say together.
struct RunProof {
    Proof proof = Proof::waited;
    std::vector<Hindrance> hindrances{};
    std::uint64_t more_hindrances = 0;
    std::string state{};  // in which it hangs, to know it again; empty: none that can be told
    std::optional<Nanoseconds> in_state_ns{};  // of `known`: for so long
    double took_ms = 0;
};

struct ExpectedLine {
    std::size_t number = 0;
    std::string value{};
};

struct NodeExited {
    ExitStatus exit{};
    unsigned starts = 0;
    bool stopped_by_us = false, killed_by_fault = false;
    int left_behind = 0;
    std::optional<LineBurst> late_lines{};
};

struct ScenarioChanged {
    std::string scenario_sha256{};
};

struct NodeSignalled {
    int signal = 0;
};

struct NodeCommand {
    std::vector<std::string> command{};
    bool captures = false;  // it may open raw sockets in the node's network
};

struct RunStopping {
    EndReason end = EndReason::all_exited;
    int signal = 0;
};

struct RunError {
    std::string text{};
    Error error{};
};

struct CaptureBegun {
    std::uint32_t snap_length = 0;
};

struct CaptureMissed {
    std::uint64_t seen = 0, lost = 0;
    bool more_lost = false;
};

struct CaptureWritten {
    std::string file{};
    std::uint64_t packets = 0, lost = 0, bytes = 0;
    std::string sha256{};
};

struct CaptureEnded {
    ByName<ByName<RouterLosses>> losses{};  // by fault, then by node
    std::int64_t clock_shift_ns = 0;
};

struct RunEnded {
    std::string verdict{}, reason{};
};

// One that another netcut-fl has written.
struct Unknown {
    std::string name{};
    Json details = Json::object();
};

using Any = std::variant<
    Unknown, RunBegun, FabricBuilt, UplinkOpened, RunEntered, NodeStarted, NodeReaddressed, NodeListening,
    Progress, ProgressFull, NodePhase, Traffic, TriggerMatched, LossListed, HoldListed, HoldMissed,
    HoldLapsed, FaultArmed, TriggerTripped, TriggerMissed, PacketsUntold, PacketsUnanswered, FaultFired,
    FaultHealed, FaultUnhealed, NodePaused, NodeResumed, NodeRecovered, NodeUnrecovered, SocketsSeen,
    ConnectionChanged, HalfOpenSeen, NodeWaiting, NodeTcp, TcpOptionsSet, TcpOptionsUnset, TcpOptionsSummed,
    NodeLink, LinksSeen, LinksSummed, Site, SiteSummed, NodeStack, StacksSought, RunProof, ExpectedLine,
    Counted, CountedFull, ModelSeen, Delivered, DeliveriesMissed, NodeExited, ScenarioChanged, NodeSignalled,
    NodeCommand, RunStopping, RunError, CaptureBegun, CaptureMissed, CaptureWritten, CaptureEnded, RunEnded>;

// Who or what an event is about; empty if about none.
struct About {
    std::string node{}, fault{};
};

}  // namespace event

// One line of the journal.
struct Event {
    Nanoseconds t{0};  // monotonic, since the run began
    event::Any what{};
    std::string node{}, fault{};
    std::string wall{};        // UTC, by the clock as it was when the run began
    std::uint64_t number = 0;  // of its line, from 1

    std::string_view name() const;
    // None if it is another event.
    template <typename What>
    const What* as() const {
        return std::get_if<What>(&what);
    }
    template <typename What>
    bool is() const {
        return std::holds_alternative<What>(what);
    }
    Json to_json() const;
    std::string to_line() const;  // with its newline; bytes that are no UTF-8 are U+FFFD in it
};

// A function for each kind of event that matters, and one that takes `const auto&` for the others.
template <typename... Functions>
struct Cases : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
Cases(Functions...) -> Cases<Functions...>;

}  // namespace netcut
