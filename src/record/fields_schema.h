// SPDX-License-Identifier: Apache-2.0
//
// JSON Schema of what has fields, as fields_json.h writes it.
#pragma once

#include "base/json.h"
#include "base/time.h"
#include "node/exit_status.h"
#include "record/fields_json.h"

namespace netcut {

// The keys of an object, and those of them that are always there.
struct KeySchemas {
    Json properties = Json::object(), required = Json::array();

    Json object() const {
        return {{"type", "object"},
                {"properties", properties},
                {"required", required},
                {"additionalProperties", false}};
    }
};

template <typename T>
KeySchemas key_schemas();

inline KeySchemas flat_schemas(const ExitStatus*) {
    return {{{"status", {{"type", "string"}}},
             {"signal", {{"type", "integer"}}},
             {"exit_code", {{"type", "integer"}}}},
            {"status"}};
}

template <typename Enum>
Json words_schema_of() {
    Json words = Json::array();
    for (const auto& one : words_of(Enum{})) words.push_back(one.word);
    return {{"enum", std::move(words)}};
}

template <typename T>
Json schema_of() {
    if constexpr (IsOptional<T>)
        return {{"anyOf", {schema_of<typename T::value_type>(), {{"type", "null"}}}}};
    else if constexpr (std::is_enum_v<T>)
        return words_schema_of<T>();
    else if constexpr (HasFields<T>)
        return key_schemas<T>().object();
    else if constexpr (std::is_same_v<T, ExitStatus>)
        return flat_schemas(static_cast<const ExitStatus*>(nullptr)).object();
    else if constexpr (IsMap<T>)
        return {{"type", "object"}, {"additionalProperties", schema_of<typename T::mapped_type>()}};
    else if constexpr (IsByName<T>::value)
        return {{"type", "object"},
                {"additionalProperties", schema_of<typename T::value_type::second_type>()}};
    else if constexpr (std::is_same_v<T, bool>)
        return {{"type", "boolean"}};
    else if constexpr (std::is_integral_v<T> || std::is_same_v<T, Nanoseconds>)
        return {{"type", "integer"}};
    else if constexpr (std::is_floating_point_v<T>)
        return {{"type", "number"}};
    else if constexpr (requires { typename T::value_type; } && !std::is_same_v<T, std::string>)
        return {{"type", "array"}, {"items", schema_of<typename T::value_type>()}};
    else
        return {{"type", "string"}};
}

template <typename Owner, typename Value>
void add_key(const Field<Owner, Value>& field, KeySchemas& keys) {
    keys.properties[field.key] = schema_of<Value>();
    if (field.presence == Presence::required) keys.required.push_back(field.key);
}

template <typename Owner, typename Function>
void add_key(const Derived<Function>& field, KeySchemas& keys) {
    keys.properties[field.key] =
        schema_of<std::decay_t<decltype(field.function(std::declval<const Owner&>()))>>();
}

template <typename Owner>
void add_key(const Either<Owner>& field, KeySchemas& keys) {
    keys.properties[field.key] = {{"enum", {field.yes, field.no}}};
}

template <typename Owner>
void add_key(const EndPoint<Owner>& field, KeySchemas& keys) {
    keys.properties[field.key] = {{"type", "string"}};
    keys.required.push_back(field.key);
}

template <typename T>
KeySchemas flat_schemas(const std::optional<T>*) {
    return {key_schemas<T>().properties, Json::array()};
}
template <typename T>
KeySchemas flat_schemas(const T*) {
    return key_schemas<T>();
}

template <typename Owner, typename Value>
void add_key(const Flat<Owner, Value>&, KeySchemas& keys) {
    const KeySchemas flat = flat_schemas(static_cast<const Value*>(nullptr));
    keys.properties.update(flat.properties);
    for (const Json& key : flat.required) keys.required.push_back(key);
}

template <typename T>
KeySchemas key_schemas() {
    KeySchemas keys;
    const auto add = [&](const auto& field) {
        if constexpr (requires { add_key<T>(field, keys); })
            add_key<T>(field, keys);
        else
            add_key(field, keys);
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, fields(Of<T>{}));
    return keys;
}

}  // namespace netcut
