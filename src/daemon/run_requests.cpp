// SPDX-License-Identifier: Apache-2.0
#include "daemon/run_requests.h"

#include <fmt/format.h>

#include <csignal>

#include "daemon/flat_words.h"
#include "daemon/json_text.h"
#include "daemon/problem.h"
#include "node/node.h"
#include "scenario/fault_spec.h"
#include "scenario/input.h"
#include "scenario/words.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

constexpr std::size_t max_fault = 64 << 10;  // bytes of one that is added
constexpr std::size_t most_commands = 256;   // at once
constexpr unsigned short most_cells = 10000;

// How many words a request of this kind has; none: it is no request.
std::optional<std::size_t> words_of_request(Message::Kind kind) {
    switch (kind) {
        case Message::Kind::leave:
            return 0;
        case Message::Kind::stop:
        case Message::Kind::fire:
        case Message::Kind::heal:
        case Message::Kind::add:
        case Message::Kind::taken:
            return 1;
        case Message::Kind::signal:
        case Message::Kind::execute:
        case Message::Kind::input:
            return 2;
        case Message::Kind::resize:
            return 3;
        default:
            return {};
    }
}

// What a request's body says of `key`.
template <typename T>
Result<T> member(const std::string& body, const char* key) {
    const std::string attempt = "read the request";
    NETCUT_ASSIGN(const Json json, parse_json(body, attempt));
    try {
        return json.at(key).get<T>();
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

// The body may be empty.
Result<int> stop_signal(const std::string& body) {
    NETCUT_ASSIGN(const Json json, parse_json(body.empty() ? "{}" : body, "read the request"));
    const bool given = json.is_object() && json.contains("signal");
    if (!given) return SIGTERM;
    NETCUT_ASSIGN(const std::string name, member<std::string>(body, "signal"));
    return parse_signal(name);
}

Result<CommandSpec> command_in(const std::string& body) {
    const std::string attempt = "read the request";
    NETCUT_ASSIGN(const Json json, parse_json(body, attempt));
    try {
        CommandSpec command;
        command.argv = json.at("command").get<std::vector<std::string>>();
        command.input = json.value("input", false);
        command.terminal = json.value("terminal", "");
        command.captures = json.value("captures", false);
        if (json.value("tty", false))
            command.size = TerminalSize{std::min(most_cells, json.value("rows", TerminalSize{}.rows)),
                                        std::min(most_cells, json.value("columns", TerminalSize{}.columns))};
        return command;
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

Message problem_answer(std::uint64_t id, const Error& error) {
    Problem problem = problem_of(error);
    return {Message::Kind::answer, id, {std::to_string(problem.status), std::move(problem.body)}};
}

}  // namespace

bool RunRequests::take(const Message& message) {
    if (message.words.size() != words_of_request(message.kind)) return false;
    obey(message);
    return true;
}

void RunRequests::leave() {
    for (const auto& [id, command] : commands_) command->leave();
}

bool RunRequests::over() {
    std::erase_if(commands_, [](const auto& one) { return one.second->over(); });
    return commands_.empty();
}

void RunRequests::obey(const Message& message) {
    if (message.kind == Message::Kind::taken || message.kind == Message::Kind::leave) {
        const auto command = commands_.find(message.id);
        if (command == commands_.end()) return;
        if (message.kind == Message::Kind::leave) return command->second->leave();
        return command->second->taken(FlatWords(message.words).number<std::size_t>());
    }
    // These answer later.
    if (message.kind == Message::Kind::execute || message.kind == Message::Kind::input) {
        const auto begun = message.kind == Message::Kind::execute ? execute(message) : input(message);
        if (!begun) channel_->send(problem_answer(message.id, begun.error()));
        return;
    }
    answer(message, carry_out(message));
}

void RunRequests::answer(const Message& message, const Result<Json>& done) {
    if (!done) return channel_->send(problem_answer(message.id, done.error()));
    channel_->send({Message::Kind::answer,
                    message.id,
                    {"200", done->dump(2, ' ', false, Json::error_handler_t::replace) + "\n"}});
}

Result<Json> RunRequests::carry_out(const Message& message) {
    const auto& words = message.words;
    switch (message.kind) {
        case Message::Kind::stop: {
            NETCUT_ASSIGN(const int number, stop_signal(words[0]));
            engine_.stop(number);
            return Json::object();
        }
        case Message::Kind::fire:
            NETCUT_TRY(engine_.fire(words[0]));
            return Json{{"fault", words[0]}};
        case Message::Kind::heal:
            NETCUT_TRY(engine_.heal(words[0]));
            return Json{{"fault", words[0]}};
        case Message::Kind::add:
            return add_fault(message);
        case Message::Kind::signal:
            return signal(words[0], words[1]);
        default:
            return resize(message);
    }
}

// The body is the fault, as it stands in a scenario; JSON is YAML.
Result<Json> RunRequests::add_fault(const Message& message) {
    const std::string& body = message.words[0];
    if (body.size() > max_fault)
        return usage_failure("add a fault", fmt::format("it has more than {} KiB", max_fault >> 10),
                             "describe it in fewer words");
    const auto patience = patience_ ? patience_(message) : nullptr;
    FaultSpec fault;
    NETCUT_TRY(read_fault_yaml(fault, body, "fault"));
    NETCUT_TRY(read_named_files(fault));
    NETCUT_ASSIGN(const std::string name, engine_.add_fault(std::move(fault)));
    return Json{{"fault", name}};
}

Result<Json> RunRequests::signal(const std::string& node, const std::string& body) {
    NETCUT_ASSIGN(const std::string name, member<std::string>(body, "signal"));
    NETCUT_ASSIGN(const int number, parse_signal(name));
    NETCUT_TRY(engine_.signal(node, number));
    return Json{{"signal", number}};
}

Result<void> RunRequests::execute(const Message& message) {
    const std::string attempt = "run a command beside a node";
    if (!over() && commands_.size() >= most_commands)
        return usage_failure(attempt, fmt::format("{} are under way", most_commands), "wait for their end");
    if (commands_.contains(message.id)) return usage_failure(attempt, "its number is another one's");
    NETCUT_ASSIGN(CommandSpec spec, command_in(message.words[1]));
    const bool has_input = spec.input || spec.size;
    auto command = std::make_unique<Command>(message.id, channel_);
    NETCUT_ASSIGN(Node * node, engine_.execute(message.words[0], std::move(spec), command->observer()));
    channel_->send({Message::Kind::opened, message.id, {}});
    command->begin(node, has_input);
    commands_.emplace(message.id, std::move(command));
    return {};
}

Result<void> RunRequests::input(const Message& message) {
    NETCUT_ASSIGN(Command * command, command_of(message));
    return command->input(message.words[1], [channel = channel_, id = message.id](bool written) {
        if (written) return channel->send({Message::Kind::answer, id, {"200", "{}\n"}});
        const std::string attempt = "write to the input of a command";
        channel->send(problem_answer(id, usage_failure(attempt, "it has closed it").value()));
    });
}

Result<Json> RunRequests::resize(const Message& message) {
    NETCUT_ASSIGN(Command * command, command_of(message));
    FlatWords words(message.words);
    words.text();
    TerminalSize size;
    size.rows = words.number<unsigned short>();
    size.columns = words.number<unsigned short>();
    if (!words.complete() || size.rows > most_cells || size.columns > most_cells)
        return usage_failure("resize the terminal of a command", "rows and columns are whole numbers",
                             fmt::format("they may be up to {}", most_cells));
    command->resize(size);
    return Json::object();
}

Result<Command*> RunRequests::command_of(const Message& message) {
    const auto found = commands_.find(FlatWords(message.words).number<std::uint64_t>());
    if (found != commands_.end()) return found->second.get();
    return usage_failure("reach the command " + message.words[0],
                         "there is none of that number, or it has ended");
}

}  // namespace netcut
