// SPDX-License-Identifier: Apache-2.0
//
// What a run has come to, reduced from its events. The one place that puts the story together: verdicts, screens,
// pages, `verify`, `compare` and the daemon's record all ask it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "base/time.h"
#include "fault/losses.h"
#include "node/node.h"
#include "record/counting.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/rounds.h"
#include "scenario/scenario.h"

namespace netcut {

// A moment on the wire, from when the kernel looked for it.
struct Tripped {
    Nanoseconds armed{0}, armed_by{0};  // when that began, and when it was certain
    Nanoseconds t{0};
    event::TriggerTripped what;
};

// One firing of a fault, as its events say.
struct Firing {
    std::string fault, kind;
    std::size_t number = 0;  // of this fault, from 1
    std::vector<std::string> nodes;
    Nanoseconds fired{0}, in_effect{0};  // asked for, and in effect at the latest
    std::optional<Nanoseconds> healed;
    std::optional<double> for_s;  // how long it was to last; none: for ever
    event::Trigger trigger;
    std::optional<event::FlapCycle> flap;
    std::optional<Tripped> moment;
    unsigned missed = 0;                       // moments that had passed before it, when they were known
    bool queued = false;                       // its packets waited, and were not lost
    std::map<std::string, std::uint64_t> hit;  // packets, by node, as the heal has them
    std::map<std::string, Losses> losses;      // by node
    std::map<std::string, Recovery> recovery;  // by node, since the heal
    std::map<std::string, Pause> pauses;       // by node
    std::map<std::string, CarriedByConnection> carried;  // by node, as it began, until it heals
};

struct FaultState {
    std::string name;
    bool on = false;
    bool delayed = false;  // it was triggered, and neither armed nor fired since
    bool armed = false;    // the kernel looks for its moment
    bool ever_armed = false;
    std::optional<Tripped> moment;  // which has come, and it was not fired yet
    Nanoseconds armed_at{0}, armed_by{0};
    unsigned triggers = 0, trips = 0, firings = 0;
    unsigned missed = 0;              // moments, since the last firing
    std::optional<std::size_t> last;  // of RunState::firings
    Nanoseconds fired{0};
    std::optional<Nanoseconds> healed;  // the last time
};

struct NodeState {
    struct Counted {  // of a connection
        ConnectionFigures figures{};
        Nanoseconds at{0};
    };
    NodeOutcome outcome;
    std::optional<Nanoseconds> begun;  // the last time
    bool paused = false;
    std::map<std::string, Counted> connections;  // by both ends, as they were seen last
    bool runs() const { return outcome.started && !outcome.exit; }
};

struct CaptureState {
    std::map<std::string, event::CaptureWritten> written;  // by node
    event::CaptureMissed missed;                           // all together
    std::optional<event::CaptureEnded> ended;
};

class RunState {
  public:
    // A journal may be of any length, and by anybody. What is beyond these is left out.
    struct Bounds {
        std::size_t nodes = SIZE_MAX, faults = SIZE_MAX, firings = SIZE_MAX;
        std::size_t bytes = SIZE_MAX;  // of the lines of events that something is kept of
        bool rounds = true;            // of each node are kept
    };
    RunState() = default;
    explicit RunState(Bounds bounds) : bounds_(bounds) {}

    // In the order of the journal. Says why the event cannot follow those before it; empty: it does.
    std::string apply(const Event& event);

    const std::optional<event::RunBegun>& begun() const { return begun_; }
    std::optional<RunPhase> phase() const { return phase_; }
    const std::vector<NodeState>& nodes() const { return nodes_; }
    const std::vector<FaultState>& faults() const { return faults_; }
    const std::vector<Firing>& firings() const { return firings_; }
    std::size_t firings_left_out() const { return firings_left_out_; }
    std::size_t events_left_out() const { return events_left_out_; }  // for want of bytes
    const NodeState* node(const std::string& name) const;
    std::optional<std::size_t> node_number(const std::string& name) const;  // in nodes()
    const FaultState* fault(const std::string& name) const;
    const std::string& round() const { return round_; }  // the last that the aggregator came to
    const Rounds& rounds() const { return rounds_; }
    const std::vector<HalfOpen>& half_open() const { return half_open_; }
    // As it was looked at last.
    const std::map<std::string, NodeWaits>& waits() const { return waits_; }
    const std::map<std::string, std::string>& addresses() const { return addresses_; }  // whose each is now
    const std::optional<event::RunProof>& proof() const { return proof_; }
    const std::optional<event::NodeListening>& listening() const { return listening_; }
    const CaptureState& captures() const { return captures_; }
    const std::optional<event::RunStopping>& stopping() const { return stopping_; }
    Nanoseconds stopped_at() const { return stopped_at_; }
    // Since when it is in its running state, and when a node last came to a new round.
    std::optional<Nanoseconds> running_since() const { return running_since_; }
    std::optional<Nanoseconds> progressed() const { return progressed_; }
    const std::optional<Error>& error() const { return error_; }
    const std::optional<event::RunEnded>& ended() const { return ended_; }
    const std::map<std::size_t, std::string>& log_values() const { return log_values_; }
    const SafetyFacts& safety() const { return safety_; }

    // What a verdict is made from: of the nodes and faults of the scenario.
    Facts facts(const Scenario& scenario) const;
    Json to_json() const;
    // JSON Schema (2020-12) of what to_json() gives.
    static std::string schema();

  private:
    class Apply;
    template <typename T>
    using ByNode = event::ByName<T>;
    bool has_room_for(const Event& event);
    std::vector<FaultOutcome> outcomes(const Scenario& scenario) const;

    Bounds bounds_;
    std::optional<event::RunBegun> begun_;
    std::optional<RunPhase> phase_;
    std::vector<NodeState> nodes_;
    std::vector<FaultState> faults_;
    std::map<std::string, std::size_t, std::less<>> node_numbers_, fault_numbers_;
    std::vector<Firing> firings_;
    std::optional<std::size_t> last_fired_;  // of firings_; none: it was left out
    std::size_t firings_left_out_ = 0, events_left_out_ = 0, bytes_ = 0;
    std::string round_;
    Rounds rounds_;
    std::vector<HalfOpen> half_open_;
    std::map<std::string, std::string> addresses_, former_addresses_;  // and whose they are, or were
    std::map<std::string, std::string> link_addresses_;                // by node
    std::map<std::string, NodeWaits> waits_;
    std::optional<event::RunProof> proof_;
    Nanoseconds looked_at_{0};  // when the waits were read
    std::map<std::string, event::TcpOptionsSummed> tcp_options_;
    ByNode<event::TcpOptionsUnset> tcp_unset_;
    ByNode<event::NodeStack> stacks_;
    std::optional<event::NodeListening> listening_;
    CaptureState captures_;
    std::optional<event::RunStopping> stopping_;
    Nanoseconds stopped_at_{0};
    std::optional<Nanoseconds> running_since_, progressed_;
    std::optional<Error> error_;  // the first
    std::optional<event::RunEnded> ended_;
    std::map<std::size_t, std::string> log_values_;
    SafetyFacts safety_;
};

}  // namespace netcut
