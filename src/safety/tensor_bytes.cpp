// SPDX-License-Identifier: Apache-2.0
#include "safety/tensor_bytes.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace netcut {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in memory");

template <typename T>
T as(const char* place) {
    T value;
    std::memcpy(&value, place, sizeof(T));
    return value;
}

template <typename T>
double number(const char* place) {
    return static_cast<double>(as<T>(place));
}

// The upper half of a float32.
double brain_float(const char* place) {
    return double{std::bit_cast<float>(std::uint32_t{as<std::uint16_t>(place)} << 16)};
}

// IEEE 754's binary16: a sign, 5 bits of exponent, 10 of fraction.
double half_float(const char* place) {
    const auto bits = as<std::uint16_t>(place);
    const int exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    if (exponent == 0x1f)
        return fraction != 0 ? std::numeric_limits<double>::quiet_NaN()
                             : sign * std::numeric_limits<double>::infinity();
    if (exponent == 0) return sign * std::ldexp(fraction, -24);
    return sign * std::ldexp(1024 + fraction, exponent - 25);
}

constexpr std::array<ValueType, 13> value_types = {{
    {"<f4", "F32", 4, number<float>},
    {"<f8", "F64", 8, number<double>},
    {"<f2", "F16", 2, half_float},
    {"", "BF16", 2, brain_float},
    {"<i8", "I64", 8, number<std::int64_t>},
    {"<i4", "I32", 4, number<std::int32_t>},
    {"<i2", "I16", 2, number<std::int16_t>},
    {"|i1", "I8", 1, number<std::int8_t>},
    {"<u8", "U64", 8, number<std::uint64_t>},
    {"<u4", "U32", 4, number<std::uint32_t>},
    {"<u2", "U16", 2, number<std::uint16_t>},
    {"|u1", "U8", 1, number<std::uint8_t>},
    {"|b1", "BOOL", 1, number<std::uint8_t>},
}};

}  // namespace

std::optional<std::string_view> Bytes::take(std::uint64_t count) {
    if (count > bytes_.size()) return {};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
}

std::optional<std::uint64_t> Bytes::number(unsigned count) {
    const auto bytes = take(count);
    if (!bytes) return {};
    std::uint64_t number = 0;
    for (unsigned i = count; i-- > 0;) number = number << 8 | static_cast<std::uint8_t>((*bytes)[i]);
    return number;
}

std::optional<std::uint64_t> Bytes::varint() {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const auto byte = this->number(1);
        if (!byte) return {};
        number |= (*byte & 0x7f) << shift;
        if (*byte < 0x80) return number;
    }
    return {};
}

Failure unreadable_model(const std::string& why) {
    return usage_failure("read the tensors of a model", why, "see docs/safety.md for what can be read");
}

Result<Tensor> tensor_of(std::string_view type, std::string_view bytes) {
    for (const ValueType& one : value_types)
        if (!type.empty() && (type == one.numpy || type == one.safetensors) && bytes.size() % one.bytes == 0)
            return Tensor{&one, bytes};
    return unreadable_model(
        fmt::format("it has values of the type {}, or not whole ones", type.substr(0, 40)));
}

std::optional<std::vector<ProtoField>> proto_fields(std::string_view message) {
    std::vector<ProtoField> fields;
    Bytes bytes(message);
    while (!bytes.rest().empty()) {
        const auto key = bytes.varint();
        if (!key) return {};
        const unsigned wire = *key & 7;
        if (wire == 0 && !bytes.varint()) return {};
        if (wire == 1 && !bytes.take(8)) return {};
        if (wire == 5 && !bytes.take(4)) return {};
        if (wire == 2) {
            const auto length = bytes.varint();
            const auto value = length ? bytes.take(*length) : std::nullopt;
            if (!value) return {};
            fields.push_back({*key >> 3, *value});
        } else if (wire != 0 && wire != 1 && wire != 5) {
            return {};
        }
    }
    return fields;
}

}  // namespace netcut
