// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/time.h"
#include "bench/figures.h"
#include "bench/floor_processes.h"
#include "bench/program.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

constexpr auto patience = std::chrono::minutes(3);

class Run {
  public:
    explicit Run(std::size_t collaborators, const std::string& aggregator = "sleep 600",
                 const std::string& collaborator = "sleep 600", const Words& more = {})
        : folder_(fmt::format("bench-run-{}", ::getpid())),
          tool_(std::in_place, words(folder_, collaborators, aggregator, collaborator, more)),
          nodes_(collaborators + 1) {}
    ~Run() {
        tool_.reset();
        std::filesystem::remove_all(folder_);
    }

    // Since the tool was started, by its journal.
    Nanoseconds await_start() {
        const auto deadline = Clock::now() + patience;
        for (Nanoseconds last{0}; Clock::now() < deadline;
             std::this_thread::sleep_for(std::chrono::milliseconds(50)))
            if (read_started(last) == nodes_) return last;
        throw std::runtime_error("the nodes of a run did not start");
    }
    // Of the tool and of all that it needs for its nodes: proportional set size, see proc_pid_smaps(5).
    double memory() const {
        double bytes = pss_of(tool_->pid());
        for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
            const std::string pid = entry.path().filename();
            if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
            std::ifstream name(entry.path() / "comm");
            std::string text;
            if (std::getline(name, text) && text == "netcut-fl-init") bytes += pss_of(std::stoi(pid));
        }
        return bytes;
    }

    // CPU time so far of its thread that samples what nodes do.
    Nanoseconds sampled() const {
        for (const auto& task :
             std::filesystem::directory_iterator(fmt::format("/proc/{}/task", tool_->pid()))) {
            std::ifstream name(task.path() / "comm"), times(task.path() / "schedstat");
            std::string text;
            std::int64_t on_cpu = 0;
            if (std::getline(name, text) && text == "phases" && times >> on_cpu) return Nanoseconds(on_cpu);
        }
        throw std::runtime_error("the run has no thread that samples");
    }

  private:
    static Words words(const std::string& folder, std::size_t collaborators, const std::string& aggregator,
                       const std::string& collaborator, const Words& more) {
        Words all = {built_program("netcut-fl"),
                     "run",
                     "--quiet",
                     "--out",
                     folder,
                     "--cols",
                     std::to_string(collaborators),
                     "--aggregator",
                     aggregator,
                     "--collaborator",
                     collaborator};
        all.insert(all.end(), more.begin(), more.end());
        return all;
    }
    std::size_t read_started(Nanoseconds& last) const {
        std::ifstream journal(folder_ + "/journal.jsonl");
        std::size_t started = 0;
        for (std::string line; std::getline(journal, line);) {
            if (line.find("\"node.started\"") == std::string::npos || line.back() != '}') continue;
            ++started;
            last = Nanoseconds(nlohmann::json::parse(line).at("t_ns").get<std::int64_t>());
        }
        return started;
    }
    static double pss_of(pid_t pid) {
        std::ifstream rollup(fmt::format("/proc/{}/smaps_rollup", pid));
        for (std::string line; std::getline(rollup, line);)
            if (line.starts_with("Pss:")) return std::stod(line.substr(4)) * 1024;
        return 0;
    }

    std::string folder_;
    std::optional<Running> tool_;
    std::size_t nodes_;
};

}  // namespace

std::vector<Figure> measure_processes(std::size_t collaborators, std::size_t repeats) {
    Figure start{fmt::format("start_1+{}_processes", collaborators), Unit::milliseconds, {}, {}};
    Figure memory{fmt::format("memory_a_node_of_{}", collaborators + 1), Unit::kibibytes, {}, {}};
    start.series = "starting nodes, ms, by collaborators";
    start.size = static_cast<double>(collaborators);
    for (std::size_t i = 0; i < repeats; ++i) {
        {
            Run run(collaborators);
            start.product.add(run.await_start());
            memory.product.add(run.memory() / static_cast<double>(collaborators + 1));
        }
        const auto begin = Clock::now();
        const FloorProcesses floor(collaborators + 1);
        start.floor.add(Clock::now() - begin);
    }
    return {start, memory};
}

std::vector<Figure> measure_sampling(std::size_t collaborators, Nanoseconds length) {
    Figure sampling{fmt::format("sampling_a_second_of_{}", collaborators), Unit::milliseconds, {}, {}};
    const std::string waiter = built_program("netcut_waiter");
    Run run(collaborators, waiter + " serve 9000", waiter + " connect 9000 3", {"--ready-on", "listening"});
    run.await_start();
    const Nanoseconds before = run.sampled();
    const auto begun = Clock::now();
    std::this_thread::sleep_for(length);
    sampling.product.add(seconds(run.sampled() - before) / seconds(Clock::now() - begun) * 1e9);
    return {sampling};
}

std::vector<Figure> measure_round(std::size_t collaborators) {
    Figure round{fmt::format("round_of_1+{}", collaborators), Unit::milliseconds, {}, {}};
    const std::string folder = fmt::format("bench-round-{}", ::getpid());
    // The many that wait must leave the processors to those that have not begun, and none may give up before
    // its turn has come, only to begin again.
    round.product.add(run_program({built_program("netcut-fl"),
                                   "run",
                                   "--quiet",
                                   "--out",
                                   folder,
                                   "--cols",
                                   std::to_string(collaborators),
                                   "--set",
                                   "rounds=1",
                                   "--set",
                                   "model-size=16KiB",
                                   "--set",
                                   "channel=kept",
                                   "--set",
                                   "aggregator-args=--poll 10s",
                                   "--set",
                                   "collaborator-args=--connect-timeout 5m --retry-wait 10s",
                                   "--timeout",
                                   "5m",
                                   "--hang-after",
                                   "5m"})
                          .time);
    std::filesystem::remove_all(folder);
    return {round};
}

}  // namespace netcut::bench
