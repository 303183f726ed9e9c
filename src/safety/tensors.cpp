// SPDX-License-Identifier: Apache-2.0
#include "safety/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/json.h"
#include "safety/tensor_bytes.h"

namespace netcut {
namespace {

constexpr std::size_t largest_model = std::size_t{1} << 30;  // bytes

Failure unreadable(const std::string& why) {
    return usage_failure("read the tensors of a model", why, "see docs/safety.md for what can be read");
}

// --- npz: a ZIP archive of NPY files, as numpy.savez writes it ---

// The shape and the order of what is compared do not matter: both are of one program.
Result<std::vector<double>> read_npy(std::string_view file) {
    if (file.size() < 10 || file.substr(0, 6) != std::string_view("\x93NUMPY", 6))
        return unreadable("an entry of it is no NPY file");
    const bool is_long = file[6] >= 2;
    Bytes bytes(file.substr(8));
    const auto length = is_long ? bytes.number(4) : bytes.number(2);
    const auto header = length ? bytes.take(*length) : std::nullopt;
    if (!header) return unreadable("the header of an NPY file is cut off");
    const std::size_t key = header->find("'descr'");
    const std::size_t begin = key == std::string_view::npos ? key : header->find('\'', key + 7);
    const std::size_t end = begin == std::string_view::npos ? begin : header->find('\'', begin + 1);
    if (end == std::string_view::npos) return unreadable("an NPY file does not say of what type it is");
    return values_of(header->substr(begin + 1, end - begin - 1), bytes.rest());
}

Result<Tensors> read_npz(std::string_view file) {
    Tensors tensors;
    Bytes bytes(file);
    for (;;) {
        const auto signature = bytes.number(4);
        if (!signature || *signature != 0x04034b50) break;  // the directory comes
        bytes.take(2);
        const auto flags = bytes.number(2), method = bytes.number(2);
        bytes.take(8);
        auto size = bytes.number(4);
        bytes.take(4);
        const auto name_length = bytes.number(2), more_length = bytes.number(2);
        const auto name = name_length ? bytes.take(*name_length) : std::nullopt;
        const auto more = more_length ? bytes.take(*more_length) : std::nullopt;
        if (!flags || !method || !size || !name || !more) return unreadable("an entry of the npz is cut off");
        if (*method != 0) return unreadable("it is compressed; write it with numpy.savez");
        // ZIP64: the size of 64 bits comes second of the extra field's own.
        if (*size == 0xffffffff && more->size() >= 20) size = Bytes(more->substr(12)).number(8);
        const auto entry = size ? bytes.take(*size) : std::nullopt;
        if (!entry) return unreadable("an entry of the npz is cut off");
        NETCUT_ASSIGN(tensors[std::string(name->substr(0, name->rfind(".npy")))], read_npy(*entry));
    }
    return tensors;
}

// --- safetensors: a JSON header, then the values ---

Result<Tensors> read_safetensors(std::string_view file) {
    Bytes bytes(file);
    const auto length = bytes.number(8);
    const auto header = length ? bytes.take(*length) : std::nullopt;
    if (!header) return unreadable("it is no npz, no safetensors and no model of OpenFL");
    NETCUT_ASSIGN(const Json json, parse_json(std::string(*header), "read the header of safetensors"));
    if (!json.is_object()) return unreadable("the header of its safetensors is no object");
    Tensors tensors;
    const std::string_view values = bytes.rest();
    for (const auto& [name, one] : json.items()) {
        if (name == "__metadata__") continue;
        const Json offsets = one.is_object() ? one.value("data_offsets", Json()) : Json();
        const bool good = offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
                          offsets[1].is_number_unsigned() && one.contains("dtype") &&
                          one.at("dtype").is_string();
        if (!good) return unreadable("safetensors do not say where a tensor is");
        const auto from = offsets[0].get<std::size_t>(), to = offsets[1].get<std::size_t>();
        if (from > to || to > values.size()) return unreadable("a tensor of its safetensors is cut off");
        NETCUT_ASSIGN(tensors[name],
                      values_of(one.at("dtype").get<std::string>(), values.substr(from, to - from)));
    }
    return tensors;
}

// --- OpenFL: ModelProto of openfl/protocols/base.proto, with float32 as NoCompressionPipeline writes it ---

Result<Tensors> read_model_proto(std::string_view file) {
    Tensors tensors;
    const auto model = proto_fields(file);
    if (!model) return unreadable("it is no npz, no safetensors and no model of OpenFL");
    for (const ProtoField& entry : *model) {
        if (entry.number != 1) continue;
        const auto tensor = proto_fields(entry.bytes);
        if (!tensor) return unreadable("a tensor of OpenFL's model is cut off");
        std::string name;
        std::string_view data;
        for (const ProtoField& field : *tensor) {
            if (field.number == 1) name = std::string(field.bytes);
            if (field.number == 7) data = field.bytes;
        }
        if (name.empty()) return unreadable("it is no npz, no safetensors and no model of OpenFL");
        NETCUT_ASSIGN(tensors[name], values_of("F32", data));
    }
    return tensors;
}

struct Difference {
    double most = 0;
    std::string tensor;
};

// Of values that are no numbers, one that is is as far away as can be.
double between(double a, double b) {
    if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
    const double distance = std::abs(a - b);
    return std::isfinite(distance) ? distance : std::numeric_limits<double>::max();
}

Result<Difference> difference_of(const Tensors& a, const Tensors& b) {
    if (a.size() != b.size()) return unreadable("it has other tensors than a twin's");
    Difference difference;
    for (const auto& [name, values] : a) {
        const auto other = b.find(name);
        if (other == b.end() || other->second.size() != values.size())
            return unreadable(fmt::format("a twin's has no {} of that size", name));
        for (std::size_t i = 0; i < values.size(); ++i)
            if (const double one = between(values[i], other->second[i]);
                one > difference.most || difference.tensor.empty())
                difference = {one, name};
    }
    return difference;
}

Result<Tensors> read_model(const std::string& path) {
    NETCUT_ASSIGN(const std::string file, read_model_file(path, largest_model));
    return read_tensors(file);
}

Result<void> compare(const std::string& path, const std::vector<std::string>& paths, event::ModelSeen& seen) {
    NETCUT_ASSIGN(const Tensors own, read_model(path));
    std::vector<Tensors> twins;
    for (const std::string& twin : paths) {
        NETCUT_ASSIGN(Tensors read, read_model(twin));
        NETCUT_ASSIGN(const Difference one, difference_of(own, read));
        if (!seen.difference || one.most < *seen.difference) {  // from the nearest of them
            seen.difference = one.most;
            seen.tensor = one.tensor;
        }
        for (const Tensors& other : twins) {
            NETCUT_ASSIGN(const Difference two, difference_of(read, other));
            seen.twins_differ = std::max(seen.twins_differ.value_or(0), two.most);
        }
        twins.push_back(std::move(read));
    }
    return {};
}

}  // namespace

Result<Tensors> read_tensors(std::string_view file) {
    if (file.substr(0, 4) == std::string_view("PK\x03\x04", 4)) return read_npz(file);
    if (file.size() > 9 && file[8] == '{') return read_safetensors(file);
    return read_model_proto(file);
}

void compare_with_twins(const std::string& path, const std::vector<std::string>& twins,
                        event::ModelSeen& seen) {
    if (const auto compared = compare(path, twins, seen); !compared) {
        seen.tensors = compared.error().text();
        seen.difference.reset();
    }
}

}  // namespace netcut
