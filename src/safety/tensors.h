// SPDX-License-Identifier: Apache-2.0
//
// Tensors in a model's file: npz of NumPy, safetensors, the protobuf of OpenFL. A file is hostile data: what does not hold is
// an error, and nothing beyond it is read.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "record/event.h"

namespace netcut {

// The values of each tensor, by name.
using Tensors = std::map<std::string, std::vector<double>>;
Result<Tensors> read_tensors(std::string_view file);

// Notes how far the tensors of a file are from those of twins, and these from each other.
void compare_with_twins(const std::string& path, const std::vector<std::string>& twins,
                        event::ModelSeen& seen);

}  // namespace netcut
