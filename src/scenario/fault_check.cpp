// SPDX-License-Identifier: Apache-2.0
#include "scenario/fault_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "scenario/flap.h"
#include "scenario/mistakes.h"
#include "scenario/site.h"
#include "scenario/text_check.h"
#include "scenario/triggers.h"

namespace netcut {
namespace {

using Key = const char*;

Failure wrong(const FaultSpec& fault, Key key, const std::string& why, const std::string& hint = {},
              Mistake mistake = Mistake::value) {
    return fault_failure(fault, key, why, hint, mistake);
}

Failure at(const FaultSpec& fault, Key key, const Error& error) {
    return fault_failure(fault, key, error);
}

const std::set<std::string>& common_keys() {
    static const std::set<std::string> keys = {"name", "kind",  "nodes", "on", "when",
                                               "for",  "times", "flap",  ""};
    return keys;
}

Result<void> check_key(const FaultSpec& fault, const std::string& key) {
    const FaultKind& kind = *fault.kind;
    if (const RefusedKey* refused = kind.refuses(key))
        return wrong(fault, refused->name, refused->why, refused->hint, Mistake::unknown_key);
    if (common_keys().contains(key) || kind.key(key) != nullptr) return {};
    std::set<std::string> known = common_keys();
    for (const FaultKey& own : kind.keys) known.insert(own.name);
    for (const RefusedKey& refused : kind.refused) known.erase(refused.name);
    known.erase("");
    return wrong(fault, key.c_str(), fmt::format("the kind {} has no '{}'", kind.name, key),
                 fmt::format("it has: {}", fmt::join(known, ", ")), Mistake::unknown_key);
}

// Its kind may have been changed since they were read.
Result<void> check_value(const FaultSpec& fault, const FaultKey& key) {
    const auto value = fault.values.find(key.name);
    if (value == fault.values.end() || !key.type.check) return {};
    if (auto fits = key.type.check(key.name, std::get<std::string>(value->second)); !fits)
        return at(fault, key.name.c_str(), fits.error());
    return {};
}

// Whether they are those of its kind.
bool check_keys(const FaultSpec& fault, Mistakes& mistakes) {
    bool good = true;
    for (const auto& [key, place] : fault.places) good = mistakes.add(check_key(fault, key)) && good;
    if (fault.flap && fault.given("for"))
        good = mistakes.add(wrong(fault, "for", "how long it is on is said by flap: period and duty",
                                  "leave one of them out", Mistake::conflict));
    for (const FaultKey& key : fault.kind->keys) good = mistakes.add(check_value(fault, key)) && good;
    return good;
}

Result<void> check_nodes(const Scenario& scenario, FaultSpec& fault) {
    if (fault.nodes.empty()) fault.nodes = {collaborator_name(scenario.collaborators)};
    fault.nodes = expanded_nodes(scenario, fault.nodes);
    const WordList peers = expanded_nodes(scenario, fault.list("peers"));
    if (!peers.empty()) fault.values["peers"] = peers;
    NETCUT_TRY(check_node_names(scenario, fault, "nodes", fault.nodes));
    return check_node_names(scenario, fault, "peers", peers);
}

constexpr Nanoseconds shortest_lease = std::chrono::milliseconds(1);  // that the kernel can keep

Result<void> check_cycles(const FaultSpec& fault, const FlapSpec& flap) {
    if (flap.count != flap.list.size() || flap.period > Nanoseconds(0))
        return wrong(fault, "flap", "it has a list of its cycles besides a period and a count",
                     "give one of them", Mistake::conflict);
    for (const FlapSpec::Cycle& cycle : flap.list)
        if (cycle.on < shortest_lease || cycle.off < shortest_lease)
            return wrong(fault, "flap", "one of its cycles is on or off for less than 1ms");
    return {};
}

// Where this one's packets pass, those of who is behind a NAT or a proxy have its neighbours' address.
Result<void> check_is_seen(const Scenario& scenario, const FaultSpec& fault, Key key, const std::string& node,
                           const std::string& peer) {
    const SiteSpec* site = site_of(scenario, peer);
    if (!is_translated(site) || site == site_of(scenario, node)) return {};
    return wrong(fault, key,
                 fmt::format("{} is behind the {} of the site {}, and at {} it looks as its neighbours", peer,
                             site->relays() ? "proxy" : "NAT", site->name, node),
                 fmt::format("make it a fault of {} with {} as its peer", peer, node), Mistake::conflict);
}

Result<void> check_hidden_peers(const Scenario& scenario, const FaultSpec& fault) {
    for (const std::string& peer : fault.list("peers")) {
        if (!is_translated(site_of(scenario, peer))) continue;
        for (const std::string& node : fault.nodes)
            NETCUT_TRY(check_is_seen(scenario, fault, "peers", node, peer));
    }
    return {};
}

Result<void> check_flap(const FaultSpec& fault) {
    if (!fault.flap) return {};
    const FlapSpec& flap = *fault.flap;
    if (!flap.list.empty()) return check_cycles(fault, flap);
    if (flap.period < std::chrono::milliseconds(2))
        return wrong(fault, "flap", "its period is at least 2ms", "write flap: {period: 2s, count: 5}");
    if (!(flap.duty > 0 && flap.duty < 1))
        return wrong(fault, "flap", "its duty is more than 0% and less than 100%");
    if (flap.count == 0)
        return wrong(fault, "flap", "nothing says how often", "write count: 5", Mistake::missing);
    if (std::chrono::duration<double>(flap.period) * flap.duty * (1 - flap.jitter) < shortest_lease)
        return wrong(fault, "flap", "with this period, duty and jitter, a cycle may be on for less than 1ms");
    return {};
}

Result<void> check_when(const Scenario& scenario, FaultSpec& fault) {
    if (!fault.when) return {};
    WhenSpec& when = *fault.when;
    if (when.node.empty()) when.node = fault.nodes.front();
    for (const std::string* name : {&when.node, &when.peer})
        if (!name->empty())
            if (auto known = check_node(scenario, *name, "watch"); !known)
                return at(fault, "when", known.error());
    if (when.node == when.peer) return wrong(fault, "when", "a node is no peer of itself");
    if (!when.peer.empty()) NETCUT_TRY(check_is_seen(scenario, fault, "when", when.node, when.peer));
    if (fault.trigger.kind == FaultTrigger::Kind::none) fault.trigger.kind = FaultTrigger::Kind::start;
    return {};
}

Result<void> check_times(const FaultSpec& fault) {
    if (fault.times > 0) return {};
    return wrong(fault, "times", "it must happen at least once", "give --max-cuts 1 or more");
}

// Whether nothing is wrong with it.
bool check_fault(const Scenario& scenario, FaultSpec& fault, Mistakes& mistakes) {
    if (!check_keys(fault, mistakes) || !mistakes.add(check_nodes(scenario, fault))) return false;
    const std::size_t before = mistakes.found().size();
    if (fault.kind->check != nullptr) mistakes.add(fault.kind->check(scenario, fault));
    if (!scenario.fabric.sites.empty()) mistakes.add(check_hidden_peers(scenario, fault));
    mistakes.add(check_flap(fault));
    mistakes.add(check_times(fault));
    if (fault.kind->refuses("for")) fault.duration.reset();
    if (mistakes.add(check_when(scenario, fault))) mistakes.add(check_trigger(scenario, fault));
    return mistakes.found().size() == before;
}

// Each is kept in memory, and has an element of a set in the kernel.
constexpr std::size_t most_nodes_of_faults = 1'000'000, most_pairs_of_faults = 10'000'000;

std::size_t pairs_of_groups(const FaultSpec& fault) {
    std::size_t pairs = 0, nodes = 0;
    for (const WordList& group : fault.lists("groups")) {
        pairs += 2 * nodes * group.size();
        nodes += group.size();
    }
    return pairs;
}

// A scenario is read, and laid in the kernel, within moments.
Result<void> check_amount_of_faults(const Scenario& scenario) {
    constexpr std::size_t most_faults = 2000;
    constexpr std::uint64_t most_cycles = 1'000'000;
    if (scenario.faults.size() > most_faults)
        return usage_failure(fmt::format("do {} faults in one run", scenario.faults.size()),
                             fmt::format("there can be {} at most", most_faults),
                             "let one happen several times: times, flap");
    std::uint64_t cycles = 0;
    for (const FaultSpec& fault : scenario.faults) cycles += fault.flap ? fault.flap->count : 0;
    if (cycles <= most_cycles) return {};
    return usage_failure(fmt::format("let faults flap {} times in one run", cycles),
                         fmt::format("all together can do it {} times at most", most_cycles));
}

}  // namespace

Failure fault_failure(const FaultSpec& fault, const char* key, const std::string& why,
                      const std::string& hint, Mistake mistake) {
    Failure failure = usage_failure(fmt::format("prepare the fault '{}' ({})", fault.name, fault.kind->name),
                                    why, hint, mistake);
    const auto place = fault.places.find(fault.given(key) ? key : "");
    if (place != fault.places.end()) failure.value().place = place->second;
    return failure;
}

Failure fault_failure(const FaultSpec& fault, const char* key, const Error& error) {
    return fault_failure(fault, key, error.attempt + ": " + error.reason, error.hint, error.mistake);
}

Result<void> check_node_names(const Scenario& scenario, const FaultSpec& fault, const char* key,
                              const WordList& names) {
    std::set<std::string> seen;
    for (const std::string& name : names) {
        if (auto known = check_node(scenario, name, "use"); !known) return at(fault, key, known.error());
        if (!seen.insert(name).second) return wrong(fault, key, name + " is named twice");
    }
    return {};
}

WordList expanded_nodes(const Scenario& scenario, const WordList& names) {
    const auto all = node_names(scenario);
    WordList result;
    for (const std::string& name : names) {
        if (name == "all")
            result.insert(result.end(), all.begin(), all.end());
        else if (name == "collaborators")
            result.insert(result.end(), all.begin() + 1, all.end());
        else
            result.push_back(name);
    }
    return result;
}

namespace {

void name_faults(Scenario& scenario) {
    unsigned number = 0;
    for (FaultSpec& fault : scenario.faults) {
        ++number;
        if (fault.name.empty())
            fault.name = scenario.faults.size() == 1 ? "cut" : fmt::format("cut{}", number);
    }
}

Result<void> check_fault_name(const FaultSpec& fault, std::set<std::string>& names) {
    if (!names.insert(fault.name).second)
        return wrong(fault, "name", "another fault has that name already", "", Mistake::conflict);
    if (auto good = check_name(fault.name, "the fault"); !good) return at(fault, "name", good.error());
    return {};
}

// Of all faults so far.
class Total {
  public:
    Result<void> add(const FaultSpec& fault) {
        nodes_ += fault.nodes.size() + fault.list("peers").size();
        pairs_ += pairs_of_groups(fault);
        if (nodes_ <= most_nodes_of_faults && pairs_ <= most_pairs_of_faults) return {};
        return wrong(fault, "nodes", "all faults together have too many nodes, peers and pairs of nodes",
                     fmt::format("there can be {} nodes and peers, and {} pairs", most_nodes_of_faults,
                                 most_pairs_of_faults));
    }

  private:
    std::size_t nodes_ = 0, pairs_ = 0;
};

}  // namespace

void check_faults(Scenario& scenario, const Reading& reading, Mistakes& mistakes) {
    if (reading.is_misread("faults") || reading.is_misread("collaborators")) return;
    if (!mistakes.add(check_amount_of_faults(scenario), reading.place_of("faults"))) return;
    name_faults(scenario);
    const auto well_read = [&](std::size_t i) { return !reading.is_misread(fmt::format("faults/{}", i)); };
    bool good = true;
    std::set<std::string> names;
    for (std::size_t i = 0; i < scenario.faults.size() && !mistakes.full(); ++i)
        good = well_read(i) && mistakes.add(check_fault_name(scenario.faults[i], names)) && good;
    Total total;
    for (std::size_t i = 0; i < scenario.faults.size() && !mistakes.full(); ++i) {
        FaultSpec& fault = scenario.faults[i];
        good = well_read(i) && check_fault(scenario, fault, mistakes) && good;
        if (!mistakes.add(total.add(fault))) return;
    }
    if (good && !mistakes.full()) mistakes.add(check_order(scenario));
}

}  // namespace netcut
