// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/json.h"
#include "netcut/evidence.h"
#include "report/journal_fields.h"

namespace netcut {
namespace {

constexpr std::size_t most_disagreements = 20;  // a journal that is all wrong needs no line for each

Event event_of(const Json& json) {
    Event event;
    event.number = json.at("n").get<std::uint64_t>();
    event.t = time_field(json.at("t_ns"));
    event.wall = json.at("wall").get<std::string>();
    event.name = json.at("event").get<std::string>();
    event.node = json.value("node", "");
    event.fault = json.value("fault", "");
    if (json.contains("details")) event.details = json.at("details");
    if (!event.details.is_object()) throw std::invalid_argument("its details are no object");
    return event;
}

std::optional<Event> parse_line(std::string_view line, std::string& why) {
    const auto json = parse_json<Json>(line, "read an event");
    if (!json) why = json.error().reason;
    if (!json) return {};
    try {
        return event_of(*json);
    } catch (const Json::exception& error) {
        why = error.what();
    } catch (const std::invalid_argument& error) {
        why = error.what();
    }
    return {};
}

}  // namespace

std::vector<Event> parse_journal(std::string_view text, Check& check) {
    std::vector<Event> events;
    std::size_t line = 0;
    while (!text.empty()) {
        ++line;
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            check.disagreements.push_back(fmt::format(
                "line {} is torn: netcut-fl was killed, or could not write, in the middle of it", line));
            break;
        }
        std::string why;
        auto event = parse_line(text.substr(0, end), why);
        text.remove_prefix(end + 1);
        if (event)
            events.push_back(std::move(*event));
        else if (check.disagreements.size() < most_disagreements)
            check.disagreements.push_back(fmt::format("line {} is no event: {}", line, why));
    }
    return events;
}

}  // namespace netcut
