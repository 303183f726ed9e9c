// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <charconv>
#include <stdexcept>

#include "daemon/openapi.h"
#include "kernel/links.h"
#include "record/reader.h"
#include "record/run_state.h"

namespace netcut {
namespace {

HttpReply problem_reply(unsigned status, const std::string& title, const std::string& detail) {
    return reply_of(problem_of(status, title, detail));
}

}  // namespace

void Api::Call::json(const Json& json, unsigned status) const {
    respond({status, "application/json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
             nullptr});
}

bool Api::Call::flag(const std::string& name) const {
    const auto found = request.query.find(name);
    return found != request.query.end() && found->second != "0";
}

std::optional<std::uint64_t> Api::Call::number(const std::string& name) const {
    const auto found = request.query.find(name);
    if (found == request.query.end()) return 0;
    const std::string& text = found->second;
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size()) return value;
    respond(problem_reply(400, "Bad Request", name + " is a whole number, not '" + text + "'"));
    return {};
}

std::map<std::string, Api::Handler> Api::handlers() {
    return {
        {"version", &Api::version},        {"openapi", &Api::openapi},      {"doctor", &Api::doctor},
        {"metrics", &Api::metrics},        {"listRuns", &Api::list_runs},   {"createRun", &Api::create_run},
        {"showRun", &Api::show_run},       {"verdict", &Api::verdict},      {"record", &Api::record},
        {"deleteRun", &Api::delete_run},   {"stopRun", &Api::stop_run},     {"events", &Api::events},
        {"listFaults", &Api::list_faults}, {"addFault", &Api::add_fault},   {"fireFault", &Api::fire_fault},
        {"healFault", &Api::heal_fault},   {"listNodes", &Api::list_nodes}, {"logs", &Api::logs},
        {"exec", &Api::execute},           {"signal", &Api::signal},
    };
}

namespace {

// "/runs/{run}" as a request has it: {"runs", "{run}"}.
std::vector<std::string> segments(const std::string& path) {
    std::vector<std::string> words;
    boost::split(words, path.substr(1), boost::is_any_of("/"));
    return words;
}

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

// What stands for the words in braces, if the path fits.
std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return {};
    std::vector<std::string> names;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (pattern[i].starts_with('{'))
            names.push_back(path[i]);
        else if (pattern[i] != path[i])
            return {};
    }
    return names;
}

}  // namespace

std::vector<Api::Route> Api::routes() {
    const Json document = Json::parse(openapi_json);
    std::map<std::string, Handler> left = handlers();
    std::vector<Route> all;
    for (const auto& [path, operations] : document.at("paths").items())
        for (const auto& [method, operation] : operations.items()) {
            if (method == "parameters") continue;
            const auto found = left.find(operation.at("operationId").get<std::string>());
            if (found == left.end())
                throw std::logic_error(method + " " + path + " is described and not served");
            all.push_back({boost::to_upper_copy(method), segments(path), found->second});
            left.erase(found);
        }
    if (!left.empty()) throw std::logic_error(left.begin()->first + " is served and not described");
    return all;
}

Api::Api(boost::asio::io_context& io, Registry& registry, BrokerLink& broker)
    : io_(io), registry_(registry), broker_(broker), examiner_(io, broker) {}

void Api::handle(HttpRequest request, const HttpResponder& respond) {
    ++requests_;
    const auto counted = [this, respond](HttpReply reply) {
        if (reply.status >= 400) ++refused_;
        respond(std::move(reply));
    };
    bool path_known = false;
    for (const Route& route : routes_) {
        auto names = match(route.pattern, request.path);
        if (!names) continue;
        path_known = true;
        if (request.method != route.method) continue;
        Call call{std::move(request), counted, nullptr, std::move(*names)};
        if (!call.names.empty()) {
            call.run = registry_.find(call.names.front(), call.request.peer);
            // Of a run of somebody else not even its existence is told.
            if (!call.run)
                return counted(
                    problem_reply(404, "No such run", "you have no run '" + call.names.front() + "'"));
        }
        return (this->*route.handler)(call);
    }
    if (path_known)
        return counted(
            problem_reply(405, "Method Not Allowed", request.method + " is not for this resource"));
    counted(problem_reply(404, "Not Found", "there is no such resource; GET /openapi.json lists them"));
}

void Api::version(Call& call) {
    call.json({{"netcut_fl", NETCUT_VERSION}, {"api", 1}});
}

void Api::openapi(Call& call) {
    call.respond({200, "application/json", openapi_json, nullptr});
}

void Api::metrics(Call& call) {
    std::string text = "# HELP netcut_runs Runs that the daemon knows, by state.\n# TYPE netcut_runs gauge\n";
    for (const auto& [state, count] : registry_.count_by_state())
        text += fmt::format("netcut_runs{{state=\"{}\"}} {}\n", state, count);
    const auto counter = [&](const char* name, const char* kind, const char* help, std::uint64_t value) {
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, kind, value);
    };
    counter("netcut_requests_total", "counter", "Requests that were answered.", requests_);
    counter("netcut_requests_refused_total", "counter", "Of these, with a status of 400 or more.", refused_);
    counter("netcut_connections", "gauge", "Connections that are open.", connections_ ? connections_() : 0);
    call.respond({200, "text/plain; version=0.0.4", text, nullptr});
}

void Api::list_runs(Call& call) {
    Json runs = Json::array();
    for (const auto& run : registry_.visible_to(call.request.peer)) runs.push_back(run->record().summary());
    call.json({{"runs", runs}});
}

void Api::create_run(Call& call) {
    HttpRequest request = std::exchange(call.request, {});
    // All that is needed when the worker has answered.
    call.request.account = request.account;
    call.request.peer = request.peer;
    registry_.create(std::move(request), [this, call](auto run) {
        if (!run) return call.respond(std::move(run).error());
        answer_with_run(call, *run);
    });
}

// An attached run is told as it goes, and ends when nobody listens any more.
void Api::answer_with_run(const Call& call, const std::shared_ptr<Run>& run) {
    if (!run->record().attached) return call.json(run->record().details(), 201);
    FileSource::What what = file_of(run, "journal.jsonl");
    what.lines = what.follow = true;
    what.prefix = line_of({{"run", run->record().details()}});
    what.suffix = [run] { return line_of({{"ended", run->record().details()}}); };
    what.abandoned = [run] {
        if (!run->record().over()) run->stop(R"({"signal": "HUP"})", [](const HttpReply&) {});
    };
    stream(call, std::move(what), "application/x-ndjson");
}

FileSource::What Api::file_of(const std::shared_ptr<Run>& run, const std::string& name) const {
    FileSource::What what;
    what.user = run->record().user;
    what.folder = run->record().folder;
    what.file = name;
    what.over = [run] { return run->record().over(); };
    return what;
}

void Api::stream(const Call& call, FileSource::What what, const char* type) {
    what.refused = [this] { ++refused_; };
    call.respond({200, type, {}, std::make_shared<FileSource>(io_, broker_, call.request, std::move(what))});
}

void Api::show_run(Call& call) {
    call.json(call.run->record().details());
}

// As the run has left it, in its folder.
void Api::verdict(Call& call) {
    if (call.run->record().verdict.empty())
        return call.respond(problem_reply(404, "No verdict", "the run has none, or none yet"));
    stream(call, file_of(call.run, "verdict.json"), "application/json");
}

// Whatever the journal holds, this is all that is kept of it.
void Api::record(Call& call) {
    const auto state = std::make_shared<RunState>(
        RunState::Bounds{.nodes = 5000, .faults = 2000, .firings = 2000, .bytes = 4 << 20, .rounds = false});
    FileSource::What what = file_of(call.run, "journal.jsonl");
    what.lines = true;
    what.reduce = [state](std::string_view line) {
        if (const auto event = read_event(line).event) state->apply(*event);
    };
    what.suffix = [state] { return line_of(state->to_json()); };
    stream(call, std::move(what), "application/json");
}

void Api::delete_run(Call& call) {
    if (!call.run->record().over() && !call.flag("force"))
        return call.respond(problem_reply(409, "The run is under way", "stop it first"));
    if (!call.run->record().over()) call.run->stop({}, [](const HttpReply&) {});
    call.run->when_over([this, call] {
        registry_.forget(call.run->record().id);
        call.json(call.run->record().summary());
    });
}

void Api::stop_run(Call& call) {
    if (call.run->record().over())
        return call.respond(problem_reply(409, "The run is over", "there is nothing to stop"));
    call.run->stop(call.request.body, call.respond);
}

void Api::events(Call& call) {
    const auto first = call.number("from");
    if (!first) return;
    FileSource::What what = file_of(call.run, "journal.jsonl");
    what.lines = true;
    what.skip = *first > 0 ? *first - 1 : 0;
    what.follow = call.flag("follow");
    stream(call, std::move(what), "application/x-ndjson");
}

void Api::list_faults(Call& call) {
    call.json({{"faults", call.run->record().faults_json()}});
}

void Api::add_fault(Call& call) {
    ask(call, Message::Kind::add, {std::move(call.request.body)});
}

void Api::fire_fault(Call& call) {
    ask(call, Message::Kind::fire, {call.names.at(1)});
}

void Api::heal_fault(Call& call) {
    ask(call, Message::Kind::heal, {call.names.at(1)});
}

void Api::list_nodes(Call& call) {
    call.json({{"nodes", call.run->record().nodes_json()}});
}

void Api::logs(Call& call) {
    const auto& query = call.request.query;
    const std::string stream_word = query.contains("stream") ? query.at("stream") : "out";
    const auto& nodes = call.run->record().nodes;
    const bool known = std::any_of(nodes.begin(), nodes.end(),
                                   [&](const auto& node) { return node.name == call.names.at(1); });
    if (!known)
        return call.respond(
            problem_reply(404, "No such node", "the run has no node '" + call.names.at(1) + "'"));
    if (stream_word != "out" && stream_word != "err")
        return call.respond(problem_reply(400, "Bad Request", "stream is 'out' or 'err'"));
    const auto offset = call.number("offset");
    if (!offset) return;
    FileSource::What what = file_of(call.run, "logs/" + call.names.at(1) + "." + stream_word);
    what.offset = *offset;
    what.follow = call.flag("follow");
    stream(call, std::move(what), "application/octet-stream");
}

void Api::signal(Call& call) {
    ask(call, Message::Kind::signal, {call.names.at(1), std::move(call.request.body)});
}

void Api::execute(Call& call) {
    ask(call, Message::Kind::execute, {call.names.at(1), std::move(call.request.body)});
}

void Api::doctor(Call& call) {
    examiner_.examine(call.request.peer, registry_.limits_of(call.request.peer), call.respond);
}

void Api::ask(Call& call, Message::Kind kind, std::vector<std::string> words) {
    call.run->ask({kind, 0, std::move(words)}, std::move(call.request.room), call.respond);
}

}  // namespace netcut
