// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <fstream>
#include <string_view>

#include "base/time.h"
#include "bench/docker_engine.h"
#include "bench/figures.h"
#include "node/limits.h"

namespace {

using namespace netcut::bench;
using netcut::Nanoseconds;

constexpr int failed = 1, not_possible_here = 3;

struct Network {
    std::size_t nodes, repeats, peers;
};
struct Sites {
    std::size_t sites, nodes_each, repeats;
};
struct Plan {
    std::size_t cuts = 200;
    std::vector<Network> networks{{10, 20, 5}, {100, 10, 3}, {1000, 5, 1}, {4000, 2, 0}};
    Network bridge{1000, 3, 0};
    std::vector<std::pair<Nanoseconds, std::size_t>> lengths{{std::chrono::milliseconds(100), 40},
                                                             {std::chrono::seconds(1), 20}};
    std::size_t pump_megabytes = 512, pump_repeats = 5;
    std::vector<std::size_t> patterns{1, 4, 16, 64};
    std::size_t passages = 10;
    std::size_t late_packets = 5000;
    std::size_t links = 1000;
    Sites sites{100, 10, 5};
    std::vector<std::size_t> faults{1, 10, 100, 1000};
    std::vector<std::size_t> log_rates{10'000, 100'000, 1'000'000};  // bytes a second, of each of many nodes
    std::vector<std::pair<std::size_t, std::size_t>> processes{{50, 3}, {1000, 1}};  // collaborators, repeats
    std::vector<std::size_t> sampled{10, 1000};                                      // collaborators
    Nanoseconds sampling = std::chrono::seconds(10);
    std::vector<std::size_t> rounds{50, 500, 1000};  // collaborators that train
    std::size_t docker_cuts = 10, containers = 50;   // collaborators again
    unsigned report_events = 1'000'000;
};
const Plan short_plan{.cuts = 10,
                      .networks = {{10, 2, 1}, {100, 1, 0}},
                      .bridge = {100, 1, 0},
                      .lengths = {{std::chrono::milliseconds(100), 2}},
                      .pump_megabytes = 32,
                      .pump_repeats = 1,
                      .patterns = {16},
                      .passages = 1,
                      .late_packets = 100,
                      .links = 20,
                      .sites = {2, 3, 1},
                      .faults = {10},
                      .log_rates = {100'000},
                      .processes = {{20, 1}},
                      .sampled = {10},
                      .sampling = std::chrono::seconds(1),
                      .rounds = {2},
                      .docker_cuts = 1,
                      .containers = 2,
                      .report_events = 10'000};

// Docker may be installed and yet not work here; all else can be measured without.
PeerSamples try_docker(const Plan& plan, const Cores& cores) {
    if (!DockerEngine::is_installed()) return {};
    try {
        return measure_docker(cores, plan.docker_cuts, plan.containers);
    } catch (const std::exception& error) {
        fmt::print(stderr, "netcut_bench: without Docker: {}\n", error.what());
        return {};
    }
}

// What --only can name.
constexpr std::array group_names = {
    "docker", "network", "bridge", "sites", "processes", "sampling", "round",  "passage", "held",  "trace",
    "links",  "tap",     "faults", "pump",  "line",      "fire",     "daemon", "report",  "length"};

std::vector<Figure> measure(const Plan& plan, const Cores& cores, const std::string& only) {
    std::vector<Figure> all;
    const auto is_wanted = [&](std::string_view group) { return only.empty() || only == group; };
    const auto take = [&](std::string_view group, const auto& figures_of) {
        if (!is_wanted(group)) return;
        for (Figure& figure : figures_of()) all.push_back(std::move(figure));
    };
    // While no thread is pinned.
    const PeerSamples docker = is_wanted("docker") ? try_docker(plan, cores) : PeerSamples();
    for (const Network& one : plan.networks)
        take("network", [&] { return measure_network(one.nodes, one.repeats, one.peers); });
    take("bridge", [&] { return measure_bridge(plan.bridge.nodes, plan.bridge.repeats); });
    take("sites", [&] { return measure_sites(plan.sites.sites, plan.sites.nodes_each, plan.sites.repeats); });
    for (const auto& one : plan.processes)
        take("processes", [&] { return measure_processes(one.first, one.second); });
    for (const std::size_t nodes : plan.sampled)
        take("sampling", [&] { return measure_sampling(nodes, plan.sampling); });
    for (const std::size_t nodes : plan.rounds) take("round", [&] { return measure_round(nodes); });
    take("passage", [&] { return measure_passage(plan.passages); });
    take("held", [&] { return measure_held(plan.passages); });
    take("held", [&] { return measure_late(plan.late_packets); });
    take("held", [] { return measure_rate(); });
    take("trace", [] { return measure_trace(); });
    take("links", [&] { return measure_links(plan.links, plan.sampling); });
    take("tap", [&] { return measure_tap(plan.passages); });
    for (const std::size_t faults : plan.faults)
        take("faults", [&] { return measure_passage_of(faults, plan.passages); });
    for (const std::size_t patterns : plan.patterns)
        take("pump", [&] { return measure_pump(patterns, plan.pump_megabytes, plan.pump_repeats); });
    take("line", [&] { return measure_line(cores, plan.cuts); });
    for (const std::size_t rate : plan.log_rates)
        take("line", [&] { return measure_line_beside(cores, rate, plan.cuts); });
    take("fire", [&] { return measure_fire(cores, plan.cuts); });
    take("daemon", [&] { return measure_daemon(cores, plan.cuts); });
    take("report", [&] { return measure_report(plan.report_events, 3); });
    for (const auto& one : plan.lengths)
        take("length", [&] { return measure_length(cores, one.first, one.second); });
    for (Figure& figure : all)
        if (const auto found = docker.find(figure.name); found != docker.end())
            figure.peers["Docker"] = found->second;
    return all;
}

void run(const RunInfo& info, const std::string& only, const std::string& out) {
    netcut::raise_limits();
    ::signal(SIGPIPE, SIG_IGN);  // a proxy's client is gone before it knows
    const Cores cores = choose_cores();
    const auto figures = measure(info.shortened ? short_plan : Plan{}, cores, only);
    fmt::print("{}\nOf the cuts, the sender is pinned to core {}, what is measured to core {}.\n",
               table_text(figures), cores.sender, cores.product);
    std::ofstream file(out);
    file << report_json(figures, info).dump(2) << '\n';
    std::ofstream series(out + ".series");
    series << series_text(figures);
    if (!file.flush() || !series.flush()) throw std::runtime_error("cannot write " + out);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures netcut-fl beside the least that the kernel needs for the same.");
    RunInfo info;
    std::string only, out = "bench.json";
    app.add_flag("--short", info.shortened, "few repeats: shows that it works, measures little");
    app.add_option("--only", only, "these figures alone")->check(CLI::IsMember(group_names));
    app.add_option("--out", out, "where the JSON goes")->capture_default_str();
    app.add_option("--revision", info.revision, "revision of the source, for the JSON");
    CLI11_PARSE(app, argc, argv);
    if (::geteuid() != 0) {
        fmt::print(stderr, "netcut_bench: needs root: it makes network namespaces\n");
        return not_possible_here;
    }
    try {
        run(info, only, out);
    } catch (const std::exception& error) {
        fmt::print(stderr, "netcut_bench: {}\n", error.what());
        return failed;
    }
    return 0;
}
