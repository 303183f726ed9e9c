// SPDX-License-Identifier: Apache-2.0
//
// Pieces of a model's file, as views of its bytes. Nothing beyond the bytes is read, whatever they say.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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

// A type of values: what NumPy ("<f4") and safetensors ("F32") call it, and how one of them is read.
struct ValueType {
    std::string_view numpy, safetensors;
    std::size_t bytes;
    double (*read)(const char* place);
};

// Little-endian values, which lie in the bytes of the file.
struct Tensor {
    const ValueType* type = nullptr;
    std::string_view bytes;

    std::size_t size() const { return bytes.size() / type->bytes; }
    double at(std::size_t i) const { return type->read(bytes.data() + i * type->bytes); }
};
using Tensors = std::map<std::string, Tensor>;

// An error if the type is not known, or the last value is not whole.
Result<Tensor> tensor_of(std::string_view type, std::string_view bytes);

// "read the tensors of a model: ...".
Failure unreadable_model(const std::string& why);

// The fields of a message of protobuf that have a length; none if it is no such message.
struct ProtoField {
    std::uint64_t number = 0;
    std::string_view bytes;
};
std::optional<std::vector<ProtoField>> proto_fields(std::string_view message);

}  // namespace netcut
