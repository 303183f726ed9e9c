// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/io.h"
#include "stage/inputs.h"
#include "user/user.h"

namespace netcut {

// That a stage was finished, and on what it depended. Its file is written last, and to the disk: without it
// the stage is as good as not done.
struct Mark {
    Dependencies dependencies;
    std::string finished;  // wall time
    double seconds = 0;    // that it took

    std::string digest() const { return digest_of(dependencies); }
};

// "WORKSPACE/stages/2-workspace", without an ending.
std::string stage_path(const std::string& workspace, const std::string& stage);
unsigned stage_number(const std::string& stage);

// These have the user's rights. A mark that cannot be understood is none.
std::optional<Mark> read_mark(const std::string& workspace, const std::string& stage, const User& user);
Result<void> write_mark(const std::string& workspace, const std::string& stage, const Mark& mark,
                        const User& user);
// Of this stage and of all later ones: they build upon it.
Result<void> remove_marks(const std::string& workspace, const std::string& first, const User& user);

// Makes the folder `path` and those above it.
Result<void> make_folders_as(const std::string& path, const User& user);
Result<Fd> open_stage_log(const std::string& workspace, const std::string& stage, bool afresh,
                          const User& user);
// Written whole or not at all, and on the disk when it returns.
Result<void> write_durably(const std::string& path, const std::string& text, const User& user);

}  // namespace netcut
