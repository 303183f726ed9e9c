// SPDX-License-Identifier: Apache-2.0
#include "results.h"

#include <map>

#include "digest.h"
#include "federation.pb.h"

namespace netcut::reference {

std::string serialise_results(const Update& update) {
    wire::LocalTaskResults results;
    results.set_samples(update.samples);
    for (const std::string_view name : tensor_names) {
        wire::Tensor& tensor = *results.add_tensors();
        tensor.set_name(std::string(name));
        tensor.set_values(to_bytes(update.model.tensor(name)));
    }
    return results.SerializeAsString();
}

std::optional<Update> parse_results(const std::string& payload) {
    wire::LocalTaskResults results;
    if (!results.ParseFromString(payload) || results.samples() == 0) return std::nullopt;
    std::map<std::string_view, std::string_view> values;
    for (const wire::Tensor& tensor : results.tensors()) values[tensor.name()] = tensor.values();
    // The hidden layer has one bias a unit.
    const std::size_t hidden = values["dense1/b"].size() / sizeof(float);
    if (hidden == 0) return std::nullopt;
    Update update{Model(hidden), results.samples()};
    for (const std::string_view name : tensor_names)
        if (!from_bytes(values[name], update.model.tensor(name))) return std::nullopt;
    return update;
}

}  // namespace netcut::reference
