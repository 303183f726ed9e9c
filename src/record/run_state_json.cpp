// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"
#include "record/facts.h"
#include "record/fields_json.h"
#include "record/fields_schema.h"
#include "record/run_state.h"

namespace netcut {

NETCUT_FIELDS(Firing, kept("fault", &E::fault), kept("number", &E::number), kept("kind", &E::kind),
              kept("nodes", &E::nodes), kept("trigger", &E::trigger), if_set("flap", &E::flap),
              if_set("missed", &E::missed), kept("fired_ns", &E::fired), kept("healed_ns", &E::healed),
              kept("for_s", &E::for_s), kept("losses", &E::losses), kept("recovery", &E::recovery),
              if_set("pauses", &E::pauses))
NETCUT_FIELDS(FaultState, kept("fault", &E::name), kept("on", &E::on), kept("armed", &E::armed),
              kept("fired", &E::firings), kept("last_fired_ns", &E::fired),
              kept("last_healed_ns", &E::healed), if_set("missed", &E::missed))
NETCUT_FIELDS(NodeOutcome, kept("node", &E::name), kept("started", &E::started), kept("exit", &E::exit),
              kept("starts", &E::starts), kept("ended_ns", &E::ended),
              kept("stopped_by_us", &E::stopped_by_us), kept("killed_by_fault", &E::killed_by_fault),
              if_set("left_behind", &E::left_behind))
NETCUT_FIELDS(NodeState, flat(&E::outcome), kept("paused", &E::paused),
              derived("runs", [](const E& e) { return e.runs(); }))
NETCUT_FIELDS(HalfOpen, kept("node", &E::node), kept("peer", &E::peer), flat(&E::socket),
              kept("address_gone", &E::address_gone))

Json RunState::to_json() const {
    return {{"name", begun_ ? begun_->run : ""},
            {"state", value_json(phase_)},
            {"round", round_},
            {"nodes", value_json(nodes_)},
            {"faults", value_json(faults_)},
            {"firings", value_json(firings_)},
            {"half_open", value_json(half_open_)},
            {"end", stopping_ ? Json(word_of(stopping_->end)) : Json(nullptr)},
            {"error", value_json(error_)},
            {"verdict", ended_ ? Json(ended_->verdict) : Json(nullptr)},
            {"left_out", {{"firings", firings_left_out_}, {"events", events_left_out_}}}};
}

std::string RunState::schema() {
    const Json keys = {
        {"name", schema_of<std::string>()},
        {"state", schema_of<decltype(phase_)>()},
        {"round", schema_of<decltype(round_)>()},
        {"nodes", schema_of<decltype(nodes_)>()},
        {"faults", schema_of<decltype(faults_)>()},
        {"firings", schema_of<decltype(firings_)>()},
        {"half_open", schema_of<decltype(half_open_)>()},
        {"end", schema_of<std::optional<EndReason>>()},
        {"error", schema_of<decltype(error_)>()},
        {"verdict", schema_of<std::optional<std::string>>()},
        {"left_out", schema_of<std::map<std::string, std::size_t>>()},
    };
    Json required = Json::array();
    for (const auto& [key, value] : keys.items()) required.push_back(key);
    return Json{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "the record of a run of netcut-fl"},
                {"description",
                 "What the run has come to, reduced from its journal; docs/journal.md says what "
                 "each key means"},
                {"type", "object"},
                {"properties", keys},
                {"required", required},
                {"additionalProperties", false}}
        .dump(2);
}

}  // namespace netcut
