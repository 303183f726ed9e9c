// SPDX-License-Identifier: Apache-2.0
//
// What the page of a run shows of its journal: of bounded size however long the journal is.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "netcut/run.h"
#include "report/json_access.h"
#include "report/phase_lane.h"
#include "report/thinned.h"
#include "report/traffic_bins.h"

namespace netcut {

// A log line, or a packet, that did something.
struct Match {
    std::size_t node = 0;
    std::string line;
};

class JournalDigest {
  public:
    // One event of the journal. What has not the form of docs/journal.md is left out.
    void take(const ParsedEvent& event);
    void take_unreadable() { ++unreadable_; }

    bool empty() const { return begun_.is_null() && length_ == Nanoseconds(0); }
    std::size_t size() const { return nodes_.size(); }
    const std::string& node_name(std::size_t node) const { return nodes_[node].name; }
    std::optional<std::size_t> node_number(const std::string& name) const;
    std::string node_with_address(const std::string& address) const;  // empty: none has it
    // When the nodes were asked to end, and why, if the journal says.
    struct Stopping {
        Nanoseconds t{0};
        std::optional<EndReason> reason;
    };
    const std::optional<Stopping>& stopping() const { return stopping_; }
    // The addresses that the aggregator listened on, as the journal has them, if no other node can reach one of them.
    const Json& unreachable_at() const { return unreachable_at_; }
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
        std::int64_t sent = 0, received = 0;
    };
    struct Mark {
        Nanoseconds t{0};
        const char* kind;
        std::string text;
        Json to_json(std::size_t node) const;
    };
    struct NodeDigest {
        NodeDigest(std::string node, std::size_t most_spans, std::size_t most_progress)
            : name(std::move(node)), phases(most_spans), common(most_progress) {}
        std::string name, mac;
        Json addresses = Json::array();
        PhaseLane phases;
        std::array<PhaseTotal, phase_names.size()> totals;
        std::array<std::int64_t, 2> bytes{};  // up, down
        std::vector<Mark> marks;
        std::optional<Nanoseconds> started, exited;  // last
        bool stopped_by_us = false;
        Thinned<Mark> common;  // marks of which there may be very many
    };
    // One firing of a fault.
    struct Band {
        std::string fault, kind;
        std::int64_t number = 0;
        std::vector<std::size_t> nodes;
        Nanoseconds from{0};
        std::optional<Nanoseconds> to;
        std::string trigger_node, trigger_line;
        std::map<std::string, std::int64_t> lost;
        bool queued = false;
        std::map<std::string, std::pair<double, double>> recovered;  // sent, received; s
        std::map<std::string, double> resumed;                       // its work; s
    };

    void mark(const ParsedEvent& event, const char* kind, std::string text);
    void begin(const ParsedEvent& event);
    void take_started(const ParsedEvent& event);
    void take_exited(const ParsedEvent& event);
    void take_listening(const ParsedEvent& details);
    void take_addresses(const ParsedEvent& details);
    void take_phase(const ParsedEvent& event);
    void take_traffic(const ParsedEvent& details);
    void take_match(const ParsedEvent& event);
    void take_fired(const ParsedEvent& event);
    void take_healed(const ParsedEvent& event);
    void take_recovered(const ParsedEvent& event);
    void take_sockets(const ParsedEvent& event);
    Band* last_band(const std::string& fault);

    Json nodes_data() const;
    Json phases_data() const;
    Json phase_totals() const;
    Json traffic_data() const;
    Json marks_data() const;
    Json bands_data() const;
    Json left_out() const;

    Nanoseconds t_{0};  // of the event at hand
    Nanoseconds length_{0};
    Json begun_;
    std::string begun_wall_, fabric_;
    std::optional<Stopping> stopping_;
    Json unreachable_at_ = Json::array();
    std::vector<NodeDigest> nodes_;
    std::map<std::string, std::size_t, std::less<>> node_numbers_;
    std::vector<Band> bands_;
    std::map<std::string, std::size_t> active_;  // by fault, its last firing
    std::map<std::string, Match> last_match_;    // by fault
    std::optional<TrafficBins> traffic_;
    Json sockets_ = Json::array();
    Json end_sockets_ = Json::array();
    Json half_open_ = Json::array();
    std::uint64_t unreadable_ = 0, more_bands_ = 0, more_marks_ = 0, more_sockets_ = 0;
};

// Of a run's folder. What could not be read is added to `notes`.
JournalDigest digest_journal(const RunFolder& folder, Json& notes);

}  // namespace netcut
