// SPDX-License-Identifier: Apache-2.0
//
// The command line of our small static programs: long options, by a table, then a command. It is written by processes of
// ours: anything else ends the program with status 125.
#pragma once

#include <getopt.h>
#include <sys/types.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace netcut {

constexpr int wrong_command_line = 125;

inline unsigned long long whole_number(const char* text) {
    char* end = nullptr;
    const unsigned long long value = std::strtoull(text, &end, 10);
    if (end == text || *end != '\0') std::exit(wrong_command_line);
    return value;
}

// "4,24,27"
inline std::vector<gid_t> group_list(const std::string& text) {
    std::vector<gid_t> groups;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        groups.push_back(static_cast<gid_t>(whole_number(text.substr(begin, comma - begin).c_str())));
        begin = comma + 1;
    }
    return groups;
}

template <typename Options>
struct ProgramOption {
    const char* name;
    void (*take)(Options& options, const char* value);
    int argument = required_argument;
};

// Fills in `options`; returns the command, which may be empty.
template <typename Options, std::size_t N>
char** parse_program_options(int argc, char** argv, const ProgramOption<Options> (&known)[N],
                             Options& options) {
    static_assert(N < '?', "which stands for an option that is unknown");
    std::array<option, N + 1> all{};
    for (std::size_t i = 0; i < N; ++i)
        all[i] = {known[i].name, known[i].argument, nullptr, static_cast<int>(i)};
    for (int key = 0; (key = ::getopt_long(argc, argv, "+", all.data(), nullptr)) != -1;) {
        if (key >= static_cast<int>(N)) std::exit(wrong_command_line);
        known[key].take(options, optarg);
    }
    return argv + optind;
}

[[noreturn]] inline void refuse_command_line(const char* program, const char* starter) {
    std::fprintf(stderr, "%s is started by %s and is of no use by itself\n", program, starter);
    std::exit(wrong_command_line);
}

}  // namespace netcut
