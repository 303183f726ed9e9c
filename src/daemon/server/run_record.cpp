// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/run_record.h"

#include <algorithm>
#include <sstream>

#include "fault/fault.h"
#include "record/run_state.h"

namespace netcut {
namespace {

constexpr std::size_t max_bytes = 64 << 10;  // of all names of nodes and faults: 2,000 nodes, say
constexpr std::size_t max_word = 128;
constexpr std::size_t max_path = 4096;
constexpr std::size_t max_reason = 1000;

std::string clipped(const std::string& text, std::size_t most) {
    return text.substr(0, most);
}

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

std::vector<std::string> split(const std::string& words) {
    std::istringstream stream(words);
    return {std::istream_iterator<std::string>(stream), {}};
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
    return text;
}

template <typename List>
auto find_named(List& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
}

}  // namespace

bool RunRecord::has_room(std::size_t bytes) {
    partial = partial || bytes_ + bytes > max_bytes;
    if (bytes_ + bytes > max_bytes) return false;
    bytes_ += bytes;
    return true;
}

void RunRecord::set_node(const std::string& given, const std::string& node_state) {
    const std::string node = clipped(given, max_word);
    const std::string now = clipped(node_state, max_word);
    if (const auto found = find_named(nodes, node); found != nodes.end())
        found->state = now;
    else if (has_room(sizeof(NodeState) + node.size()))
        nodes.push_back({node, now});
}

void RunRecord::set_fault(const std::string& given, const std::string& kind, const std::string& on_nodes,
                          bool on) {
    const std::string fault = clipped(given, max_word);
    auto found = find_named(faults, fault);
    if (found == faults.end()) {
        if (!has_room(sizeof(Fault) + fault.size() + on_nodes.size())) return;
        found = faults.insert(found, {fault, clipped(kind, max_word), on_nodes});
    }
    found->on = on;
    if (on) ++found->fired;
}

void RunRecord::accept(const std::string& its_name, const std::string& its_folder,
                       const std::string& earlier) {
    state = State::running;
    name = clipped(its_name, max_word);
    folder = clipped(its_folder, max_path);
    moved = clipped(earlier, max_path);
}

void RunRecord::end(int status, const std::string& word, const std::string& why) {
    state = State::ended;
    exit_status = status;
    verdict = clipped(word, max_word);
    reason = clipped(why, max_reason);
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
        {"id", id},           {"name", name},          {"user", user.name},    {"state", word_of(state)},
        {"created", created}, {"nodes", nodes.size()}, {"attached", attached}, {"folder", folder}};
    if (!verdict.empty()) json["verdict"] = verdict;
    if (exit_status) json["exit_status"] = *exit_status;
    if (!reason.empty()) json["reason"] = reason;
    return json;
}

Json RunRecord::details() const {
    Json json = summary();
    json["nodes"] = nodes_json();
    json["faults"] = faults_json();
    if (partial) json["partial"] = true;
    if (!moved.empty()) json["moved"] = moved;
    return json;
}

Json RunRecord::faults_json() const {
    Json json = Json::array();
    for (const Fault& fault : faults)
        json.push_back({{"name", fault.name},
                        {"kind", fault.kind},
                        {"nodes", split(fault.nodes)},
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
        record.state = parse_word<State>(json.at("state").get<std::string>()).value_or(State::lost);
        for (const Json& node : json.at("nodes"))
            record.set_node(node.at("name").get<std::string>(), node.at("state").get<std::string>());
        for (const Json& fault : json.at("faults"))
            record.faults.push_back({fault.at("name").get<std::string>(), fault.at("kind").get<std::string>(),
                                     joined(fault.at("nodes").get<std::vector<std::string>>()),
                                     fault.at("on").get<bool>(), fault.at("fired").get<unsigned>()});
        record.partial = json.value("partial", false);
        if (json.contains("exit_status")) record.exit_status = json.at("exit_status").get<int>();
        record.verdict = json.value("verdict", "");
        record.reason = json.value("reason", "");
    } catch (const Json::exception& error) {
        return internal_failure("read the record of a run", error.what());
    }
    return record;
}

}  // namespace netcut
