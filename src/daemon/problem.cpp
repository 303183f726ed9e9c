// SPDX-License-Identifier: Apache-2.0
#include "daemon/problem.h"

#include "daemon/json_text.h"

namespace netcut {
namespace {

constexpr std::size_t max_text = 2000;

std::string clipped(const std::string& text) {
    return text.size() <= max_text ? text : text.substr(0, max_text) + "...";
}

Problem written(unsigned status, Json json) {
    json["status"] = status;
    return {status, json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"};
}

std::string text_at(const Json& json, const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

Error::Kind error_kind_of(const std::string& name) {
    return parse_word<Error::Kind>(name).value_or(Error::Kind::internal);
}

Problem problem_of(unsigned status, const std::string& title, const std::string& detail) {
    return written(status, {{"title", clipped(title)}, {"detail", clipped(detail)}});
}

Problem problem_of(unsigned status, const Error& error) {
    Json json = {{"title", clipped("cannot " + error.attempt)}, {"detail", clipped(error.text())}};
    json.update(error_json(error));
    return written(status, std::move(json));
}

Problem problem_of(const Error& error) {
    switch (error.kind) {
        case Error::Kind::usage:
            return problem_of(400, error);
        case Error::Kind::machine:
            return problem_of(503, error);
        case Error::Kind::internal:
            break;
    }
    return problem_of(500, error);
}

Json error_json(const Error& error) {
    return {{"kind", word_of(error.kind)}, {"attempt", clipped(error.attempt)},
            {"code", error.code},          {"reason", clipped(error.why())},
            {"hint", clipped(error.hint)}, {"text", clipped(error.text())}};
}

Error error_of_problem(unsigned status, const std::string& body) {
    const auto json = parse_json(body, "read the daemon's answer");
    const bool is_problem = json && json->is_object();
    if (is_problem && json->contains("attempt")) {
        const Json code = json->value("code", Json(0));
        return {error_kind_of(text_at(*json, "kind")), text_at(*json, "attempt"),
                code.is_number_integer() ? code.get<int>() : 0, text_at(*json, "reason"),
                text_at(*json, "hint")};
    }
    const std::string reason = is_problem ? text_at(*json, "title") + ": " + text_at(*json, "detail")
                                          : std::to_string(status) + ": " + body;
    return {status < 500 ? Error::Kind::usage : Error::Kind::machine, "do that with the daemon", 0, reason,
            ""};
}

}  // namespace netcut
