// SPDX-License-Identifier: Apache-2.0
//
// The description of the daemon's HTTP is complete and true: every operation that it lists is carried out,
// and answers with what it promises.
#include <set>

#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

Json resolved(const Json& document, const Json& schema) {
    if (!schema.contains("$ref")) return schema;
    const std::string reference = schema.at("$ref");  // "#/components/schemas/Run"
    return document.at("components").at("schemas").at(reference.substr(reference.rfind('/') + 1));
}

// Places where `value` is not as `schema` says: missing fields, other types, fields that it does not know.
void compare(const Json& document, const Json& wanted, const Json& value, const std::string& place,
             std::vector<std::string>& wrong) {
    const Json schema = resolved(document, wanted);
    const std::string type = schema.at("type").is_string() ? schema.at("type").get<std::string>() : "any";
    if (type == "array") {
        if (!value.is_array()) return wrong.push_back(place + " is no list");
        for (std::size_t i = 0; i < value.size(); ++i)
            compare(document, schema.at("items"), value[i], place + "[" + std::to_string(i) + "]", wrong);
    } else if (type == "object") {
        if (!value.is_object()) return wrong.push_back(place + " is no object");
        for (const Json& key : schema.value("required", Json::array()))
            if (!value.contains(key.get<std::string>()))
                wrong.push_back(place + " lacks " + key.get<std::string>());
        if (!schema.contains("properties")) return;
        for (const auto& [key, member] : value.items()) {
            if (schema.at("properties").contains(key))
                compare(document, schema.at("properties").at(key), member, place + "." + key, wrong);
            else
                wrong.push_back(place + "." + key + " is not described");
        }
    } else if ((type == "string" && !value.is_string()) ||
               (type == "integer" && !value.is_number_integer()) ||
               (type == "boolean" && !value.is_boolean())) {
        wrong.push_back(place + " is no " + type);
    }
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
    const std::size_t at = text.find(word);
    return at == std::string::npos ? text : text.replace(at, word.size(), by);
}

TEST(OpenApi, EveryOperationIsCarriedOutAndAnswersAsDescribed) {
    NETCUT_E2E();
    Daemon daemon;
    const auto description = daemon.ask(alice, "GET", "/openapi.json");
    // It does not go on with routes that are in the file alone, or in the program alone.
    ASSERT_EQ(description.status, 200) << daemon.process().wait(1s).err;
    const Json document = description.json();
    ASSERT_EQ(document.value("openapi", ""), "3.1.0");
    EXPECT_EQ(document, Json::parse(slurp(std::string(NETCUT_SOURCE_DIR) + "/src/daemon/openapi.json")));
    const std::string id = daemon.start_run(alice, "sh -c 'echo hello; sleep 100'",
                                            {"--cut-on", "this never comes", "--reconnect-after", "never"});
    const Json order = {
        {"scenario", "collaborators: 1\naggregator: {command: 'true'}\ncollaborator: {command: 'true'}\n"},
        {"cwd", daemon.home(alice)}};
    // In this order: later ones need what earlier ones did. Those that are not here are asked for at once.
    const std::vector<std::pair<std::string, std::string>> with_body = {
        {"createRun", order.dump()},
        {"fireFault", "{}"},
        {"healFault", "{}"},
        {"addFault", R"json({"kind": "drop", "for": "100ms"})json"},
        {"exec", R"json({"command": ["true"]})json"},
        {"signal", R"json({"signal": "CONT"})json"},
        {"stopRun", R"json({"signal": "INT"})json"},
        {"verdict", ""},
        {"deleteRun", ""}};
    const auto carry_out = [&](const std::string& method, std::string target, const Json& operation,
                               const std::string& body) {
        target = replaced(replaced(replaced(target, "{run}", id), "{fault}", "cut"), "{node}", "aggregator");
        const auto answer = daemon.ask(alice, method, target, body);
        const std::string status = std::to_string(answer.status);
        ASSERT_TRUE(operation.at("responses").contains(status) && answer.status < 300)
            << method << " " << target << ": " << status << " " << answer.body;
        const Json& content = operation.at("responses").at(status).at("content");
        if (!content.contains("application/json")) return;
        std::vector<std::string> wrong;
        compare(document, content.at("application/json").at("schema"), answer.json(), method + " " + target,
                wrong);
        EXPECT_TRUE(wrong.empty()) << wrong.front() << " in " << answer.body;
    };
    std::map<std::string, std::tuple<std::string, std::string, Json>> later;
    std::set<std::string> seen;
    for (const auto& [path, operations] : document.at("paths").items()) {
        for (const auto& [verb, operation] : operations.items()) {
            if (verb == "parameters") continue;
            std::string method = verb;
            for (char& c : method) c = static_cast<char>(std::toupper(c));
            const std::string name = operation.at("operationId");
            EXPECT_TRUE(seen.insert(name).second) << name << " is there twice";
            if (method == "GET" && name != "verdict")  // it has none yet
                carry_out(method, path, operation, "");
            else
                later[name] = {method, path, operation};
        }
    }
    for (const auto& [name, body] : with_body) {
        ASSERT_TRUE(later.contains(name)) << name;
        const auto& [method, path, operation] = later.at(name);
        carry_out(method, path, operation, body);
        if (name == "stopRun") {
            ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
        }
        later.erase(name);
    }
    EXPECT_TRUE(later.empty()) << later.begin()->first << " was not tried";
    EXPECT_EQ(daemon.ask(alice, "GET", "/undescribed").status, 404);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
