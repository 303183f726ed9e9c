// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_command.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "cli/run_command.h"
#include "user/user.h"
#include "verify/verify.h"

namespace netcut::cli {
namespace {

constexpr int disagrees_status = 1;

Result<int> try_verify(const VerifyOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    NETCUT_ASSIGN(const Verification found, verify_run(options.folder, caller));
    const std::string text = options.json
                                 ? found.to_json().dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                                 : found.text();
    NETCUT_TRY(write_all(STDOUT_FILENO, text, "print what was found"));
    return found.agrees() ? 0 : disagrees_status;
}

}  // namespace

void add_verify_options(CLI::App& command, VerifyOptions& options) {
    command.add_option("DIR", options.folder, "The folder of a run")->type_name("")->required();
    command.add_flag("--json", options.json, "Print what was checked as JSON");
    command.footer("Exit status: 0 all agrees, 1 it does not, 2 usage, 3 it cannot be read.");
}

int verify_command(const VerifyOptions& options) {
    const auto status = try_verify(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
