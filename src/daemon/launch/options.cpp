// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <getopt.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace netcut::launch {
namespace {

unsigned long long number(const char* text, char** end) {
    const unsigned long long value = std::strtoull(text, end, 10);
    if (*end == text) std::exit(125);
    return value;
}

unsigned long long number(const char* text) {
    char* end = nullptr;
    const unsigned long long value = number(text, &end);
    if (*end != '\0') std::exit(125);
    return value;
}

std::vector<gid_t> group_list(const char* text) {
    std::vector<gid_t> groups;
    while (*text != '\0') {
        char* end = nullptr;
        groups.push_back(static_cast<gid_t>(number(text, &end)));
        text = *end == ',' ? end + 1 : end;
    }
    return groups;
}

constexpr std::array<option, 8> known{{{"uid", required_argument, nullptr, 'u'},
                                       {"gid", required_argument, nullptr, 'g'},
                                       {"groups", required_argument, nullptr, 'G'},
                                       {"processes", required_argument, nullptr, 'p'},
                                       {"file-bytes", required_argument, nullptr, 'b'},
                                       {"hide", required_argument, nullptr, 'h'},
                                       {"control-group", required_argument, nullptr, 'c'},
                                       {nullptr, 0, nullptr, 0}}};

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    for (int key = 0; (key = ::getopt_long(argc, argv, "+", known.data(), nullptr)) != -1;) {
        switch (key) {
            case 'u':
                options.user.uid = static_cast<uid_t>(number(optarg));
                break;
            case 'g':
                options.user.gid = static_cast<gid_t>(number(optarg));
                break;
            case 'G':
                options.user.groups = group_list(optarg);
                break;
            case 'p':
                options.processes = number(optarg);
                break;
            case 'b':
                options.file_bytes = number(optarg);
                break;
            case 'h':
                options.hidden = optarg;
                break;
            case 'c':
                options.group = optarg;
                break;
            default:
                std::exit(125);
        }
    }
    options.argv = argv + optind;
    if (*options.argv == nullptr) {
        std::fprintf(stderr, "netcut-fl-launch is started by netcut-fld and is of no use by itself\n");
        std::exit(125);
    }
    return options;
}

}  // namespace netcut::launch
