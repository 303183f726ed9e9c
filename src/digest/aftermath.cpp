// SPDX-License-Identifier: Apache-2.0
#include "digest/aftermath.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <deque>

#include "base/time.h"
#include "base/utf8.h"
#include "digest/near_miss.h"
#include "folder/run_files.h"
#include "record/json_access.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "scenario/yaml.h"
#include "trigger/pattern.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t most_dead = 8;
constexpr std::size_t most_standing = 60;
constexpr std::size_t most_waiting = 10;     // faults
constexpr std::size_t most_connections = 4;  // of a node
constexpr std::size_t most_last = 80;        // lines of a node that died
constexpr std::size_t usual_last = 12;       // of one whose last words have no beginning that is known
constexpr std::size_t most_scenario_read = std::size_t{4} << 20;  // bytes

Json to_json(const LogLine& line) {
    return {line.t.count() < 0 ? Json(nullptr) : Json(line.t.count() / 1000), line.stream, line.text};
}

// How programs begin to say that they fail.
bool begins_last_words(std::string_view line) {
    constexpr std::array beginnings = {"Traceback (most recent call last)",
                                       "panic:",
                                       "terminate called",
                                       "Exception in thread",
                                       "Fatal Python error",
                                       "fatal error:",
                                       "Segmentation fault"};
    return std::any_of(beginnings.begin(), beginnings.end(),
                       [&](const char* beginning) { return line.find(beginning) != std::string_view::npos; });
}

Json last_lines(const RunFolder& folder, const LogPieces& pieces, const std::string& node) {
    std::deque<LogLine> last;
    read_node_log(folder, pieces, node, [&](LogLine line) {
        last.push_back(std::move(line));
        if (last.size() > most_last) last.pop_front();
    });
    auto begin = std::find_if(last.begin(), last.end(),
                              [](const LogLine& line) { return begins_last_words(line.text); });
    if (begin == last.end() && last.size() > usual_last) begin = last.end() - usual_last;
    if (begin == last.end()) begin = last.begin();
    Json lines = Json::array();
    for (; begin != last.end(); ++begin) lines.push_back(to_json(*begin));
    return lines;
}

// Of a node that still ran when the run was stopped.
class Standing {
  public:
    Standing(const JournalDigest& digest, Nanoseconds stop) : digest_(digest), stop_(stop) {}

    Json of(std::size_t node, const RunFolder& folder, const LogPieces& pieces) const {
        std::optional<LogLine> last;
        read_node_log(folder, pieces, digest_.node_name(node), [&](LogLine line) {
            if (line.t <= stop_ && !line.text.empty()) last = std::move(line);
        });
        Json json = {{"node", digest_.node_name(node)},
                     {"phase", digest_.phase_at(node, stop_)},
                     {"last", last ? to_json(*last) : Json(nullptr)},
                     {"age_s", nullptr},
                     {"connections", connections_of(digest_.node_name(node))}};
        if (last && last->t.count() >= 0)
            json["age_s"] = std::chrono::duration<double>(stop_ - last->t).count();
        return json;
    }

  private:
    std::string owner_of(const std::string& endpoint) const {
        return digest_.node_with_address(endpoint.substr(0, endpoint.find(' ')));
    }

    bool is_half_open(const Json& socket) const {
        return std::any_of(digest_.half_open().begin(), digest_.half_open().end(), [&](const Json& half) {
            return half["node"] == socket["node"] && half["local"] == socket["local"] &&
                   half["remote"] == socket["remote"];
        });
    }

    std::string peer_of(const std::string& remote) const {
        boost::system::error_code error;
        const auto address = boost::asio::ip::make_address(remote.substr(0, remote.find(' ')), error);
        if (!error && address.is_loopback()) return "itself";
        const std::string owner = owner_of(remote);
        return owner.empty() ? "an address of no node" : owner;
    }

    std::string sentence(const Json& socket) const {
        const std::string& remote = text_of(socket["remote"]);
        const double idle = static_cast<double>(count_of(socket["ms_since_received"]).value_or(0)) / 1000;
        std::string text = fmt::format("{} to {} ({})", text_of(socket["state"]), peer_of(remote), remote);
        if (is_half_open(socket)) text += ", half open: the other end is gone";
        if (const auto bytes = count_of(socket["unacknowledged_bytes"]).value_or(0); bytes > 0)
            text += fmt::format(", {} bytes not acknowledged, sent again {} times", bytes,
                                count_of(socket["retransmits"]).value_or(0));
        const bool ever = idle * 1e9 < static_cast<double>(stop_.count());
        return text +
               (ever ? fmt::format(", nothing received for {:.1f} s", idle) : ", nothing ever received");
    }

    Json connections_of(const std::string& node) const {
        std::vector<const Json*> sockets;
        for (const Json& socket : digest_.end_sockets())
            if (socket["node"] == node && socket["state"] != "TIME_WAIT") sockets.push_back(&socket);
        // What is wrong first.
        std::stable_sort(sockets.begin(), sockets.end(), [&](const Json* a, const Json* b) {
            const auto rank = [&](const Json& socket) {
                return is_half_open(socket)                                       ? 0
                       : count_of(socket["unacknowledged_bytes"]).value_or(0) > 0 ? 1
                                                                                  : 2;
            };
            return rank(*a) < rank(*b);
        });
        Json sentences = Json::array();
        for (std::size_t i = 0; i < sockets.size() && i < most_connections; ++i)
            sentences.push_back(sentence(*sockets[i]));
        if (sockets.size() > most_connections)
            sentences.push_back(fmt::format("and {} more", sockets.size() - most_connections));
        return sentences;
    }

    const JournalDigest& digest_;
    Nanoseconds stop_;
};

Json died(const RunFolder& folder, const LogPieces& pieces, const Json& verdict,
          const JournalDigest& digest) {
    Json nodes = Json::array();
    for (const Json& node : member(verdict, "nodes")) {
        const auto number = digest.node_number(text_of(member(node, "node")));
        if (!number || !digest.ended_by_itself(*number) || member(node, "finished") == true) continue;
        if (nodes.size() >= most_dead) break;
        nodes.push_back({{"node", digest.node_name(*number)},
                         {"ended", member(node, "ended")},
                         {"lines", last_lines(folder, pieces, digest.node_name(*number))}});
    }
    return nodes;
}

bool waits(EndReason reason) {
    return reason == EndReason::hung || reason == EndReason::timeout || reason == EndReason::not_ready;
}

Json stood(const RunFolder& folder, const LogPieces& pieces, const JournalDigest& digest) {
    Json nodes = Json::array();
    const auto& stopping = digest.state().stopping();
    if (!stopping || !waits(stopping->end)) return nodes;
    const Nanoseconds stopped = digest.state().stopped_at();
    const Standing standing(digest, stopped);
    for (const std::size_t node : digest.hit_first()) {
        if (nodes.size() >= most_standing) break;
        if (digest.ran_at(node, stopped)) nodes.push_back(standing.of(node, folder, pieces));
    }
    return nodes;
}

bool has_fired(const Json& verdict, const std::string& fault) {
    const Json& faults = member(verdict, "faults");
    return std::any_of(faults.begin(), faults.end(),
                       [&](const Json& one) { return member(one, "fault") == fault; });
}

// `who` waited for the pattern in the log of `watched`.
Json waited_for(const std::string& who, const Pattern& pattern, const std::string& watched, unsigned nth,
                const RunFolder& folder, const LogPieces& pieces, const JournalDigest& digest) {
    NearMiss near(pattern, watched, nth);
    for (std::size_t node = 0; node < digest.size(); ++node)
        read_node_log(folder, pieces, digest.node_name(node),
                      [&](const LogLine& line) { near.take(digest.node_name(node), line.text); });
    return {{"fault", who},
            {"node", watched},
            {"pattern", pattern.text()},
            {"lines", near.lines()},
            {"hints", near.hints()}};
}

Json waited(const RunFolder& folder, const LogPieces& pieces, const Json& verdict,
            const JournalDigest& digest) {
    Json waiting = Json::array();
    Scenario scenario;
    const auto text = read_whole(folder, "scenario.yaml", most_scenario_read);
    // What it names is read with the rights of whose run it was, as all of the folder is.
    const AsUser as_user(folder.user());
    if (!text || !read_yaml(scenario, *text, "scenario.yaml")) return waiting;
    const auto& stopping = digest.state().stopping();
    if (stopping && stopping->end == EndReason::not_ready) {
        // Nobody was there whom a fault could have waited for.
        if (const auto pattern = Pattern::parse(scenario.ready))
            waiting.push_back(
                waited_for("The collaborators", *pattern, aggregator_name, 1, folder, pieces, digest));
        return waiting;
    }
    for (const FaultSpec& fault : scenario.faults) {
        const auto pattern = Pattern::parse(fault.trigger.pattern);
        if (fault.trigger.kind != FaultTrigger::Kind::log || !pattern || has_fired(verdict, fault.name))
            continue;
        if (waiting.size() >= most_waiting) break;
        waiting.push_back(
            waited_for(fault.name, *pattern, fault.trigger.node, fault.trigger.nth, folder, pieces, digest));
    }
    return waiting;
}

}  // namespace

Json aftermath(const RunFolder& folder, const LogPieces& pieces, const Json& verdict,
               const JournalDigest& digest) {
    Json json = {{"at_us", nullptr},
                 {"died", died(folder, pieces, verdict, digest)},
                 {"stood", stood(folder, pieces, digest)},
                 {"waited", waited(folder, pieces, verdict, digest)}};
    if (json["died"].empty() && json["stood"].empty() && json["waited"].empty()) return nullptr;
    if (digest.state().stopping()) json["at_us"] = digest.state().stopped_at().count() / 1000;
    const auto& listening = digest.state().listening();
    json["listens"] = listening && !listening->reachable ? listening->addresses : std::vector<std::string>();
    return json;
}

}  // namespace netcut
