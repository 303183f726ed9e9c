// SPDX-License-Identifier: Apache-2.0
#include "safety/torch_state.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "safety/pickle.h"
#include "safety/tensor_bytes.h"

namespace netcut {
namespace {

using Entries = std::map<std::string, std::string_view>;
using Place = Pickle::Place;
using Kind = Pickle::Kind;

constexpr std::string_view pickle_name = "/data.pkl";

Entries::const_iterator find_pickle(const Entries& entries) {
    return std::find_if(entries.begin(), entries.end(), [](const auto& entry) {
        const std::string& name = entry.first;
        return name.size() > pickle_name.size() && name.ends_with(pickle_name) &&
               name.find('/') == name.size() - pickle_name.size();
    });
}

// A class of torch's, and how safetensors call such values.
struct StorageClass {
    std::string_view name, type;
    std::uint64_t bytes;
};
constexpr std::array<StorageClass, 10> storage_classes = {{
    {"FloatStorage", "F32", 4},
    {"DoubleStorage", "F64", 8},
    {"HalfStorage", "F16", 2},
    {"BFloat16Storage", "BF16", 2},
    {"LongStorage", "I64", 8},
    {"IntStorage", "I32", 4},
    {"ShortStorage", "I16", 2},
    {"CharStorage", "I8", 1},
    {"ByteStorage", "U8", 1},
    {"BoolStorage", "BOOL", 1},
}};

class TorchState {
  public:
    TorchState(const Pickle& pickle, const Entries& entries, std::string folder)
        : pickle_(pickle), entries_(entries), folder_(std::move(folder)), is_seen_(pickle.size()) {}

    // Each value once: what a pickle has in many places is one object.
    Result<Tensors> read() {
        std::vector<Named> open = {{"", pickle_.root()}};
        while (!open.empty()) {
            const Named now = std::move(open.back());
            open.pop_back();
            if (is_seen_[now.place]) continue;
            is_seen_[now.place] = true;
            NETCUT_TRY(visit(now, open));
        }
        return std::move(tensors_);
    }

  private:
    struct Named {
        std::string name;
        Place place;
    };

    Result<void> visit(const Named& now, std::vector<Named>& open) {
        const Pickle::Value& value = pickle_.at(now.place);
        if (value.kind == Kind::call) return take_call(now, value, open);
        const bool is_dict = value.kind == Kind::dict;
        if (!is_dict && value.kind != Kind::list && value.kind != Kind::tuple) return {};
        for (std::size_t i = is_dict ? 1 : 0; i < value.items.size(); i += is_dict ? 2 : 1) {
            const std::string own = is_dict ? key_of(value.items[i - 1]) : std::to_string(i);
            if (now.name.size() + own.size() > longest_name) continue;
            open.push_back({now.name.empty() ? own : now.name + "." + own, value.items[i]});
        }
        return {};
    }

    std::string key_of(Place place) const {
        const Pickle::Value& key = pickle_.at(place);
        return key.kind == Kind::number ? std::to_string(key.number) : std::string(key.text);
    }

    Result<void> take_call(const Named& now, const Pickle::Value& call, std::vector<Named>& open) {
        const auto& arguments = pickle_.at(call.items[1]).items;
        if (pickle_.is_global(call.items[0], "torch._utils", "_rebuild_parameter") && !arguments.empty())
            open.push_back({now.name, arguments.front()});
        if (!pickle_.is_global(call.items[0], "torch._utils", "_rebuild_tensor_v2")) return {};
        const auto values = values_of_tensor(arguments);
        if (!values)
            return unreadable_model(fmt::format("the tensor {} of its state is not whole", now.name));
        NETCUT_ASSIGN(tensors_[now.name], tensor_of(values->type, values->bytes));
        return {};
    }

    struct Values {
        std::string_view type, bytes;
    };

    // Storage, offset, size and strides. What is transposed is compared as it lies in memory: so does a twin's.
    std::optional<Values> values_of_tensor(const std::vector<Place>& arguments) const {
        if (arguments.size() < 4) return {};
        const auto storage = storage_of(pickle_.at(arguments[0]));
        const Pickle::Value& offset = pickle_.at(arguments[1]);
        const auto extent = extent_of(pickle_.at(arguments[2]).items, pickle_.at(arguments[3]).items);
        if (!storage || !extent || offset.kind != Kind::number || offset.number < 0) return {};
        const auto& [type, bytes, all] = *storage;
        const std::uint64_t count = all.size() / bytes, from = static_cast<std::uint64_t>(offset.number);
        if (from > count || *extent > count - from) return {};
        return Values{type, all.substr(from * bytes, *extent * bytes)};
    }

    struct Storage {
        std::string_view type;
        std::uint64_t bytes;
        std::string_view all;
    };
    // ("storage", torch.FloatStorage, "0", "cpu", 6)
    std::optional<Storage> storage_of(const Pickle::Value& persistent) const {
        if (persistent.kind != Kind::persistent) return {};
        const auto& words = pickle_.at(persistent.items.front()).items;
        if (words.size() < 3) return {};
        for (const StorageClass& one : storage_classes)
            if (pickle_.is_global(words[1], "torch", one.name)) {
                const auto entry = entries_.find(folder_ + "/data/" + std::string(pickle_.at(words[2]).text));
                if (entry == entries_.end()) return {};
                return Storage{one.type, one.bytes, entry->second};
            }
        return {};
    }

    // How many values of the storage the tensor reaches over.
    std::optional<std::uint64_t> extent_of(const std::vector<Place>& size,
                                           const std::vector<Place>& strides) const {
        if (size.size() != strides.size()) return {};
        std::uint64_t last = 0;
        bool is_empty = false;
        for (std::size_t i = 0; i < size.size(); ++i) {
            const std::int64_t count = pickle_.at(size[i]).number, stride = pickle_.at(strides[i]).number;
            if (count < 0 || stride < 0 || count > most_count || stride > most_count) return {};
            if (count == 0) is_empty = true;
            if (count > 0) last += static_cast<std::uint64_t>(count - 1) * static_cast<std::uint64_t>(stride);
            if (last > static_cast<std::uint64_t>(most_count)) return {};
        }
        return is_empty ? 0 : last + 1;
    }

    static constexpr std::int64_t most_count = std::int64_t{1} << 31;  // two of them fit when multiplied
    static constexpr std::size_t longest_name = 300;

    const Pickle& pickle_;
    const Entries& entries_;
    const std::string folder_;
    std::vector<bool> is_seen_;
    Tensors tensors_;
};

}  // namespace

bool is_torch_state(const Entries& entries) {
    return find_pickle(entries) != entries.end();
}

Result<Tensors> read_torch_state(const Entries& entries) {
    const auto found = find_pickle(entries);
    if (found == entries.end()) return unreadable_model("it has no data.pkl");
    std::string folder = found->first.substr(0, found->first.size() - pickle_name.size());
    const auto order = entries.find(folder + "/byteorder");
    if (order != entries.end() && order->second != "little")
        return unreadable_model("its values are not little-endian");
    NETCUT_ASSIGN(const Pickle pickle, Pickle::read(found->second));
    NETCUT_ASSIGN(Tensors tensors, TorchState(pickle, entries, std::move(folder)).read());
    if (tensors.empty()) return unreadable_model("no tensor was found in what torch.save has written");
    return tensors;
}

}  // namespace netcut
