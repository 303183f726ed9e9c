// SPDX-License-Identifier: Apache-2.0
#include "scenario/outline_schema.h"

#include <stdexcept>

namespace netcut {
namespace {

// The last words of "experiments.fault.on" that have a meaning: the whole, "on" below "fault", or "on" alone.
const char* meaning_of(const std::vector<std::string>& path, const Meanings& meanings) {
    const std::string& key = path.back();
    for (std::size_t above = path.size() - 1; above-- > 0;)
        if (const auto found = meanings.find(path[above] + "." + key); found != meanings.end())
            return found->second;
    const auto found = meanings.find(key);
    if (found == meanings.end()) throw std::logic_error("the key '" + key + "' has no description");
    return found->second;
}

}  // namespace

void describe(Json& schema, const Meanings& meanings, std::vector<std::string>& path) {
    if (schema.contains("anyOf"))
        for (Json& form : schema["anyOf"]) describe(form, meanings, path);
    if (schema.contains("items")) describe(schema["items"], meanings, path);
    if (!schema.contains("properties")) return;
    for (auto& [key, property] : schema["properties"].items()) {
        path.push_back(key);
        if (!property.contains("description")) property["description"] = meaning_of(path, meanings);
        describe(property, meanings, path);
        path.pop_back();
    }
}

Json outline_of(void (*read)(YamlSection&)) {
    Outline outline;
    YamlSection section(outline);
    read(section);
    return Json::parse(outline.schema());
}

}  // namespace netcut
