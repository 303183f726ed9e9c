// SPDX-License-Identifier: Apache-2.0
//
// A daemon in the foreground, and what its users do with it.
#pragma once

#include <map>
#include <memory>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test {

constexpr gid_t daemon_group = 54320;
constexpr uid_t alice = 54321, bob = 54322, mallory = 54324;
constexpr uid_t stranger = 54323;  // is not in the group

class Daemon {
  public:
    // `configuration`: the contents of its file; empty: none. `before_exec`: as Tool has it. `program`: of the
    // build, or a full path. `more`: of its arguments.
    explicit Daemon(const std::string& configuration = {}, std::function<void()> before_exec = {},
                    std::string program = "netcut-fld", Arguments more = {});

    // Starts it (again), and waits until it listens.
    void start();
    Tool& process() { return *process_; }
    // All processes of runs, with the names of their programs; those that are just being launched excepted.
    std::map<pid_t, std::string> processes_of_runs() const;
    // Waits a moment until there is no process of a run, of whatever user.
    bool has_no_run_left() const;
    std::string socket() const { return folder_ / "fld.sock"; }
    std::string state() const { return folder_ / "state"; }
    std::string home(uid_t user) const;  // a folder of the user's own

    // A program of this user's, full path, and without any help of the daemon.
    std::unique_ptr<Tool> begin_program(uid_t user, const std::string& program,
                                        const Arguments& arguments) const;
    // `netcut-fl` with this daemon, by this user, in the user's own folder.
    std::unique_ptr<Tool> begin(uid_t user, Arguments arguments) const;
    Finished run(uid_t user, const Arguments& arguments) const;
    // The id of a run in the background, whose nodes run these commands.
    std::string start_run(uid_t user, const std::string& node, const Arguments& more = {}) const;

    // One request by this user, with curl.
    struct Answer {
        int status = 0;
        std::string body;
        Json json() const { return Json::parse(body, nullptr, false); }
    };
    Answer ask(uid_t user, const std::string& method, const std::string& target,
               const std::string& body = {}) const;
    bool serves(uid_t user) const { return ask(user, "GET", "/version").status == 200; }
    Json show(uid_t user, const std::string& run) const { return ask(user, "GET", "/runs/" + run).json(); }
    bool wait_for_state(uid_t user, const std::string& run, const std::string& state) const;

  private:
    Folder folder_;
    std::string configuration_;
    std::function<void()> before_exec_;
    std::string program_;
    Arguments more_;
    std::unique_ptr<Tool> process_;
};

}  // namespace netcut::test
