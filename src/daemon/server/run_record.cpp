// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/run_record.h"

#include <algorithm>

namespace netcut {
namespace {

constexpr std::array<const char*, 4> state_words = {"starting", "running", "ended", "lost"};

Json user_json(const User& user) {
    return {{"uid", user.uid},   {"gid", user.gid},   {"groups", user.groups},
            {"name", user.name}, {"home", user.home}, {"shell", user.shell}};
}

User user_of_json(const Json& json) {
    return {json.at("uid").get<uid_t>(),
            json.at("gid").get<gid_t>(),
            json.at("groups").get<std::vector<gid_t>>(),
            json.at("name").get<std::string>(),
            json.at("home").get<std::string>(),
            json.at("shell").get<std::string>()};
}

}  // namespace

const char* state_word(RunRecord::State state) {
    return state_words[static_cast<std::size_t>(state)];
}

void RunRecord::accept(const Json& accepted) {
    state = State::running;
    name = accepted.value("name", "");
    folder = accepted.value("folder", "");
    moved = accepted.value("moved", "");
    for (const Json& node : accepted.at("nodes")) nodes.push_back({node.get<std::string>()});
    for (const Json& fault : accepted.at("faults"))
        faults.push_back({fault.value("name", ""), fault.value("kind", ""),
                          fault.at("nodes").get<std::vector<std::string>>()});
}

void RunRecord::take_event(const Json& event) {
    const std::string what = event.value("event", "");
    const Json details = event.value("details", Json::object());
    for (NodeState& node : nodes) {
        if (node.name != event.value("node", "")) continue;
        if (what == "node.started") node.state = "running";
        if (what == "node.exited") node.state = details.value("status", "");
        if (what == "node.paused") node.state = "paused";
        if (what == "node.resumed") node.state = "running";
    }
    if (what != "fault.fired" && what != "fault.healed") return;
    const std::string fault = event.value("fault", "");
    auto found =
        std::find_if(faults.begin(), faults.end(), [&](const Fault& one) { return one.name == fault; });
    if (found == faults.end())  // it was added on request
        found = faults.insert(
            found, {fault, details.value("kind", ""), details.value("nodes", std::vector<std::string>())});
    found->on = what == "fault.fired";
    if (found->on) ++found->fired;
}

void RunRecord::end(const Json& ended) {
    state = State::ended;
    exit_status = ended.value("exit_status", 5);
    verdict = ended.value("verdict", Json());
    if (ended.contains("error")) reason = ended.at("error").value("text", "");
    if (verdict.is_object()) reason = verdict.value("reason", "");
    for (Fault& fault : faults) fault.on = false;
}

void RunRecord::lose(const std::string& why) {
    state = State::lost;
    reason = why;
    for (NodeState& node : nodes)
        if (node.state == "running" || node.state == "paused") node.state = "lost";
    for (Fault& fault : faults) fault.on = false;
}

Json RunRecord::summary() const {
    Json json = {
        {"id", id},           {"name", name},          {"user", user.name},    {"state", state_word(state)},
        {"created", created}, {"nodes", nodes.size()}, {"attached", attached}, {"folder", folder}};
    if (verdict.is_object()) json["verdict"] = verdict.value("verdict", "");
    if (exit_status) json["exit_status"] = *exit_status;
    if (!reason.empty()) json["reason"] = reason;
    return json;
}

Json RunRecord::details() const {
    Json json = summary();
    json["nodes"] = nodes_json();
    json["faults"] = faults_json();
    if (!moved.empty()) json["moved"] = moved;
    if (verdict.is_object()) json["verdict_json"] = verdict;
    return json;
}

Json RunRecord::faults_json() const {
    Json json = Json::array();
    for (const Fault& fault : faults)
        json.push_back({{"name", fault.name},
                        {"kind", fault.kind},
                        {"nodes", fault.nodes},
                        {"on", fault.on},
                        {"fired", fault.fired}});
    return json;
}

Json RunRecord::nodes_json() const {
    Json json = Json::array();
    for (const NodeState& node : nodes) json.push_back({{"name", node.name}, {"state", node.state}});
    return json;
}

std::string RunRecord::to_text() const {
    Json json = details();
    json["user"] = user_json(user);
    return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<RunRecord> RunRecord::from_text(const std::string& text) {
    RunRecord record;
    try {
        const Json json = Json::parse(text);
        record.id = json.at("id").get<std::string>();
        record.name = json.at("name").get<std::string>();
        record.folder = json.at("folder").get<std::string>();
        record.created = json.at("created").get<std::string>();
        record.user = user_of_json(json.at("user"));
        record.attached = json.at("attached").get<bool>();
        const auto word =
            std::find(state_words.begin(), state_words.end(), json.at("state").get<std::string>());
        record.state =
            word == state_words.end() ? State::lost : static_cast<State>(word - state_words.begin());
        for (const Json& node : json.at("nodes"))
            record.nodes.push_back({node.at("name").get<std::string>(), node.at("state").get<std::string>()});
        for (const Json& fault : json.at("faults"))
            record.faults.push_back({fault.at("name").get<std::string>(), fault.at("kind").get<std::string>(),
                                     fault.at("nodes").get<std::vector<std::string>>(),
                                     fault.at("on").get<bool>(), fault.at("fired").get<unsigned>()});
        if (json.contains("exit_status")) record.exit_status = json.at("exit_status").get<int>();
        record.verdict = json.value("verdict_json", Json());
        record.reason = json.value("reason", "");
    } catch (const Json::exception& error) {
        return Failure(Error{Error::Kind::internal, "read the record of a run", 0, error.what(), ""});
    }
    return record;
}

}  // namespace netcut
