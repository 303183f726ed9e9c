// SPDX-License-Identifier: Apache-2.0
//
// What went wrong, as a value, and how functions hand it up. Values may be used on any thread.
#pragma once

#include <array>
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/words.h"

namespace netcut {

// Where something stands that a user gave: a place in a file, or an option.
struct Place {
    std::string file;  // or the option's name; empty: it is not known
    int line = 0;      // from 1; 0: the whole of it
    int column = 0;    // from 1, in bytes

    std::string text() const;  // "FILE:line:column"
    bool operator==(const Place&) const = default;
};

// What is wrong with what a user gave, for programs (docs/scenario.md says when it is which).
enum class Mistake {
    value,
    syntax,
    unknown_key,
    repeated_key,
    type,
    unknown_name,
    missing,
    conflict,
    unreadable,
};
inline constexpr std::array<EnumWord<Mistake>, 9> mistake_words = {{
    {Mistake::value, "bad-value"},
    {Mistake::syntax, "syntax"},
    {Mistake::unknown_key, "unknown-key"},
    {Mistake::repeated_key, "repeated-key"},
    {Mistake::type, "wrong-type"},
    {Mistake::unknown_name, "unknown-name"},
    {Mistake::missing, "missing"},
    {Mistake::conflict, "conflict"},
    {Mistake::unreadable, "unreadable"},
}};
constexpr const auto& words_of(Mistake) {
    return mistake_words;
}

// What went wrong, in the three parts a user needs. `kind` decides the exit status of the command line.
struct Error {
    enum class Kind {
        usage,    // the request is wrong: exit status 2
        machine,  // a right, a kernel feature or room on a disk is missing: exit status 3
        internal  // our own defect, or the kernel answered what it should not: exit status 5
    };

    Kind kind = Kind::machine;
    std::string attempt;  // what was attempted: "add veth c3"
    int code = 0;         // errno, 0 if there is none
    std::string reason;   // why it failed; the text of `code` if left empty
    std::string hint;     // what to do about it; may be empty
    std::string excerpt =
        {};            // the line of the user's text that is wrong, and below it a caret; may be empty
    Place place = {};  // what of the user's is wrong; may be unknown
    Mistake mistake = Mistake::value;  // of the kind `usage`: in which way

    std::string why() const;  // "<place>: <reason>"
    // "cannot <attempt>: <why> (<hint>)", and the excerpt on lines of its own
    std::string text() const;
};

inline constexpr std::array<EnumWord<Error::Kind>, 3> error_words = {{
    {Error::Kind::usage, "usage"},
    {Error::Kind::machine, "machine"},
    {Error::Kind::internal, "internal"},
}};
constexpr const auto& words_of(Error::Kind) {
    return error_words;
}

template <typename T = void>
using Result = tl::expected<T, Error>;
using Failure = tl::unexpected<Error>;

// A failed system call: reason and code from `errno` as it is now.
Failure system_failure(std::string attempt, std::string hint = {});
Failure system_failure(std::string attempt, int code, std::string hint = {});
// Of the kinds of the same names, without an errno.
Failure machine_failure(std::string attempt, std::string reason, std::string hint = {});
Failure internal_failure(std::string attempt, std::string reason, std::string hint = {});
Failure usage_failure(std::string attempt, std::string reason, std::string hint = {},
                      Mistake mistake = Mistake::value);

// Return early with the error of `expr`; the second form also declares or assigns its value.
#define NETCUT_TRY(expr)                                          \
    do {                                                          \
        if (auto try_result = (expr); !try_result) [[unlikely]]   \
            return tl::unexpected(std::move(try_result).error()); \
    } while (false)
#define NETCUT_CONCAT2(a, b) a##b
#define NETCUT_CONCAT(a, b) NETCUT_CONCAT2(a, b)
#define NETCUT_ASSIGN(target, expr) NETCUT_ASSIGN2(NETCUT_CONCAT(try_result_, __LINE__), target, expr)
#define NETCUT_ASSIGN2(result, target, expr)              \
    auto result = (expr);                                 \
    if (!result) [[unlikely]]                             \
        return tl::unexpected(std::move(result).error()); \
    target = std::move(*result)

}  // namespace netcut
