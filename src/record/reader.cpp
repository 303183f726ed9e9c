// SPDX-License-Identifier: Apache-2.0
#include "record/reader.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/time.h"

namespace netcut {
namespace {

constexpr std::size_t most_wrong = 20;  // a journal that is all wrong needs no line for each

// Takes the text out of `json`; false if there is another thing.
bool take_text(ParsedEvent& json, const char* key, std::string& text) {
    const auto found = json.find(key);
    if (found == json.end()) return true;
    auto* value = found->get_ptr<std::string*>();
    if (value == nullptr) return false;
    text = std::move(*value);
    return true;
}

// No run lasts as long, and sums of some of these still have room.
std::optional<Nanoseconds> time_of(const ParsedEvent& json) {
    constexpr std::int64_t most = 1'000'000'000'000'000'000;
    if (!json.is_number_integer()) return {};
    if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{most}) return {};
    const auto count = json.get<std::int64_t>();
    if (count > most || count < -most) return {};
    return Nanoseconds(count);
}

ReadEvent nothing(std::string why) {
    return {std::nullopt, std::move(why), false};
}

}  // namespace

ReadEvent read_event(std::string_view line) {
    auto json = parse_json<ParsedEvent>(line, "read an event");
    if (!json) return nothing(json.error().reason);
    if (!json->is_object()) return nothing("it is no object");
    const auto t = time_of(member(*json, "t_ns"));
    if (!t) return nothing("its 't_ns' is no time of a run");
    std::string name;
    if (!take_text(*json, "event", name) || name.empty()) return nothing("its 'event' is no name");
    ReadEvent read{Event{}, {}, false};
    Event& event = *read.event;
    event.t = *t;
    const auto number = json->find("n");
    if (number != json->end() && number->is_number_unsigned())
        event.number = number->get<std::uint64_t>();
    else
        read.wrong = "its 'n' is no number";
    for (const auto& [key, text] :
         {std::pair("wall", &event.wall), std::pair("node", &event.node), std::pair("fault", &event.fault)})
        if (!take_text(*json, key, *text)) read.wrong = fmt::format("its '{}' is no text", key);
    const auto details = json->find("details");
    event.what =
        read_details_of(name, details == json->end() ? ParsedEvent::object() : std::move(*details), read);
    return read;
}

ReadJournal read_journal(std::string_view text) {
    ReadJournal journal;
    const auto wrong = [&](std::string what) {
        if (journal.wrong.size() < most_wrong) journal.wrong.push_back(std::move(what));
    };
    int schema = 0;
    for (std::size_t line = 1; !text.empty(); ++line) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            wrong(fmt::format(
                "line {} is torn: netcut-fl was killed, or could not write, in the middle of it", line));
            break;
        }
        ReadEvent read = read_event(text.substr(0, end));
        text.remove_prefix(end + 1);
        const auto* begun = read.event ? read.event->as<event::RunBegun>() : nullptr;
        if (begun != nullptr && line == 1) schema = begun->schema;
        if (!read.event)
            wrong(fmt::format("line {} is no event: {}", line, read.wrong));
        else if (read.may_be_older && is_older_schema(schema))
            ++journal.lacking;
        else if (!read.wrong.empty())
            wrong(fmt::format("line {} ({}): {}", line, read.event->name(), read.wrong));
        if (read.event) journal.events.push_back(std::move(*read.event));
    }
    return journal;
}

}  // namespace netcut
