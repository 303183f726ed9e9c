// SPDX-License-Identifier: Apache-2.0
#include "daemon/worker_order.h"

#include "base/json.h"
#include "base/time.h"
#include "daemon/flat_words.h"
#include "daemon/json_text.h"

namespace netcut {
namespace {

Result<void> read_request(WorkerOrder& order, const std::string& body) {
    const std::string attempt = "read the request";
    NETCUT_ASSIGN(const Json json, parse_json(body, attempt));
    try {
        const Json& scenario = json.at("scenario");
        // JSON is YAML, too.
        order.scenario = scenario.is_string() ? scenario.get<std::string>() : scenario.dump();
        order.cwd = json.value("cwd", order.cwd);
        order.folder = json.value("out", "");
        order.user.environment = json.value("environment", Environment());
        order.umask = json.value("umask", order.umask) & 0777;
        order.attached = json.value("attach", false);
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
    if (order.cwd.starts_with('/')) return {};
    return usage_failure("run in the folder " + order.cwd, "it is relative", "give a full path");
}

}  // namespace

std::vector<std::string> WorkerOrder::words(const WorkerOrder& order, std::string body) {
    const User& user = order.user;
    const Limits& limits = order.limits;
    return {std::to_string(user.uid),
            std::to_string(user.gid),
            number_list(user.groups),
            user.name,
            user.home,
            user.shell,
            std::to_string(limits.nodes),
            std::to_string(limits.run_time.count()),
            std::to_string(limits.log_bytes),
            std::to_string(limits.processes),
            std::to_string(order.open_files),
            std::move(body)};
}

Result<WorkerOrder> WorkerOrder::from_words(const std::vector<std::string>& given) {
    FlatWords words(given);
    WorkerOrder order;
    User& user = order.user;
    user.uid = words.number<uid_t>();
    user.gid = words.number<gid_t>();
    user.groups = words.numbers<gid_t>();
    user.name = words.text();
    user.home = words.text();
    user.shell = words.text();
    order.limits.nodes = words.number<unsigned>();
    order.limits.run_time = Nanoseconds(words.number<std::int64_t>());
    order.limits.log_bytes = words.number<std::uint64_t>();
    order.limits.processes = words.number<unsigned>();
    order.open_files = words.number<std::uint64_t>();
    const std::string& body = words.text();
    if (!words.complete())
        return internal_failure("read the order to a worker", "it is not of this version",
                                "install the program whole");
    NETCUT_TRY(read_request(order, body));
    return order;
}

}  // namespace netcut
