// SPDX-License-Identifier: Apache-2.0
// A model as bytes, and its SHA-256.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model.h"

namespace netcut::reference {

// float32, little endian: how values travel and how a model is saved.
std::string to_bytes(std::span<const float> values);

// False if the bytes are not exactly that many values.
bool from_bytes(std::string_view bytes, std::span<float> values);

// Hexadecimal; of a saved model it is what sha256sum prints.
std::string sha256(std::string_view bytes);

}  // namespace netcut::reference
