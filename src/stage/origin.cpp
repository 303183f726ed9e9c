// SPDX-License-Identifier: Apache-2.0
#include "stage/origin.h"

#include "base/io.h"
#include "base/json.h"
#include "stage/mark.h"
#include "user/as_user.h"

namespace netcut {
namespace {

using Json = nlohmann::ordered_json;

std::string path_of(const std::string& workspace) {
    return workspace + "/workspace.json";
}

}  // namespace

Result<void> write_origin(const Scenario& scenario, const User& user) {
    const Json json = {{"template", scenario.template_name},
                       {"collaborators", scenario.collaborators},
                       {"parameters", scenario.parameters}};
    return write_durably(path_of(scenario.workspace),
                         json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", user);
}

Result<WorkspaceOrigin> read_origin(const std::string& workspace, const User& user) {
    const AsUser as_user(user);
    const std::string path = path_of(workspace);
    const auto text = read_file(path);
    if (!text)
        return usage_failure("read the workspace " + workspace, "it has no workspace.json",
                             "give the folder that a run with stages has made");
    NETCUT_ASSIGN(const Json json, parse_json(*text, "read " + path));
    try {
        return WorkspaceOrigin{json.at("template").get<std::string>(),
                               json.at("collaborators").get<unsigned>(),
                               json.at("parameters").get<std::map<std::string, std::string>>()};
    } catch (const Json::exception& error) {
        return usage_failure("read " + path, error.what(), "delete it; the next run writes it again");
    }
}

}  // namespace netcut
