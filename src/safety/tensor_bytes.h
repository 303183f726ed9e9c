// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a model's file. Nothing beyond the bytes is read, whatever they say.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace netcut {

// Takes bytes from the front of a text; numbers are little-endian.
class Bytes {
  public:
    explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
    std::optional<std::string_view> take(std::uint64_t count);
    std::optional<std::uint64_t> number(unsigned count);
    std::optional<std::uint64_t> varint();  // of protobuf
    std::string_view rest() const { return bytes_; }

  private:
    std::string_view bytes_;
};

// Little-endian values of a type of NumPy ("<f4") or of safetensors ("F32").
Result<std::vector<double>> values_of(std::string_view type, std::string_view bytes);

// The fields of a message of protobuf that have a length; none if it is no such message.
struct ProtoField {
    std::uint64_t number = 0;
    std::string_view bytes;
};
std::optional<std::vector<ProtoField>> proto_fields(std::string_view message);

// A regular file of at most `most` bytes.
Result<std::string> read_model_file(const std::string& path, std::size_t most);

}  // namespace netcut
