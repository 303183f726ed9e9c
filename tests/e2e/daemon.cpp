// SPDX-License-Identifier: Apache-2.0
#include "e2e/daemon.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "e2e/process.h"

namespace netcut::test {
namespace {

std::vector<gid_t> groups_of(uid_t user) {
    if (user == stranger) return {};
    return {daemon_group};
}

}  // namespace

Daemon::Daemon(const std::string& configuration, std::function<void()> before_exec, std::string program,
               Arguments more)
    : before_exec_(std::move(before_exec)), program_(std::move(program)), more_(std::move(more)) {
    for (const uid_t user : {uid_t{0}, alice, bob, mallory, stranger}) {
        if (::mkdir(home(user).c_str(), 0700) != 0 || ::chown(home(user).c_str(), user, user) != 0)
            throw std::runtime_error("cannot make " + home(user));
    }
    if (!configuration.empty()) {
        configuration_ = folder_ / "fld.yaml";
        std::ofstream(configuration_) << configuration;
    }
    start();
}

void Daemon::start() {
    Arguments arguments = {"--socket", socket(), "--group", std::to_string(daemon_group), "--state", state()};
    if (!configuration_.empty()) arguments.insert(arguments.end(), {"--config", configuration_});
    arguments.insert(arguments.end(), more_.begin(), more_.end());
    process_ = std::make_unique<Tool>(arguments, before_exec_, program_);
    if (!process_->wait_for_output("listening at")) throw std::runtime_error("the daemon does not start");
}

std::map<pid_t, std::string> Daemon::processes_of_runs() const {
    std::map<pid_t, std::string> all;
    for (const pid_t pid : process_->processes())
        if (const std::string name = program_of(pid); name != "netcut-fld" && name != "netcut-fl-launc")
            all.emplace(pid, name);
    return all;
}

bool Daemon::has_no_run_left() const {
    for (int i = 0; i < 300 * time_scale(); ++i) {
        const auto left = process_->processes();
        if (std::all_of(left.begin(), left.end(), [](pid_t pid) { return program_of(pid) == "netcut-fld"; }))
            return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

std::string Daemon::home(uid_t user) const {
    return folder_ / ("home" + std::to_string(user));
}

std::unique_ptr<Tool> Daemon::begin_program(uid_t user, const std::string& program,
                                            const Arguments& arguments) const {
    const std::string here = home(user);
    return std::make_unique<Tool>(
        arguments,
        [user, here] {
            if (user != 0) become(user, groups_of(user));
            if (::chdir(here.c_str()) != 0) ::_exit(126);
        },
        program);
}

std::unique_ptr<Tool> Daemon::begin(uid_t user, Arguments arguments) const {
    arguments.insert(arguments.begin() + 1, {"--socket", socket()});
    return begin_program(user, "netcut-fl", arguments);
}

Finished Daemon::run(uid_t user, const Arguments& arguments) const {
    return begin(user, arguments)->wait();
}

std::string Daemon::start_run(uid_t user, const std::string& node, const Arguments& more) const {
    Arguments arguments = {"run",          "-d", "--cols",         "1", "--grace", "300ms",
                           "--aggregator", node, "--collaborator", node};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(user, arguments);
    EXPECT_EQ(finished.status, 0) << finished.err;
    return finished.out.substr(0, finished.out.find('\n'));
}

Daemon::Answer Daemon::ask(uid_t user, const std::string& method, const std::string& target,
                           const std::string& body) const {
    Arguments arguments = {
        "-s", "--max-time",     std::to_string(60 * time_scale()), "--unix-socket", socket(), "-X", method,
        "-w", "\n%{http_code}", "http://netcut-fl" + target};
    if (!body.empty()) arguments.insert(arguments.end(), {"--data-binary", body});
    const Finished finished = begin_program(user, "/usr/bin/curl", arguments)->wait();
    const std::size_t line = finished.out.rfind('\n');
    if (line == std::string::npos) return {};
    return {std::stoi(finished.out.substr(line + 1)), finished.out.substr(0, line)};
}

bool Daemon::wait_for_state(uid_t user, const std::string& run, const std::string& state) const {
    for (int i = 0; i < 200 * time_scale(); ++i) {
        if (show(user, run).value("state", "") == state) return true;
        std::this_thread::sleep_for(50ms);
    }
    return false;
}

}  // namespace netcut::test
