// SPDX-License-Identifier: Apache-2.0
//
// Reads the files of a run's folder, of whatever size, in pieces.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "folder/folder.h"

namespace netcut {

// Whether `each` wants more.
using TakeBytes = std::function<bool(std::string_view bytes)>;
Result<void> read_pieces(const RunFolder& folder, const std::string& name, const TakeBytes& each);

// An error if it has more than `most` bytes.
Result<std::string> read_whole(const RunFolder& folder, const std::string& name, std::size_t most);

// Each line that has ended; one longer than `most` bytes is handed over empty.
Result<void> read_lines(const RunFolder& folder, const std::string& name, std::size_t most,
                        const std::function<void(std::string_view line)>& each);

// Its beginning, at most so many bytes.
Result<std::string> read_beginning(const RunFolder& folder, const std::string& name, std::size_t most);

}  // namespace netcut
