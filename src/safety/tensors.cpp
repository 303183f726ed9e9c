// SPDX-License-Identifier: Apache-2.0
#include "safety/tensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/json.h"
#include "safety/model_file.h"
#include "safety/torch_state.h"
#include "safety/zip_entries.h"

namespace netcut {
namespace {

// --- NPY, and npz: a ZIP archive of these, as numpy.savez writes it ---

constexpr std::string_view npy_mark = "\x93NUMPY";

// How many values an array of this shape has: 'shape': (3, 2).
std::optional<std::uint64_t> values_of_shape(std::string_view header) {
    const std::size_t key = header.find("'shape'");
    std::size_t at = key == std::string_view::npos ? key : header.find('(', key);
    const std::size_t end = at == std::string_view::npos ? at : header.find(')', at);
    if (end == std::string_view::npos) return {};
    std::uint64_t count = 1;
    while (++at < end) {
        std::uint64_t size = 0;
        const auto [rest, error] = std::from_chars(header.data() + at, header.data() + end, size);
        if (error == std::errc()) count = size > largest_model ? size : count * size;
        if (error == std::errc::result_out_of_range || count > largest_model) return {};
        if (error == std::errc()) at = static_cast<std::size_t>(rest - header.data());
    }
    return count;
}

// The order of what is compared does not matter: both are of one program.
Result<Tensor> read_npy(std::string_view file) {
    if (file.size() < 10 || !file.starts_with(npy_mark))
        return unreadable_model("an entry of it is no NPY file");
    const bool is_long = file[6] >= 2;
    Bytes bytes(file.substr(8));
    const auto length = is_long ? bytes.number(4) : bytes.number(2);
    const auto header = length ? bytes.take(*length) : std::nullopt;
    if (!header) return unreadable_model("the header of an NPY file is cut off");
    const std::size_t key = header->find("'descr'");
    const std::size_t begin = key == std::string_view::npos ? key : header->find('\'', key + 7);
    const std::size_t end = begin == std::string_view::npos ? begin : header->find('\'', begin + 1);
    if (end == std::string_view::npos) return unreadable_model("an NPY file does not say of what type it is");
    NETCUT_ASSIGN(const Tensor tensor, tensor_of(header->substr(begin + 1, end - begin - 1), bytes.rest()));
    if (tensor.size() != values_of_shape(*header)) return unreadable_model("an NPY file is not whole");
    return tensor;
}

Result<Tensors> read_archive(std::string_view file) {
    NETCUT_ASSIGN(const auto entries, zip_entries(file));
    if (is_torch_state(entries)) return read_torch_state(entries);
    Tensors tensors;
    for (const auto& [name, bytes] : entries) {
        NETCUT_ASSIGN(tensors[name.substr(0, name.rfind(".npy"))], read_npy(bytes));
    }
    return tensors;
}

// --- safetensors: a JSON header, then the values ---

Result<Tensors> read_safetensors(std::string_view file) {
    Bytes bytes(file);
    const auto length = bytes.number(8);
    const auto header = length ? bytes.take(*length) : std::nullopt;
    if (!header) return unreadable_model("it is no npz, no safetensors and no model of OpenFL");
    NETCUT_ASSIGN(const Json json, parse_json(std::string(*header), "read the header of safetensors"));
    if (!json.is_object()) return unreadable_model("the header of its safetensors is no object");
    Tensors tensors;
    const std::string_view values = bytes.rest();
    for (const auto& [name, one] : json.items()) {
        if (name == "__metadata__") continue;
        const Json offsets = one.is_object() ? one.value("data_offsets", Json()) : Json();
        const bool good = offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() &&
                          offsets[1].is_number_unsigned() && one.contains("dtype") &&
                          one.at("dtype").is_string();
        if (!good) return unreadable_model("safetensors do not say where a tensor is");
        const auto from = offsets[0].get<std::size_t>(), to = offsets[1].get<std::size_t>();
        if (from > to || to > values.size())
            return unreadable_model("a tensor of its safetensors is cut off");
        NETCUT_ASSIGN(tensors[name],
                      tensor_of(one.at("dtype").get<std::string>(), values.substr(from, to - from)));
    }
    return tensors;
}

// --- OpenFL: ModelProto of openfl/protocols/base.proto, with float32 as NoCompressionPipeline writes it ---

Result<Tensors> read_model_proto(std::string_view file) {
    Tensors tensors;
    const auto model = proto_fields(file);
    if (!model) return unreadable_model("it is no npz, no safetensors and no model of OpenFL");
    for (const ProtoField& entry : *model) {
        if (entry.number != 1) continue;
        const auto tensor = proto_fields(entry.bytes);
        if (!tensor) return unreadable_model("a tensor of OpenFL's model is cut off");
        std::string name;
        std::string_view data;
        for (const ProtoField& field : *tensor) {
            if (field.number == 1) name = std::string(field.bytes);
            if (field.number == 7) data = field.bytes;
        }
        if (name.empty()) return unreadable_model("it is no npz, no safetensors and no model of OpenFL");
        NETCUT_ASSIGN(tensors[name], tensor_of("F32", data));
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

// What two files differ in that are not alike.
std::optional<std::string> unlike(const Tensors& a, const Tensors& b) {
    if (a.size() != b.size())
        return fmt::format("it has {} tensors, and a twin's has {}", a.size(), b.size());
    for (const auto& [name, values] : a) {
        const auto other = b.find(name);
        if (other == b.end() || other->second.size() != values.size())
            return fmt::format("a twin's has no tensor {} of {} values", name, values.size());
    }
    return {};
}

Difference difference_of(const Tensors& a, const Tensors& b) {
    Difference difference;
    for (const auto& [name, values] : a) {
        const Tensor& other = b.at(name);
        for (std::size_t i = 0; i < values.size(); ++i)
            if (const double one = between(values.at(i), other.at(i));
                one > difference.most || difference.tensor.empty())
                difference = {one, name};
    }
    return difference;
}

struct ModelFile {
    std::unique_ptr<const std::string> bytes;  // which the tensors are views of
    Tensors tensors;
};

Result<ModelFile> read_model(std::string bytes) {
    ModelFile file{std::make_unique<const std::string>(std::move(bytes)), {}};
    NETCUT_ASSIGN(file.tensors, read_tensors(*file.bytes));
    return file;
}

Result<std::vector<ModelFile>> read_twins(const std::vector<std::string>& paths, event::ModelSeen& seen) {
    std::vector<ModelFile> twins;
    for (const std::string& path : paths) {
        NETCUT_ASSIGN(ModelFile twin, find_model_file(path).and_then(read_model_file).and_then(read_model));
        for (const ModelFile& other : twins) {
            if (const auto why = unlike(twin.tensors, other.tensors))
                return unreadable_model("undisturbed runs differ in it: " + *why);
            const double most = difference_of(twin.tensors, other.tensors).most;
            seen.twins_differ = std::max(seen.twins_differ.value_or(0), most);
        }
        twins.push_back(std::move(twin));
    }
    return twins;
}

}  // namespace

Result<Tensors> read_tensors(std::string_view file) {
    const bool is_safetensors = file.size() > 9 && file[8] == '{';
    Tensors tensors;
    if (file.starts_with("PK\x03\x04")) {
        NETCUT_ASSIGN(tensors, read_archive(file));
    } else if (file.starts_with(npy_mark)) {
        NETCUT_ASSIGN(tensors["values"], read_npy(file));
    } else if (is_safetensors) {
        NETCUT_ASSIGN(tensors, read_safetensors(file));
    } else {
        NETCUT_ASSIGN(tensors, read_model_proto(file));
    }
    // Tensors may share bytes, but not so that a small file takes for ever.
    std::uint64_t bytes = 0;
    for (const auto& [name, tensor] : tensors) bytes += tensor.bytes.size();
    if (tensors.empty() || bytes / 4 > file.size()) return unreadable_model("it has no tensors of its own");
    return tensors;
}

void compare_with_twins(const Result<std::string>& file, const std::vector<std::string>& twins,
                        event::ModelSeen& seen) {
    const auto others = read_twins(twins, seen);
    if (!others) {
        seen.tensors = others.error().text();
        return;
    }
    const auto own = file.and_then(read_model);
    if (!own) {
        seen.no_tensors = own.error().why();  // the path is the scenario's
        return;
    }
    for (const ModelFile& twin : *others) {
        if (const auto why = unlike(own->tensors, twin.tensors)) {
            seen.no_tensors = *why;
            seen.difference.reset();
            return;
        }
        const Difference one = difference_of(own->tensors, twin.tensors);
        if (seen.difference && one.most >= *seen.difference) continue;
        seen.difference = one.most;  // from the nearest of them
        seen.tensor = one.tensor;
    }
}

}  // namespace netcut
