// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker_order.h"

namespace netcut {

Json WorkerOrder::to_json() const {
    return {{"user",
             {{"uid", user.uid},
              {"gid", user.gid},
              {"groups", user.groups},
              {"name", user.name},
              {"home", user.home},
              {"shell", user.shell}}},
            {"scenario", scenario},
            {"folder", folder},
            {"cwd", cwd},
            {"environment", user.environment},
            {"umask", umask},
            {"limits",
             {{"nodes", limits.nodes},
              {"run_time_ns", limits.run_time.count()},
              {"log_bytes", limits.log_bytes},
              {"processes", limits.processes}}}};
}

Result<WorkerOrder> WorkerOrder::from_json(const Json& json) {
    WorkerOrder order;
    try {
        const Json& user = json.at("user");
        order.user = {user.at("uid").get<uid_t>(),
                      user.at("gid").get<gid_t>(),
                      user.at("groups").get<std::vector<gid_t>>(),
                      user.at("name").get<std::string>(),
                      user.at("home").get<std::string>(),
                      user.at("shell").get<std::string>()};
        order.scenario = json.at("scenario").get<std::string>();
        order.folder = json.at("folder").get<std::string>();
        order.cwd = json.at("cwd").get<std::string>();
        order.user.environment = json.at("environment").get<Environment>();
        order.umask = json.at("umask").get<mode_t>();
        const Json& limits = json.at("limits");
        order.limits.nodes = limits.at("nodes").get<unsigned>();
        order.limits.run_time = Nanoseconds(limits.at("run_time_ns").get<std::int64_t>());
        order.limits.log_bytes = limits.at("log_bytes").get<std::uint64_t>();
        order.limits.processes = limits.at("processes").get<unsigned>();
    } catch (const Json::exception& error) {
        return usage_failure("read the order to a worker", error.what());
    }
    return order;
}

}  // namespace netcut
