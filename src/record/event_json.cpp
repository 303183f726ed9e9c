// SPDX-License-Identifier: Apache-2.0
//
// Writes and reads events, as record/event_table.h says.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <unordered_map>

#include "base/json.h"
#include "base/time.h"
#include "fault/losses.h"
#include "kernel/address.h"
#include "node/exit_status.h"
#include "record/event.h"
#include "record/fields_json.h"
#include "record/reader.h"

namespace netcut {
namespace {

Json details_of(const event::Unknown& unknown) {
    return unknown.details;
}

template <HasFields T>
Json details_of(const T& what) {
    return value_json(what);
}

// --- reading ---

bool read_end_point(const std::string& text, IpAddress& address, std::uint16_t& port) {
    const std::size_t space = text.find(' ');
    if (space == std::string::npos) return false;
    boost::system::error_code error;
    address = boost::asio::ip::make_address(text.substr(0, space), error);
    const auto* end = text.data() + text.size();
    return !error && std::from_chars(text.data() + space + 1, end, port).ptr == end;
}

// Reads what has the wanted form, and remembers the first thing that has not.
class FieldReader {
  public:
    explicit FieldReader(ReadEvent& read) : read_(read) {}

    template <typename T>
    void read_fields(ParsedEvent& json, T& value) {
        if (!json.is_object()) return fail("an object");
        std::apply([&](const auto&... field) { (read_field(json, value, field), ...); }, fields(Of<T>{}));
        std::apply([&](const auto&... field) { (check_derived(json, value, field), ...); }, fields(Of<T>{}));
    }

  private:
    template <typename Owner, typename Function>
    void read_field(ParsedEvent&, Owner&, const Derived<Function>&) {}
    template <typename Owner, typename Other>
    void check_derived(const ParsedEvent&, const Owner&, const Other&) {}

    template <typename Owner, typename Function>
    void check_derived(const ParsedEvent& json, const Owner& owner, const Derived<Function>& field) {
        if (!field.is_checked) return;
        const auto found = json.find(field.key);
        if (found != json.end() && *found != ParsedEvent(value_json(field.function(owner))))
            note(fmt::format("its '{}' does not follow from the rest", field.key), true);
    }

    template <typename Owner, typename Value>
    void read_field(ParsedEvent& json, Owner& owner, const Field<Owner, Value>& field) {
        Value& value = owner.*(field.member);
        const auto found = json.find(field.key);
        key_ = field.key;
        if (found != json.end()) return read_value(*found, value);
        if (field.presence == Presence::required) note(fmt::format("it has no '{}'", key_), true);
    }

    template <typename Owner>
    void read_field(ParsedEvent& json, Owner& owner, const Either<Owner>& field) {
        const auto found = json.find(field.key);
        if (found == json.end()) return;
        key_ = field.key;
        owner.*(field.member) = *found == field.yes;
        if (*found != field.yes && *found != field.no) fail("one of its words");
    }

    template <typename Owner>
    void read_field(ParsedEvent& json, Owner& owner, const EndPoint<Owner>& field) {
        key_ = field.key;
        if (!read_end_point(text_of(member(json, field.key)), owner.*(field.address), owner.*(field.port)))
            fail("an address with a port");
    }

    template <typename Owner, typename Value>
    void read_field(ParsedEvent& json, Owner& owner, const Flat<Owner, Value>& field) {
        read_flat(json, owner.*(field.member));
    }

    void read_flat(ParsedEvent& json, ExitStatus& exit) {
        exit.signaled = json.contains("signal");
        key_ = exit.signaled ? "signal" : "exit_code";
        const auto found = json.find(key_);
        if (found != json.end()) return read_value(*found, exit.value);
        note("it has no 'exit_code'", true);
    }

    // Before that was written, any data was work.
    void read_flat(ParsedEvent& json, Recovery& recovery) {
        read_fields(json, recovery);
        if (!json.contains("worked_ns")) recovery.worked = recovery.network_back();
    }

    void read_flat(ParsedEvent& json, std::optional<Losses::Offered>& offered) {
        // Not emplace(): within Losses, clang knows of no default constructor of it, nor of the next.
        if (json.contains("offered_up")) read_fields(json, *(offered = Losses::Offered{}));
    }

    void read_flat(ParsedEvent& json, std::optional<Losses::Rebound>& rebound) {
        if (json.contains("rebound_up")) read_fields(json, *(rebound = Losses::Rebound{}));
    }

    template <HasFields T>
    void read_flat(ParsedEvent& json, T& value) {
        read_fields(json, value);
    }

    template <typename T>
    void read_value(ParsedEvent& json, T& value) {
        if constexpr (IsOptional<T>)
            json.is_null() ? value.reset() : read_value(json, value.emplace());
        else if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::string>)
            read_as_it_is(json, value);
        else if constexpr (std::is_enum_v<T>)
            read_word(json, value);
        else if constexpr (std::is_same_v<T, Nanoseconds>)
            read_time(json, value);
        else if constexpr (std::is_integral_v<T>)
            read_integer(json, value);
        else if constexpr (std::is_floating_point_v<T>)
            read_number(json, value);
        else if constexpr (std::is_same_v<T, Json>)
            value = Json(json);
        else if constexpr (HasFields<T>)
            read_fields(json, value);
        else if constexpr (IsMap<T> || IsByName<T>::value)
            read_by_name(json, value);
        else
            read_list(json, value);
    }

    template <typename T>
    void read_as_it_is(ParsedEvent& json, T& value) {
        if (T* found = json.get_ptr<T*>(); found != nullptr)
            value = std::move(*found);
        else
            fail(std::is_same_v<T, bool> ? "true or false" : "a text");
    }

    template <typename Enum>
    void read_word(ParsedEvent& json, Enum& value) {
        const auto* text = json.get_ptr<const std::string*>();
        const auto found = text != nullptr ? parse_word<Enum>(*text) : std::nullopt;
        found ? void(value = *found) : fail("one of its words");
    }

    template <typename Integer>
    void read_integer(ParsedEvent& json, Integer& value) {
        if (const auto* up = json.get_ptr<const std::uint64_t*>();
            up != nullptr && std::in_range<Integer>(*up))
            value = static_cast<Integer>(*up);
        else if (const auto* any = json.get_ptr<const std::int64_t*>();
                 up == nullptr && any != nullptr && std::in_range<Integer>(*any))
            value = static_cast<Integer>(*any);
        else
            fail("a whole number in its bounds");
    }

    // Of a run, or since the epoch until 2116: sums of two of them still have room.
    void read_time(ParsedEvent& json, Nanoseconds& value) {
        constexpr std::int64_t most = 4'600'000'000'000'000'000;
        std::int64_t count = 0;
        read_integer(json, count);
        count > most || count < -most ? fail("a time") : void(value = Nanoseconds(count));
    }

    // All of them are durations.
    void read_number(ParsedEvent& json, double& value) {
        constexpr double most = 1e15;
        const double number = json.is_number() ? json.get<double>() : NAN;
        std::abs(number) <= most ? void(value = number) : fail("a duration");
    }

    template <typename ByName>
    void read_by_name(ParsedEvent& json, ByName& value) {
        if (!json.is_object()) return fail("an object");
        for (auto& [name, inner] : json.items()) {
            if constexpr (IsMap<ByName>)
                read_value(inner, value[name]);
            else
                read_value(inner,
                           value.emplace_back(name, typename ByName::value_type::second_type{}).second);
        }
    }

    template <typename List>
    void read_list(ParsedEvent& json, List& list) {
        if (!json.is_array()) return fail("a list");
        if constexpr (requires { list.emplace_back(); }) {
            for (ParsedEvent& one : json) read_value(one, list.emplace_back());
        } else {
            if (json.size() != list.size()) return fail("a list of that length");
            for (std::size_t i = 0; i < list.size(); ++i) read_value(json[i], list[i]);
        }
    }

    void fail(const char* wanted) { note(fmt::format("its '{}' is not {}", key_, wanted), false); }
    // What an older netcut-fl may have written is told after what nobody has.
    void note(std::string what, bool may_be_older) {
        if (!read_.wrong.empty() && (may_be_older || !read_.may_be_older)) return;
        read_.wrong = std::move(what);
        read_.may_be_older = may_be_older;
    }

    const char* key_ = "details";
    ReadEvent& read_;
};

using ReadDetails = event::Any (*)(ParsedEvent& details, ReadEvent& read);

template <typename What>
event::Any read_details(ParsedEvent& details, ReadEvent& read) {
    event::Any any = What{};
    FieldReader(read).read_fields(details, std::get<What>(any));
    return any;
}

template <typename... Whats>
std::unordered_map<std::string_view, ReadDetails> make_readers(
    const std::variant<event::Unknown, Whats...>*) {
    return {{name_of(Of<Whats>{}), read_details<Whats>}...};
}

}  // namespace

std::string end_point_text(const IpAddress& address, std::uint16_t port) {
    return fmt::format("{} {}", address.to_string(), port);
}

std::string_view Event::name() const {
    return std::visit(Cases{[](const event::Unknown& unknown) { return std::string_view(unknown.name); },
                            []<typename What>(const What&) { return std::string_view(name_of(Of<What>{})); }},
                      what);
}

Json Event::to_json() const {
    Json json;
    json["n"] = number;
    json["t_ns"] = t.count();
    json["wall"] = wall;
    json["event"] = name();
    if (!node.empty()) json["node"] = node;
    if (!fault.empty()) json["fault"] = fault;
    if (Json details = std::visit([](const auto& one) { return details_of(one); }, what); !details.empty())
        json["details"] = std::move(details);
    return json;
}

std::string Event::to_line() const {
    return to_json().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

event::Any read_details_of(const std::string& name, ParsedEvent&& details, ReadEvent& read) {
    static const auto readers = make_readers(static_cast<const event::Any*>(nullptr));
    const auto reader = readers.find(name);
    if (reader != readers.end()) return reader->second(details, read);
    return event::Unknown{name, Json(details)};
}

}  // namespace netcut
