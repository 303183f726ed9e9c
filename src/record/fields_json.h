// SPDX-License-Identifier: Apache-2.0
//
// Writes what has fields as JSON.
#pragma once

#include "base/json.h"
#include "base/time.h"
#include "fault/losses.h"
#include "node/exit_status.h"
#include "record/event.h"
#include "record/event_table.h"

namespace netcut {

template <typename T>
concept HasFields = requires {
    fields(Of<T>{});
};
template <typename T>
concept IsOptional = requires(T value) {
    value.has_value();
};
template <typename T>
concept IsMap = requires {
    typename T::mapped_type;
};
template <typename T>
struct IsByName : std::false_type {};
template <typename T>
struct IsByName<event::ByName<T>> : std::true_type {};

template <typename T>
void write_fields(const T& value, Json& json);

// The keys of `value`, among others.
inline void write_flat(const ExitStatus& exit, Json& json);
inline void write_flat(const std::optional<Losses::Offered>& offered, Json& json);
inline void write_flat(const std::optional<Losses::Rebound>& rebound, Json& json);
template <HasFields T>
void write_flat(const T& value, Json& json) {
    write_fields(value, json);
}

template <typename T>
Json value_json(const T& value) {
    if constexpr (IsOptional<T>)
        return value ? value_json(*value) : Json(nullptr);
    else if constexpr (std::is_enum_v<T>)
        return word_of(value);
    else if constexpr (std::is_same_v<T, Nanoseconds>)
        return value.count();
    else if constexpr (requires(Json json) { write_flat(value, json); }) {
        Json json = Json::object();
        write_flat(value, json);
        return json;
    } else if constexpr (IsMap<T> || IsByName<T>::value) {
        Json json = Json::object();
        for (const auto& [name, one] : value) json[name] = value_json(one);
        return json;
    } else if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>) {
        Json json = Json::array();
        for (const auto& one : value) json.push_back(value_json(one));
        return json;
    } else
        return value;
}

inline void write_code(const ExitStatus& exit, Json& json) {
    json[exit.signaled ? "signal" : "exit_code"] = exit.value;
}

inline void write_flat(const ExitStatus& exit, Json& json) {
    json["status"] = exit.text();
    write_code(exit, json);
}

inline void write_flat(const std::optional<Losses::Offered>& offered, Json& json) {
    if (offered) write_fields(*offered, json);
}

inline void write_flat(const std::optional<Losses::Rebound>& rebound, Json& json) {
    if (rebound) write_fields(*rebound, json);
}

template <typename T>
bool is_set(const T& value) {
    if constexpr (IsOptional<T>)
        return value.has_value();
    else if constexpr (std::is_arithmetic_v<T>)
        return value != T{};
    else if constexpr (requires { value.empty(); })
        return !value.empty();
    else
        return true;
}

template <typename Owner, typename Function>
void write_field(const Owner& owner, const Derived<Function>& field, Json& json) {
    json[field.key] = value_json(field.function(owner));
}

template <typename Owner, typename Value>
void write_field(const Owner& owner, const Field<Owner, Value>& field, Json& json) {
    const Value& value = owner.*(field.member);
    if (field.presence != Presence::if_set || is_set(value)) json[field.key] = value_json(value);
}

template <typename Owner>
void write_field(const Owner& owner, const Either<Owner>& field, Json& json) {
    json[field.key] = owner.*(field.member) ? field.yes : field.no;
}

template <typename Owner>
void write_field(const Owner& owner, const EndPoint<Owner>& field, Json& json) {
    json[field.key] = end_point_text(owner.*(field.address), owner.*(field.port));
}

template <typename Owner, typename Value>
void write_field(const Owner& owner, const Flat<Owner, Value>& field, Json& json) {
    write_flat(owner.*(field.member), json);
}

template <typename T>
void write_fields(const T& value, Json& json) {
    std::apply([&](const auto&... field) { (write_field(value, field, json), ...); }, fields(Of<T>{}));
}

}  // namespace netcut
