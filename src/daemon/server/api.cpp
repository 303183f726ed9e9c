// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string/case_conv.hpp>
#include <boost/algorithm/string/classification.hpp>
#include <boost/algorithm/string/split.hpp>
#include <stdexcept>

#include "daemon/openapi.h"

namespace netcut {

void Api::Call::json(const Json& json, unsigned status) const {
    respond({status, "application/json", json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n",
             nullptr});
}

void Api::Call::fail(const Error& error) const {
    respond(problem(error));
}

std::map<std::string, Api::Handler> Api::handlers() {
    return {{"version", &Api::version},        {"openapi", &Api::openapi},
            {"doctor", &Api::doctor},          {"metrics", &Api::metrics},
            {"listRuns", &Api::list_runs},     {"createRun", &Api::create_run},
            {"showRun", &Api::show_run},       {"deleteRun", &Api::delete_run},
            {"stopRun", &Api::stop_run},       {"events", &Api::events},
            {"listFaults", &Api::list_faults}, {"addFault", &Api::add_fault},
            {"fireFault", &Api::fire_fault},   {"healFault", &Api::heal_fault},
            {"listNodes", &Api::list_nodes},   {"logs", &Api::logs},
            {"exec", &Api::execute},           {"signal", &Api::signal}};
}

namespace {

// "/runs/{run}" as a request has it: {"runs", "{run}"}.
std::vector<std::string> segments(const std::string& path) {
    std::vector<std::string> words;
    boost::split(words, path.substr(1), boost::is_any_of("/"));
    return words;
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

Api::Api(boost::asio::io_context& io, Registry& registry, Launcher launcher)
    : io_(io), registry_(registry), launcher_(std::move(launcher)) {}

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
                return counted(problem(404, "No such run", "you have no run '" + call.names.front() + "'"));
        }
        try {
            return (this->*route.handler)(call);
        } catch (const Json::exception& error) {
            return counted(problem(400, "Bad Request", error.what()));
        } catch (const std::invalid_argument&) {
            return counted(problem(400, "Bad Request", "a number of the query is none"));
        } catch (const std::out_of_range&) {
            return counted(problem(400, "Bad Request", "a number of the query is too large"));
        }
    }
    if (path_known)
        return counted(problem(405, "Method Not Allowed", request.method + " is not for this resource"));
    counted(problem(404, "Not Found", "there is no such resource; GET /openapi.json lists them"));
}

void Api::version(const Call& call) {
    call.json({{"netcut_fl", NETCUT_VERSION}, {"api", 1}});
}

void Api::openapi(const Call& call) {
    call.respond({200, "application/json", openapi_json, nullptr});
}

void Api::metrics(const Call& call) {
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

void Api::list_runs(const Call& call) {
    Json runs = Json::array();
    for (const auto& run : registry_.visible_to(call.request.peer)) runs.push_back(run->record().summary());
    call.json({{"runs", runs}});
}

void Api::create_run(const Call& call) {
    const Json body = Json::parse(call.request.body);
    WorkerOrder order;
    const Json& scenario = body.at("scenario");
    // JSON is YAML, too.
    order.scenario = scenario.is_string() ? scenario.get<std::string>() : scenario.dump();
    order.cwd = body.value("cwd", "/");
    order.folder = body.value("out", "");
    order.user.environment = body.value("environment", Environment());
    order.umask = body.value("umask", mode_t{022}) & 0777;
    if (!order.cwd.starts_with('/'))
        return call.fail(
            usage_failure("run in the folder " + order.cwd, "it is relative", "give a full path").value());
    registry_.create(std::move(order), call.request.peer, body.value("attach", false),
                     [this, call](Result<std::shared_ptr<Run>> run) {
                         if (!run) return call.fail(run.error());
                         answer_with_run(call, *run);
                     });
}

// An attached run is told as it goes, and ends when nobody listens any more.
void Api::answer_with_run(const Call& call, const std::shared_ptr<Run>& run) {
    if (!run->record().attached) return call.json(run->record().details(), 201);
    FileSource::What what = journal_of(run);
    what.follow = true;
    what.prefix = Json{{"run", run->record().details()}}.dump() + "\n";
    what.suffix = [run] { return Json{{"ended", run->record().details()}}.dump() + "\n"; };
    what.abandoned = [run] {
        if (!run->record().over()) run->stop(SIGHUP);
    };
    stream(call, std::move(what));
}

FileSource::What Api::journal_of(const std::shared_ptr<Run>& run) const {
    FileSource::What what;
    what.user = run->record().user;
    what.folder = run->record().folder;
    what.file = "journal.jsonl";
    what.lines = true;
    what.over = [run] { return run->record().over(); };
    return what;
}

void Api::stream(const Call& call, FileSource::What what) {
    const char* type = what.lines ? "application/x-ndjson" : "application/octet-stream";
    call.respond({200, type, {}, std::make_shared<FileSource>(io_, std::move(what))});
}

void Api::show_run(const Call& call) {
    call.json(call.run->record().details());
}

void Api::delete_run(const Call& call) {
    if (!call.run->record().over())
        return call.respond(problem(409, "The run is under way", "stop it first"));
    registry_.forget(call.run->record().id);
    call.json(call.run->record().summary());
}

void Api::stop_run(const Call& call) {
    if (call.run->record().over())
        return call.respond(problem(409, "The run is over", "there is nothing to stop"));
    const Json body = call.request.body.empty() ? Json::object() : Json::parse(call.request.body);
    const auto signal = parse_signal(body.value("signal", "TERM"));
    if (!signal) return call.fail(signal.error());
    call.run->stop(*signal, answering(call));
}

void Api::events(const Call& call) {
    FileSource::What what = journal_of(call.run);
    const auto& query = call.request.query;
    if (const auto from = query.find("from"); from != query.end()) {
        const std::uint64_t first = std::stoull(from->second);
        what.skip = first > 0 ? first - 1 : 0;
    }
    what.follow = query.contains("follow") && query.at("follow") != "0";
    stream(call, std::move(what));
}

void Api::list_faults(const Call& call) {
    call.json({{"faults", call.run->record().faults_json()}});
}

void Api::add_fault(const Call& call) {
    // The body is the fault, as it stands in a scenario; JSON is YAML.
    ask(call, {{"do", "add"}, {"fault", call.request.body}});
}

void Api::fire_fault(const Call& call) {
    ask(call, {{"do", "fire"}, {"fault", call.names.at(1)}});
}

void Api::heal_fault(const Call& call) {
    ask(call, {{"do", "heal"}, {"fault", call.names.at(1)}});
}

void Api::list_nodes(const Call& call) {
    call.json({{"nodes", call.run->record().nodes_json()}});
}

void Api::logs(const Call& call) {
    const auto& query = call.request.query;
    const std::string stream_word = query.contains("stream") ? query.at("stream") : "out";
    const auto& nodes = call.run->record().nodes;
    const bool known = std::any_of(nodes.begin(), nodes.end(),
                                   [&](const auto& node) { return node.name == call.names.at(1); });
    if (!known)
        return call.respond(problem(404, "No such node", "the run has no node '" + call.names.at(1) + "'"));
    if (stream_word != "out" && stream_word != "err")
        return call.respond(problem(400, "Bad Request", "stream is 'out' or 'err'"));
    FileSource::What what = journal_of(call.run);
    what.file = "logs/" + call.names.at(1) + "." + stream_word;
    what.lines = false;
    what.offset = query.contains("offset") ? std::stoull(query.at("offset")) : 0;
    what.follow = query.contains("follow") && query.at("follow") != "0";
    stream(call, std::move(what));
}

void Api::signal(const Call& call) {
    const Json body = Json::parse(call.request.body);
    ask(call,
        {{"do", "signal"}, {"node", call.names.at(1)}, {"signal", body.at("signal").get<std::string>()}});
}

void Api::execute(const Call& call) {
    const Json body = Json::parse(call.request.body);
    const auto command = body.at("command").get<std::vector<std::string>>();
    const auto output = std::make_shared<QueueSource>();
    call.run->execute(
        {{"do", "execute"}, {"node", call.names.at(1)}, {"command", command}},
        [call, output](const Result<Json>& done) {
            if (!done) return call.fail(done.error());
            call.respond({200, "application/x-ndjson", {}, output});
        },
        [output](const Json& message) {
            if (message.is_null()) return output->finish();
            Json line = message;
            line.erase("id");
            output->put(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
            if (message.contains("exit")) output->finish();
        });
}

void Api::ask(const Call& call, Json request) {
    call.run->ask(std::move(request), answering(call));
}

Run::Answer Api::answering(const Call& call) {
    return [call](const Result<Json>& done) {
        if (done) return call.json(*done);
        call.fail(done.error());
    };
}

}  // namespace netcut
