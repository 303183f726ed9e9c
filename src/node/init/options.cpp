// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <getopt.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace netcut::init {
namespace {

unsigned long number(const char* text) {
    char* end = nullptr;
    const unsigned long value = std::strtoul(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        std::fprintf(stderr, "netcut-fl-init: '%s' is no number\n", text);
        std::exit(125);
    }
    return value;
}

std::vector<gid_t> group_list(const std::string& text) {
    std::vector<gid_t> groups;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t comma = std::min(text.find(',', begin), text.size());
        groups.push_back(static_cast<gid_t>(number(text.substr(begin, comma - begin).c_str())));
        begin = comma + 1;
    }
    return groups;
}

constexpr std::array<option, 17> known{{{"netns", required_argument, nullptr, 'n'},
                                        {"lifeline", required_argument, nullptr, 'l'},
                                        {"status", required_argument, nullptr, 's'},
                                        {"environment", required_argument, nullptr, 'e'},
                                        {"hosts", required_argument, nullptr, 'h'},
                                        {"resolv", required_argument, nullptr, 'r'},
                                        {"syslog", required_argument, nullptr, 'S'},
                                        {"hostname", required_argument, nullptr, 'H'},
                                        {"cwd", required_argument, nullptr, 'd'},
                                        {"uid", required_argument, nullptr, 'u'},
                                        {"gid", required_argument, nullptr, 'g'},
                                        {"groups", required_argument, nullptr, 'G'},
                                        {"open-files", required_argument, nullptr, 'f'},
                                        {"processes", required_argument, nullptr, 'p'},
                                        {"tty", no_argument, nullptr, 't'},
                                        {"captures", no_argument, nullptr, 'c'},
                                        {nullptr, 0, nullptr, 0}}};

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    for (int key = 0; (key = ::getopt_long(argc, argv, "+", known.data(), nullptr)) != -1;) {
        switch (key) {
            case 'n':
                options.netns = static_cast<int>(number(optarg));
                break;
            case 'l':
                options.lifeline = static_cast<int>(number(optarg));
                break;
            case 's':
                options.status = static_cast<int>(number(optarg));
                break;
            case 'e':
                options.environment = static_cast<int>(number(optarg));
                break;
            case 'h':
                options.hosts = static_cast<int>(number(optarg));
                break;
            case 'r':
                options.resolv = static_cast<int>(number(optarg));
                break;
            case 'S':
                options.syslog = static_cast<int>(number(optarg));
                break;
            case 'H':
                options.hostname = optarg;
                break;
            case 'd':
                options.cwd = optarg;
                break;
            case 'u':
                options.uid = static_cast<uid_t>(number(optarg));
                break;
            case 'g':
                options.gid = static_cast<gid_t>(number(optarg));
                break;
            case 'G':
                options.groups = group_list(optarg);
                break;
            case 'f':
                options.open_files = number(optarg);
                break;
            case 'p':
                options.processes = number(optarg);
                break;
            case 't':
                options.tty = true;
                break;
            case 'c':
                options.captures = true;
                break;
            default:
                std::exit(125);
        }
    }
    options.argv = argv + optind;
    if (options.lifeline < 0 || options.status < 0 || *options.argv == nullptr) {
        std::fprintf(stderr, "netcut-fl-init is started by netcut-fl and is of no use by itself\n");
        std::exit(125);
    }
    return options;
}

}  // namespace netcut::init
