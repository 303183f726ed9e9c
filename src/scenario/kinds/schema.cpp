// SPDX-License-Identifier: Apache-2.0
#include "scenario/kinds/schema.h"

#include <nlohmann/json.hpp>

#include "scenario/fault_kind.h"
#include "scenario/kinds/keys.h"

namespace netcut {

using Json = nlohmann::ordered_json;

std::string fault_schema() {
    const Json text = {{"type", "string"}}, object = {{"type", "object"}};
    const Json common = {{"name", text},
                         {"nodes", Json::parse(nodes_type().schema)},
                         {"on", {{"anyOf", {{{"const", "start"}}, object}}}},
                         {"when", text},
                         {"for", text},
                         {"times", Json::parse(number_type(1, 1'000'000).schema)},
                         {"flap", object}};
    Json kinds = Json::array();
    for (const FaultKind& kind : fault_kinds()) {
        Json keys = {{"kind", {{"const", kind.name}}}};
        for (const auto& [name, schema] : common.items())
            if (!kind.refuses(name)) keys[name] = schema;
        for (const FaultKey& key : kind.keys) {
            Json& schema = keys[key.name] = Json::parse(key.type.schema);
            schema["description"] = key.meaning;
            if (!key.standard.empty()) schema["default"] = key.standard;
        }
        kinds.push_back({{"title", kind.name},
                         {"description", kind.summary},
                         {"type", "object"},
                         {"properties", std::move(keys)},
                         {"additionalProperties", false}});
        // The first of them is what a fault is that names no kind.
        if (kinds.size() > 1) kinds.back()["required"] = Json::array({"kind"});
    }
    return Json{{"anyOf", std::move(kinds)}}.dump(2);
}

}  // namespace netcut
