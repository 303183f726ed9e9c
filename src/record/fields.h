// SPDX-License-Identifier: Apache-2.0
//
// How the members of a struct stand in JSON: a function `fields` returns them, in the order in which they are written.
//   required  is always there
//   kept      is always written; a record of an older netcut-fl may not have it
//   if_set    is written if it is not zero, false or empty
//   flat      its own keys are among those of what holds it
//   derived   follows from the others; where it is there, it must do so
//   in_words  the same for people; it is not read
#pragma once

#include <optional>
#include <tuple>

#include "base/time.h"
#include "kernel/address.h"

namespace netcut {

enum class Presence { required, kept, if_set };

template <typename Owner, typename Value>
struct Field {
    Presence presence;
    const char* key;
    Value Owner::*member;
};

template <typename Owner, typename Value>
constexpr Field<Owner, Value> required(const char* key, Value Owner::*member) {
    return {Presence::required, key, member};
}
template <typename Owner, typename Value>
constexpr Field<Owner, Value> kept(const char* key, Value Owner::*member) {
    return {Presence::kept, key, member};
}
template <typename Owner, typename Value>
constexpr Field<Owner, Value> if_set(const char* key, Value Owner::*member) {
    return {Presence::if_set, key, member};
}

template <typename Owner, typename Value>
struct Flat {
    Value Owner::*member;
};
template <typename Owner, typename Value>
constexpr Flat<Owner, Value> flat(Value Owner::*member) {
    return {member};
}

// Yes or no, in a word for each; a record of an older netcut-fl may not have it, and means no.
template <typename Owner>
struct Either {
    const char* key;
    bool Owner::*member;
    const char* yes;
    const char* no;
};
template <typename Owner>
constexpr Either<Owner> either(const char* key, bool Owner::*member, const char* yes, const char* no) {
    return {key, member, yes, no};
}

// An address and a port in one text.
template <typename Owner>
struct EndPoint {
    const char* key;
    IpAddress Owner::*address;
    std::uint16_t Owner::*port;
};
template <typename Owner>
constexpr EndPoint<Owner> end_point(const char* key, IpAddress Owner::*address, std::uint16_t Owner::*port) {
    return {key, address, port};
}

template <typename Function>
struct Derived {
    const char* key;
    Function function;
    bool is_checked;
};
template <typename Function>
constexpr Derived<Function> derived(const char* key, Function function) {
    return {key, function, true};
}
template <typename Function>
constexpr Derived<Function> in_words(const char* key, Function function) {
    return {key, function, false};
}
inline std::optional<double> seconds_of(const std::optional<Nanoseconds>& time) {
    return time ? std::optional(seconds(*time)) : std::nullopt;
}
// The same time in seconds and in nanoseconds.
template <typename Owner>
constexpr auto in_seconds(const char* key, std::optional<Nanoseconds> Owner::*member) {
    return derived(key, [member](const Owner& owner) { return seconds_of(owner.*member); });
}

template <typename T>
struct Of {};

#define NETCUT_FIELDS(type, ...)         \
    constexpr auto fields(Of<type>) {    \
        using E [[maybe_unused]] = type; \
        return std::tuple{__VA_ARGS__};  \
    }

}  // namespace netcut
