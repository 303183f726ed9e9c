// SPDX-License-Identifier: Apache-2.0
// Whole files. Errors are std::system_error: what was attempted, why it failed.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace netcut::certify {

std::string read_file(const std::filesystem::path& path);

// Replaces the file as a whole or not at all; no one sees a half-written key.
void write_file(const std::filesystem::path& path, std::string_view content, mode_t mode = 0644);

}  // namespace netcut::certify
