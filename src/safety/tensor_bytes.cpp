// SPDX-License-Identifier: Apache-2.0
#include "safety/tensor_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cstring>

#include "base/io.h"

namespace netcut {
namespace {

static_assert(std::endian::native == std::endian::little, "values are read as they lie in memory");

template <typename T>
std::vector<double> as_doubles(std::string_view bytes) {
    std::vector<double> values(bytes.size() / sizeof(T));
    for (std::size_t i = 0; i < values.size(); ++i) {
        T value;
        std::memcpy(&value, bytes.data() + i * sizeof(T), sizeof(T));
        values[i] = static_cast<double>(value);
    }
    return values;
}

// The upper half of a float32.
std::vector<double> brain_floats(std::string_view bytes) {
    std::vector<double> values(bytes.size() / 2);
    for (std::size_t i = 0; i < values.size(); ++i) {
        std::uint16_t half = 0;
        std::memcpy(&half, bytes.data() + 2 * i, 2);
        values[i] = double{std::bit_cast<float>(std::uint32_t{half} << 16)};
    }
    return values;
}

struct ValueType {
    std::string_view numpy, safetensors;
    std::size_t bytes;
    std::vector<double> (*read)(std::string_view);
};
constexpr std::array<ValueType, 10> value_types = {{
    {"<f4", "F32", 4, as_doubles<float>},
    {"<f8", "F64", 8, as_doubles<double>},
    {"", "BF16", 2, brain_floats},
    {"<i8", "I64", 8, as_doubles<std::int64_t>},
    {"<i4", "I32", 4, as_doubles<std::int32_t>},
    {"<i2", "I16", 2, as_doubles<std::int16_t>},
    {"|i1", "I8", 1, as_doubles<std::int8_t>},
    {"<u8", "U64", 8, as_doubles<std::uint64_t>},
    {"|u1", "U8", 1, as_doubles<std::uint8_t>},
    {"|b1", "BOOL", 1, as_doubles<std::uint8_t>},
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

Result<std::vector<double>> values_of(std::string_view type, std::string_view bytes) {
    for (const ValueType& one : value_types)
        if ((type == one.numpy || type == one.safetensors) && bytes.size() % one.bytes == 0)
            return one.read(bytes);
    return usage_failure("read the tensors of a model",
                         fmt::format("it has values of the type {}, or not whole ones", type.substr(0, 40)),
                         "see docs/safety.md for the types that can be read");
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

Result<std::string> read_model_file(const std::string& path, std::size_t most) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return system_failure("read the model in " + path);
    if (!S_ISREG(info.st_mode) || static_cast<std::uint64_t>(info.st_size) > most)
        return usage_failure("read the model in " + path,
                             fmt::format("it is no file of at most {} bytes", most));
    std::string text(static_cast<std::size_t>(info.st_size), '\0');
    std::size_t done = 0;
    while (done < text.size()) {
        const ssize_t count = ::read(fd.get(), text.data() + done, text.size() - done);
        if (count < 0) return system_failure("read the model in " + path);
        if (count == 0) break;
        done += static_cast<std::size_t>(count);
    }
    text.resize(done);
    return text;
}

}  // namespace netcut
