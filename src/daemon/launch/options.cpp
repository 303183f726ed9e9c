// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include "base/program_options.h"

namespace netcut::launch {
namespace {

constexpr ProgramOption<Options> known[] = {
    {"uid",
     [](Options& options, const char* value) { options.user.uid = static_cast<uid_t>(whole_number(value)); }},
    {"gid",
     [](Options& options, const char* value) { options.user.gid = static_cast<gid_t>(whole_number(value)); }},
    {"groups", [](Options& options, const char* value) { options.user.groups = group_list(value); }},
    {"processes", [](Options& options, const char* value) { options.processes = whole_number(value); }},
    {"file-bytes", [](Options& options, const char* value) { options.file_bytes = whole_number(value); }},
    {"hide", [](Options& options, const char* value) { options.hidden = value; }},
    {"control-group", [](Options& options, const char* value) { options.group = value; }},
};

}  // namespace

Options parse_options(int argc, char** argv) {
    Options options;
    options.argv = parse_program_options(argc, argv, known, options);
    if (*options.argv == nullptr) refuse_command_line("netcut-fl-launch", "netcut-fld");
    return options;
}

}  // namespace netcut::launch
