// SPDX-License-Identifier: Apache-2.0
//
// The versions that a search is over, and how each is prepared.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cli/bisect_command.h"
#include "folder/folder.h"

namespace netcut::cli {

// "{version}" in a text becomes the version.
std::string with_version(std::string text, const std::string& version);
// The options of a version's runs: what they say of the federation may have {version} in it.
RunOptions options_of_version(const BisectOptions& options, const std::string& version);

// --versions as it is, or what git says is from --good to --bad (or back) in the repository of --commits. Both ends are in it,
// and the one first that came first.
Result<std::vector<std::string>> versions_of(const BisectOptions& options, const RunFolder& folder);

// Runs the command of --prepare for a version, as the folder's user and with the machine's network; its output is in
// prepare-VERSION.txt. Empty: it is prepared; else why it cannot be. An error of the kind `machine` of ours: a signal
// came, or it could not be started.
struct Prepared {
    std::string trouble;
    int signal = 0;
};
Result<Prepared> prepare_version(const BisectOptions& options, const std::string& version,
                                 const RunFolder& folder);

}  // namespace netcut::cli
