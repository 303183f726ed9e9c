// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.h"
#include "safety/tensors.h"

namespace netcut {

// Whether the entries of an archive are what torch.save writes (since PyTorch 1.6).
bool is_torch_state(const std::map<std::string, std::string_view>& entries);

// The tensors of a state_dict, wherever it is in the dicts and lists that were saved: "model.fc1.weight". Other objects, and
// values that are no tensors, are left out.
Result<Tensors> read_torch_state(const std::map<std::string, std::string_view>& entries);

}  // namespace netcut
