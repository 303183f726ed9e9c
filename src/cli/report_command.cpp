// SPDX-License-Identifier: Apache-2.0
#include "cli/report_command.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "folder/folder.h"
#include "page/run_index.h"
#include "page/run_page.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

// Root makes it with the rights of whose run it was, who may have put anything there.
Result<User> owner_of(const std::string& folder) {
    struct stat state {};
    if (::stat(folder.c_str(), &state) != 0)
        return usage_failure("read the run in " + folder, std::strerror(errno),
                             "name the folder that a run has left");
    return find_user(std::to_string(::geteuid() == 0 ? state.st_uid : ::geteuid()));
}

Result<std::string> try_report(const std::string& path) {
    NETCUT_ASSIGN(const User user, owner_of(path));
    const auto folder = RunFolder::open(path, user);
    if (!folder) {
        if (!write_run_index(path, user)) return Failure(folder.error());
        return path + "/index.html";
    }
    NETCUT_TRY(write_report(*folder));
    return folder->path() + "/report.html";
}

}  // namespace

void add_report_options(CLI::App& command, ReportOptions& options) {
    command.add_option("DIR", options.folder, "The folder of a run")->type_name("")->required();
}

int report_command(const ReportOptions& options) {
    const auto written = try_report(options.folder);
    if (!written) return report_error(written.error());
    show("{}\n", *written);
    return 0;
}

}  // namespace netcut::cli
