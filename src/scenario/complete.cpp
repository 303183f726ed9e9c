// SPDX-License-Identifier: Apache-2.0
#include "scenario/complete.h"

#include <algorithm>
#include <filesystem>

namespace netcut {
namespace {

// "openfl/keras_cnn_mnist" as one folder's name.
std::string flat_name(std::string name) {
    std::replace(name.begin(), name.end(), '/', '-');
    const std::size_t begin = name.find_first_not_of(".-");
    return begin == std::string::npos ? "scenario" : name.substr(begin);
}

}  // namespace

Result<void> complete_paths(Scenario& scenario) {
    for (const std::string& name : scenario.paths) {
        const auto found = scenario.parameters.find(name);
        if (found == scenario.parameters.end()) continue;
        std::string& value = found->second;
        if (value.empty() || value.starts_with('/') || value.starts_with('{')) continue;
        std::error_code error;
        value = std::filesystem::absolute(value, error).lexically_normal();
        if (error) return system_failure("find the working directory", error.value());
    }
    return {};
}

Result<void> complete_workspace(Scenario& scenario) {
    if (scenario.workspace.empty() && !scenario.stages.empty())
        scenario.workspace = "netcut-workspaces/" + flat_name(scenario.template_name);
    if (scenario.workspace.empty()) return {};
    std::error_code error;
    scenario.workspace = std::filesystem::absolute(scenario.workspace, error).lexically_normal();
    if (error) return system_failure("find the working directory", error.value());
    return {};
}

}  // namespace netcut
