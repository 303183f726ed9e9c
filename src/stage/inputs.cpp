// SPDX-License-Identifier: Apache-2.0
#include "stage/inputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/sha256.h"
#include "scenario/expand.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

Result<std::string> digest_entry(const fs::path& path) {
    std::error_code error;
    if (fs::is_symlink(path, error)) return "link " + fs::read_symlink(path, error).string();
    if (!fs::is_regular_file(path, error)) return std::string("other");
    NETCUT_ASSIGN(const FileDigest digest, digest_file(path));
    return digest.sha256;
}

Result<std::string> digest_folder(const fs::path& folder, const std::string& left_out) {
    Dependencies files;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().lexically_relative(folder).string();
        if (entry->is_directory(error) && !entry->is_symlink(error)) continue;
        if (name == left_out) continue;
        NETCUT_ASSIGN(files[name], digest_entry(entry->path()));
    }
    if (error) return system_failure("list the files of " + folder.string(), error.value());
    return digest_of(files);
}

// The same, wherever it is.
Scenario placeless(const Scenario& scenario) {
    Scenario copy = scenario;
    copy.workspace = "WORKSPACE";
    copy.files = "FILES";
    return copy;
}

}  // namespace

Result<std::string> commands_text(const Scenario& given, const StageSpec& stage) {
    const Scenario scenario = placeless(given);
    std::string text;
    const auto add = [&](const std::vector<std::string>& words, unsigned index) -> Result<void> {
        const std::string node = index == 0 ? "" : collaborator_name(index);
        NETCUT_ASSIGN(const auto expanded,
                      expand(words, scenario, {node, index, "WORKSPACE", "BIN", "PATH"}));
        text += fmt::format("{}\n", fmt::join(expanded, "\x1f"));
        return {};
    };
    for (const auto& [name, value] : scenario.env) NETCUT_TRY(add({name, value}, 0));
    for (const StageCommand& command : stage.commands) {
        const unsigned last = command.each_collaborator ? scenario.collaborators : 0;
        for (unsigned index = command.each_collaborator ? 1 : 0; index <= last; ++index)
            for (const auto& words :
                 {command.run, {command.cwd}, {command.wanted}, command.only_if, command.unless})
                NETCUT_TRY(add(words, index));
    }
    NETCUT_TRY(add(stage.makes, 0));
    return text;
}

Result<std::string> digest_tree(const std::string& path) {
    std::error_code error;
    const fs::path real = fs::canonical(path, error);  // what the user names may be a link
    if (error) return system_failure("read " + path, error.value());
    return fs::is_directory(real, error) ? digest_folder(real, "") : digest_entry(real);
}

Result<std::string> digest_template_files(const std::string& folder) {
    return digest_folder(folder, "template.yaml");
}

std::string difference(const Dependencies& then, const Dependencies& now) {
    std::vector<std::string> names;
    for (const auto& [name, value] : then)
        if (!now.contains(name) || now.at(name) != value) names.push_back(name);
    for (const auto& [name, value] : now)
        if (!then.contains(name)) names.push_back(name);
    return fmt::format("{}", fmt::join(names, ", "));
}

std::string digest_of(const Dependencies& dependencies) {
    Sha256 sum;
    for (const auto& [name, value] : dependencies) {
        sum.add(fmt::format("{} {} ", name.size(), value.size()));
        sum.add(name);
        sum.add(value);
    }
    return sum.hex();
}

}  // namespace netcut
