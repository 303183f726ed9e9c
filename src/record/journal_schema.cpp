// SPDX-License-Identifier: Apache-2.0
#include "record/journal_schema.h"

#include "base/json.h"
#include "record/event.h"
#include "record/fields_schema.h"

namespace netcut {
namespace {

template <typename What>
Json event_schema() {
    const KeySchemas keys = key_schemas<What>();
    Json schema = {{"title", name_of(Of<What>{})},
                   {"properties", {{"event", {{"const", name_of(Of<What>{})}}}, {"details", keys.object()}}}};
    if (!keys.required.empty()) schema["required"] = Json::array({"details"});
    return schema;
}

// All but Unknown, which is the first.
template <typename... What>
Json event_schemas(const std::variant<event::Unknown, What...>*) {
    Json all = Json::array();
    (all.push_back(event_schema<What>()), ...);
    return all;
}

Json described(const char* type, const char* description) {
    return {{"type", type}, {"description", description}};
}

}  // namespace

std::string journal_schema() {
    const Json keys = {
        {"n", described("integer", "The number of the line, from 1")},
        {"t_ns", described("integer", "Monotonic nanoseconds since the run began, of the event itself")},
        {"wall", described("string", "The same moment, UTC, ISO 8601")},
        {"event", described("string", "What happened")},
        {"node", described("string", "The node that it is about")},
        {"fault", described("string", "The fault that it is about")},
        {"details", described("object", "What is known of it; absent if that is nothing")}};
    return Json{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "a line of journal.jsonl of netcut-fl"},
                {"description", "docs/journal.md says what each event and each key means"},
                {"type", "object"},
                {"properties", keys},
                {"required", {"n", "t_ns", "wall", "event"}},
                {"additionalProperties", false},
                {"anyOf", event_schemas(static_cast<const event::Any*>(nullptr))}}
        .dump(2);
}

}  // namespace netcut
