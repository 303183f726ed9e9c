// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include "base/program_options.h"

namespace netcut::init {
namespace {

template <int Options::*Descriptor>
void take_descriptor(Options& options, const char* value) {
    options.*Descriptor = static_cast<int>(whole_number(value));
}

constexpr ProgramOption<Options> known[] = {
    {"netns", take_descriptor<&Options::netns>},
    {"lifeline", take_descriptor<&Options::lifeline>},
    {"status", take_descriptor<&Options::status>},
    {"environment", take_descriptor<&Options::environment>},
    {"hosts", take_descriptor<&Options::hosts>},
    {"resolv", take_descriptor<&Options::resolv>},
    {"syslog", take_descriptor<&Options::syslog>},
    {"hostname", [](Options& options, const char* value) { options.hostname = value; }},
    {"cwd", [](Options& options, const char* value) { options.cwd = value; }},
    {"uid",
     [](Options& options, const char* value) { options.uid = static_cast<uid_t>(whole_number(value)); }},
    {"gid",
     [](Options& options, const char* value) { options.gid = static_cast<gid_t>(whole_number(value)); }},
    {"groups", [](Options& options, const char* value) { options.groups = group_list(value); }},
    {"open-files", [](Options& options, const char* value) { options.open_files = whole_number(value); }},
    {"processes", [](Options& options, const char* value) { options.processes = whole_number(value); }},
    {"tty", [](Options& options, const char*) { options.tty = true; }, no_argument},
    {"captures", [](Options& options, const char*) { options.captures = true; }, no_argument},
};

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    options.argv = parse_program_options(argc, argv, known, options);
    if (options.lifeline < 0 || options.status < 0 || *options.argv == nullptr)
        refuse_command_line("netcut-fl-init", "netcut-fl");
    return options;
}

}  // namespace netcut::init
