// SPDX-License-Identifier: Apache-2.0
#include "cli/init_command.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "scenario/input.h"
#include "scenario/scenario.h"
#include "scenario/template.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

namespace fs = std::filesystem;

// What this folder was found to be, and why.
struct Found {
    std::string template_name;
    std::string because;
};

bool has_text(const fs::path& file, std::string_view text) {
    const auto contents = read_input(file, Input::file, most_scenario);
    return contents && contents->find(text) != std::string::npos;
}

// The first file of these names, each with .py.
std::string script_named(std::initializer_list<const char*> names) {
    std::error_code error;
    for (const char* name : names)
        if (fs::is_regular_file(std::string(name) + ".py", error)) return std::string(name) + ".py";
    return {};
}

std::string server_script() {
    return script_named({"server", "aggregator", "fl_server", "run_server"});
}

std::string client_script() {
    return script_named({"client", "collaborator", "fl_client", "run_client"});
}

Found look_around() {
    std::error_code error;
    if (has_text("pyproject.toml", "[tool.flwr")) return {"flower/app", "pyproject.toml has [tool.flwr"};
    if (fs::exists("plan/plan.yaml", error)) return {"openfl/torch_cnn_mnist", "there is plan/plan.yaml"};
    for (const char* job : {"meta.conf", "meta.json"})
        if (fs::exists(job, error) && fs::is_directory("app", error))
            return {"nvflare/poc", fmt::format("there are {} and app", job)};
    const std::string server = server_script(), client = client_script();
    if (!server.empty() && has_text(server, "start_server") && has_text(server, "flwr"))
        return {"flower/legacy", server + " calls start_server"};
    if (!server.empty() && !client.empty())
        return {"plain", fmt::format("there are {} and {}", server, client)};
    return {"plain", ""};
}

// "flower" is the first template of that name.
Result<std::string> template_of(const std::string& framework) {
    for (const std::string& name : template_names())
        if (name == framework || name.starts_with(framework + "/")) return name;
    NETCUT_TRY(find_template(framework));
    return framework;
}

// The Python environment that is in use, or lies here.
std::string environment_here() {
    if (const char* used = std::getenv("VIRTUAL_ENV"); used != nullptr && *used != '\0') return used;
    std::error_code error;
    for (const char* name : {".venv", "venv", "env"})
        if (fs::exists(fs::path(name) / "bin/python3", error)) return name;
    return {};
}

std::string quoted(const std::string& value) {
    std::string text = "\"";
    for (const char letter : value) {
        if (letter == '"' || letter == '\\') text += '\\';
        text += letter;
    }
    return text + '"';
}

// Values for the template's parameters that can be told from here.
std::map<std::string, std::string> known_values(const Scenario& scenario) {
    std::map<std::string, std::string> values;
    if (const std::string found = environment_here(); !found.empty()) values["environment"] = found;
    if (scenario.template_name == "nvflare/poc") values["job"] = ".";
    if (scenario.template_name == "flower/legacy") {
        if (!server_script().empty()) values["server"] = "python3 " + server_script();
        if (!client_script().empty()) values["client"] = "python3 " + client_script() + " {aggregator}:8080";
    }
    std::erase_if(values, [&](const auto& value) { return !scenario.parameters.contains(value.first); });
    return values;
}

std::string parameters_text(const Scenario& scenario) {
    const auto known = known_values(scenario);
    std::string set, left;
    for (const auto& [name, value] : scenario.parameters) {
        if (name == scenario.variant) continue;
        const auto found = known.find(name);
        if (found != known.end())
            set += fmt::format("  {}: {}\n", name, quoted(found->second));
        else
            left += fmt::format("  # {}: {}\n", name, quoted(value));
    }
    if (set.empty() && left.empty()) return {};
    return fmt::format(
        "# Of the template; those with a # in front have their default value.\n{}parameters:\n{}{}",
        set.empty() ? "# " : "", set, left);
}

std::string commands_text() {
    const std::string server = server_script(), client = client_script();
    return fmt::format(
        "# Words as in a shell, but no shell is involved. In each network namespace every port is free.\n"
        "aggregator:\n  command: python3 {}\n"
        "collaborator:\n"
        "  # {{index}} is 1, 2, ..., and {{aggregator}} a name that leads to the aggregator; {{{{ is a "
        "brace.\n"
        "  command: python3 {} {{aggregator}} {{index}}\n"
        "# A line of the aggregator after which collaborators are started; without it, at once.\n"
        "# ready: listening\n"
        "# What counts as progress; its first group is the round. Without it, anything that is printed.\n"
        "# progress: \"re:round ([0-9]+)\"\n",
        server.empty() ? "server.py" : server, client.empty() ? "client.py" : client);
}

std::string template_text(const Scenario& scenario) {
    return fmt::format(
        "# netcut-fl templates {0} says what it does; with --check, what it needs and is missing.\n"
        "template: {0}\n{1}",
        scenario.template_name, parameters_text(scenario));
}

constexpr const char* rest =
    "\nfaults:\n"
    "  # netcut-fl faults lists the kinds: drop loses its packets and tells nobody.\n"
    "  - kind: drop\n"
    "    nodes: [collaborator2]\n"
    "    # When: it sends, after it has sent and received before. Or when it prints a line: {log: \"round "
    "2\"}\n"
    "    on: {phase: sending, armed_by: exchange}\n"
    "    for: 20s\n"
    "\n"
    "# What decides the exit status: 0 if it is so, 1 if it is not.\n"
    "expect:\n"
    "  verdict: recovered\n"
    "\n"
    "# So long without progress after the network is back is a hang.\n"
    "hang_after: 60s\n"
    "# Of the whole run.\n"
    "timeout: 30m\n";

std::string scenario_text(const Scenario& scenario, const std::string& file, const std::string& because) {
    const std::string name = file == "-" ? "FILE" : file;
    return fmt::format(
        "# What `netcut-fl run {0}` does; `netcut-fl check {0}` says what is wrong with it.\n"
        "# netcut-fl-scenario(5), docs/scenario.md: all keys.\n{1}\n{2}\ncollaborators: 2\n{3}",
        name,
        because.empty() ? "" : fmt::format("# Made for {}, since {}.\n", scenario.template_name, because),
        scenario.template_name == "plain" ? commands_text() : template_text(scenario), rest);
}

Result<void> write_new(const std::string& file, const std::string& text) {
    const std::string attempt = "write " + file;
    if (file == "-") return write_all(STDOUT_FILENO, text, "print the scenario");
    const Fd out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (!out && errno == EEXIST)
        return usage_failure(attempt, "there is a file of that name", "name another: netcut-fl init FILE");
    if (!out) return system_failure(attempt);
    return write_all(out.get(), text, attempt);
}

Result<int> try_init(const InitOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    Found found;
    if (options.framework) {
        NETCUT_ASSIGN(found.template_name, template_of(*options.framework));
    } else {
        found = look_around();
    }
    Scenario scenario;
    if (const auto read = read_template(scenario, found.template_name); !read) {
        if (scenario.variant.empty()) return Failure(read.error());
        found.template_name += "/NAME";
        scenario = {};
        NETCUT_TRY(read_template(scenario, found.template_name));
    }
    NETCUT_TRY(write_new(options.file, scenario_text(scenario, options.file, found.because)));
    if (options.file == "-") return 0;
    show("{} is for {}{}\nnetcut-fl run {}\n", options.file,
         found.template_name == "plain" ? "commands of yours" : "the template " + found.template_name,
         found.because.empty() ? "" : fmt::format(", since {}", found.because), options.file);
    return 0;
}

}  // namespace

void add_init_options(CLI::App& command, InitOptions& options) {
    command
        .add_option("FILE", options.file,
                    "The file to write, which must not be there; -: print it (default: scenario.yaml)")
        ->type_name("");
    command
        .add_option("--framework", options.framework,
                    "What it is for: a template, or the first part of its name (default: what this folder "
                    "looks like)")
        ->type_name("TEMPLATE");
    command.footer("Example: netcut-fl init && netcut-fl run scenario.yaml");
}

int init_command(const InitOptions& options) {
    const auto status = try_init(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
