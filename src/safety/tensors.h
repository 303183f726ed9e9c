// SPDX-License-Identifier: Apache-2.0
//
// Tensors in a model's file: npz and npy of NumPy, safetensors, what torch.save writes, the protobuf of OpenFL. A file is hostile
// data: what does not hold is an error, and nothing beyond it is read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "record/event.h"
#include "safety/tensor_bytes.h"

namespace netcut {

// The tensors by name, as views of the file. An error if there is none.
Result<Tensors> read_tensors(std::string_view file);

// Notes how far the tensors of a file are from those of twins, and these from each other; or what keeps it from that, which is
// of the file's own if twins have what it has not. `file`: its bytes, or why there are none; `twins`: paths.
void compare_with_twins(const Result<std::string>& file, const std::vector<std::string>& twins,
                        event::ModelSeen& seen);

}  // namespace netcut
