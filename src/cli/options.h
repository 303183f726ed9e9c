// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut::cli {

// `netcut-fl run`: what was given on the command line, before it becomes a scenario.
struct RunOptions {
    std::string file;
    std::optional<std::string> name, template_name, user, out, stage, workspace;
    std::optional<std::string> cols;
    std::optional<std::string> aggregator, collaborator, cwd, ready_on, ready_within, progress_on,
        progress_marks, end_on;
    std::vector<std::string> sets, envs, uplink, tcp, sites;
    std::optional<std::string> fabric, ip, mtu, rate, shaper;
    std::optional<std::string> cut_on, cut_when, after, round, armed_by, when, kind, direction, down_at,
        watch, nth, delay, reconnect_after, max_cuts;
    std::vector<std::string> cuts, faults;
    bool new_ip = false, new_mac = false, no_announce = false;
    std::optional<std::string> timeout, hang_after, grace;
    std::optional<std::string> pcap_snap;
    bool tty = false, join_output = false, quiet = false, pcap = false, no_stacks = false;
    std::map<std::string, std::string> kept_traces{};  // of a run that is replayed, see Scenario
    std::optional<bool> annotate;                      // for CI; by default where it is GitHub's
    std::optional<std::string> repeat, jobs;           // of the whole run
    std::optional<std::string> twins;                  // undisturbed runs to compare with
    bool safety = false;                               // who is not as undisturbed has failed
    bool twin = false;                                 // if it fails, run it without its faults
    std::optional<std::string> socket;                 // of the daemon
    bool local = false, detached = false;  // without the daemon; by the daemon, and not waited for
};

// Whether its model is right.
void add_safety_options(CLI::App& command, RunOptions& options);
void add_run_options(CLI::App& command, RunOptions& options);
// Those of them that say what is run and for how long, not what is done to it.
void add_federation_options(CLI::App& command, RunOptions& options);

// Sets parameters of the template, NAME=VALUE, and completes those that are paths.
Result<void> apply_parameters(Scenario& scenario, const std::vector<std::string>& sets);

// Of a scenario without a template, each parameter that was set must be used.
Result<void> check_sets(const Scenario& scenario, const std::vector<std::string>& sets);

// Template, then file, then command line; checked.
Result<Scenario> make_scenario(const RunOptions& options);

}  // namespace netcut::cli
