// SPDX-License-Identifier: Apache-2.0
#include "daemon/line_channel.h"
#include "daemon/server/http.h"

namespace netcut {
namespace {

HttpReply problem_of(unsigned status, Json json) {
    json["status"] = status;
    return {status, "application/problem+json",
            json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n", nullptr};
}

}  // namespace

HttpReply problem(unsigned status, const std::string& title, const std::string& detail) {
    return problem_of(status, {{"title", title}, {"detail", detail}});
}

HttpReply problem(unsigned status, const Error& error) {
    Json json = {{"title", "cannot " + error.attempt}, {"detail", error.text()}};
    json.update(error_json(error));
    return problem_of(status, std::move(json));
}

HttpReply problem(const Error& error) {
    switch (error.kind) {
        case Error::Kind::usage:
            return problem(400, error);
        case Error::Kind::machine:
            return problem(503, error);
        case Error::Kind::internal:
            break;
    }
    return problem(500, error);
}

}  // namespace netcut
