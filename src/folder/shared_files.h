// SPDX-License-Identifier: Apache-2.0
//
// A folder that several processes write to at once, also of several machines. It is not locked: they agree on who does what
// by rename(2) and O_EXCL, which every file system has.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/io.h"
#include "folder/folder.h"

namespace netcut {

// Made if there is none, with a folder `runs`.
Result<RunFolder> make_shared_folder(const std::string& path, const User& user);
// Nothing: there is one of that name, which another process may have made meanwhile.
Result<std::optional<Fd>> create_alone(const RunFolder& folder, const std::string& name);
// As RunFolder::write_file, where several may write the file at once: the last one counts, and it is whole.
Result<void> write_shared_file(const RunFolder& folder, const std::string& name, const std::string& text);

}  // namespace netcut
