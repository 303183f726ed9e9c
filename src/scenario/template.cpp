// SPDX-License-Identifier: Apache-2.0
#include "scenario/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/nearest_word.h"
#include "scenario/input.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

constexpr const char* file_name = "template.yaml";

bool is_template(const fs::path& folder) {
    std::error_code error;
    return fs::exists(folder / file_name, error);
}

// Beside this program when it was built; below its prefix when it was installed, in bin or in
// libexec/netcut-fl.
fs::path built_in_folder() {
    std::error_code error;
    fs::path prefix = fs::read_symlink("/proc/self/exe", error).parent_path();
    for (int up = 0; up < 2; ++up, prefix = prefix.parent_path())
        if (fs::exists(prefix / "share/netcut-fl/templates", error)) break;
    return prefix / "share/netcut-fl/templates";
}

// "openfl/keras_cnn_mnist": the folder openfl, and the variant keras_cnn_mnist.
std::optional<TemplatePlace> find_built_in(const std::string& wanted) {
    const fs::path root = built_in_folder();
    if (wanted.empty() || wanted.front() == '.' || wanted.find("..") != std::string::npos) return {};
    std::string name = wanted;
    while (name.ends_with('/')) name.pop_back();
    for (std::string variant;;) {
        if (is_template(root / name)) return TemplatePlace{name, root / name, variant};
        const std::size_t slash = name.rfind('/');
        if (slash == std::string::npos) return {};
        variant.insert(0, name.substr(slash + 1) + (variant.empty() ? "" : "/"));
        name.resize(slash);
    }
}

}  // namespace

std::vector<std::string> template_names() {
    std::vector<std::string> names;
    const fs::path root = built_in_folder();
    std::error_code error;
    for (fs::recursive_directory_iterator entry(root, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->path().filename() == file_name)
            names.push_back(entry->path().parent_path().lexically_relative(root).string());
    std::sort(names.begin(), names.end());
    return names;
}

Result<TemplatePlace> find_template(const std::string& wanted) {
    const bool is_path = wanted.starts_with('/') || wanted.starts_with('.');
    if (!is_path)
        if (auto found = find_built_in(wanted)) return *found;
    if (is_template(wanted)) {
        std::error_code error;
        const std::string folder = fs::absolute(wanted, error).lexically_normal();
        return TemplatePlace{folder, folder, ""};
    }
    const std::string attempt = "use the template '" + wanted + "'";
    if (is_path)
        return usage_failure(attempt, "there is no " + (fs::path(wanted) / file_name).string(), "",
                             Mistake::unknown_name);
    const auto names = template_names();
    const auto nearest = nearest_word(wanted, names);
    return usage_failure(
        attempt, "there is none of that name",
        nearest ? fmt::format("did you mean {}?", *nearest)
                : fmt::format("there are: {}; or give a folder with {}", fmt::join(names, ", "), file_name),
        Mistake::unknown_name);
}

Result<void> read_template(Scenario& scenario, const std::string& wanted) {
    NETCUT_ASSIGN(const TemplatePlace place, find_template(wanted));
    const std::string path = fs::path(place.folder) / file_name;
    NETCUT_ASSIGN(const std::string text, read_input(path, Input::file, most_scenario));
    scenario.files = place.folder;
    NETCUT_TRY(read_yaml(scenario, text, path));
    scenario.template_name = place.name + (place.variant.empty() ? "" : "/" + place.variant);
    if (scenario.variant.empty() == place.variant.empty()) {
        if (!place.variant.empty()) scenario.parameters[scenario.variant] = place.variant;
        return {};
    }
    if (place.variant.empty())
        return usage_failure("use the template " + place.name, "its name goes on",
                             fmt::format("say {}/NAME, where NAME is its {}; see netcut-fl templates {}",
                                         place.name, scenario.variant, place.name));
    return usage_failure("use the template " + wanted,
                         fmt::format("there is {}, which has nothing after its name", place.name));
}

}  // namespace netcut
