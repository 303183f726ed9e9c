// SPDX-License-Identifier: Apache-2.0
//
// What the page of a run shows of its journal: of bounded size however long the journal is.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "digest/connection_lanes.h"
#include "digest/phase_lane.h"
#include "digest/thinned.h"
#include "digest/traffic_bins.h"
#include "folder/folder.h"
#include "phase/phase.h"
#include "record/event.h"
#include "record/run_state.h"

namespace netcut {

// Of a text that a page shows; bytes.
inline constexpr std::size_t most_text = 300, most_name = 100;

class JournalDigest {
  public:
    JournalDigest();

    // One event of the journal. What makes no sense is left out.
    void take(const Event& event);
    void take_unreadable() { ++unreadable_; }

    bool empty() const { return !state_.begun() && length_ == Nanoseconds(0); }
    const RunState& state() const { return state_; }
    std::size_t size() const { return nodes_.size(); }
    const std::string& node_name(std::size_t node) const { return state_.nodes()[node].outcome.name; }
    std::optional<std::size_t> node_number(const std::string& name) const;
    std::string node_with_address(const std::string& address) const;  // that had it last; empty: none
    bool ran_at(std::size_t node, Nanoseconds t) const;
    bool ended_by_itself(std::size_t node) const;
    std::string phase_at(std::size_t node, Nanoseconds t) const;
    // All nodes: those that a fault has hit, then the aggregator, then the others.
    std::vector<std::size_t> hit_first() const;
    const Json& end_sockets() const { return end_sockets_; }
    const Json& half_open() const { return half_open_; }
    // The members of the page's data that come from the journal; `faults` as in a verdict.
    Json data() const;
    Json faults() const;

  private:
    struct PhaseTotal {
        std::uint64_t count = 0;
        Nanoseconds took{0};
        std::uint64_t sent = 0, received = 0;
    };
    // Of one direction of a link that has a rate of its own.
    struct LinkTotal {
        std::string what;
        std::uint64_t capacity = 0, delivered = 0, lost = 0, lost_by_trace = 0;
    };
    struct Mark {
        Nanoseconds t{0};
        const char* kind;
        std::string text;
        Json to_json(std::size_t node) const;
    };
    struct NodeDigest {
        NodeDigest(std::size_t most_spans, std::size_t most_progress)
            : phases(most_spans), common(most_progress) {}
        std::string mac;
        Json addresses = Json::array();
        PhaseLane phases;
        std::array<PhaseTotal, phase_words.size()> totals;
        std::array<std::uint64_t, 2> bytes{};  // up, down
        std::array<LinkTotal, 2> link{};       // likewise
        std::vector<Mark> marks;
        Thinned<Mark> common;  // marks of which there may be very many
    };

    std::vector<std::size_t> nodes_of(const Firing& firing) const;
    void mark(const Event& event, const char* kind, const std::string& text = {});
    void begin(const Event& event);
    void take_addresses(const event::FabricBuilt& built);
    void own(std::size_t node, const event::Addresses& now);
    void take_connection(const Event& event, const event::ConnectionChanged& changed);
    void take_phase(const Event& event, const PhaseInterval& interval);
    void take_traffic(const event::Traffic& traffic);
    void take_link(const Event& event, const event::NodeLink& link);
    void take_links(const event::LinksSeen& seen);
    void take_sockets(const Event& event, const event::SocketsSeen& seen);
    void take_half_open(const Event& event, const event::HalfOpenSeen& seen);

    Json nodes_data() const;
    Json phases_data() const;
    Json phase_totals() const;
    Json traffic_data() const;
    Json links_data() const;
    std::array<Json, 2> ways_of(const TrafficBins& bins) const;
    Json delays_of(std::size_t way) const;  // by node, of each step; of links without delay nothing
    Json marks_data() const;
    Json bands_data() const;
    Json left_out() const;

    RunState state_;
    Nanoseconds length_{0};
    std::string begun_wall_, fabric_;
    std::vector<NodeDigest> nodes_;                                      // as those of the state
    std::optional<TrafficBins> traffic_, capacity_, delivered_, delay_;  // delay: seconds times seconds
    Nanoseconds links_from_{Nanoseconds::max()}, links_until_{0};
    std::map<std::string, std::size_t> owners_;  // who had each address last
    ConnectionLanes connections_;
    Json sockets_ = Json::array();
    Json end_sockets_ = Json::array();
    Json half_open_ = Json::array();
    std::uint64_t unreadable_ = 0, more_marks_ = 0, more_sockets_ = 0;
};

// Of a run's folder. What could not be read is added to `notes`.
JournalDigest digest_journal(const RunFolder& folder, Json& notes);

}  // namespace netcut
