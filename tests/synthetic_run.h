// SPDX-License-Identifier: Apache-2.0
//
// The folder of a run that never was: as many nodes, as long and with as many events as a test wants.
#pragma once

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace netcut::test {

struct SyntheticRun {
    unsigned nodes = 5;  // the first is the aggregator
    unsigned seconds = 10;
    unsigned events = 1000;      // about so many, most of them phases
    std::string line = "round";  // that triggers the cut
};

class SyntheticJournal {
  public:
    SyntheticJournal(const std::string& folder, const SyntheticRun& run)
        : run_(run), out_(folder + "/journal.jsonl", std::ios::binary) {}

    void write() {
        begin();
        const unsigned samples = std::min(run_.seconds, run_.events / 10);
        const unsigned phases = run_.events - samples;
        for (unsigned i = 0, sample = 0; i < phases; ++i) {
            const std::int64_t end = length() * (i / run_.nodes + 1) / (phases / run_.nodes + 1);
            write_phase(i, end);
            if (sample < samples && end > length() * (sample + 1) / samples) write_traffic(sample++, samples);
            if (i == phases / 2) write_cut(end);
        }
        for (unsigned node = 0; node < run_.nodes; ++node)
            write_event(length(), "node.exited", name(node),
                        R"({"status":"exit code 0","stopped_by_us":false})");
        write_event(length(), "run.ended", "", R"({"verdict":"recovered","reason":"all nodes finished"})");
    }

    std::string name(unsigned node) const {
        return node == 0 ? "aggregator" : fmt::format("collaborator{}", node);
    }

  private:
    std::int64_t length() const { return std::int64_t{run_.seconds} * 1'000'000'000; }

    void write_event(std::int64_t t, const char* event, const std::string& node, const std::string& details,
                     const char* fault = "") {
        out_ << fmt::format(R"({{"t_ns":{},"wall":"2026-03-01T12:00:00.000Z","event":"{}")", t, event);
        if (!node.empty()) out_ << fmt::format(R"(,"node":"{}")", node);
        if (fault[0] != '\0') out_ << fmt::format(R"(,"fault":"{}")", fault);
        out_ << R"(,"details":)" << details << "}\n";
    }

    void begin() {
        std::string names;
        for (unsigned node = 0; node < run_.nodes; ++node)
            names += fmt::format("{}\"{}\"", node == 0 ? "" : ",", name(node));
        write_event(
            0, "run.begun", "",
            fmt::format(
                R"({{"schema":1,"name":"synthetic","netcut_fl":"0","kernel":"Linux 6.1","nodes":[{}],"user":"u"}})",
                names));
        for (unsigned node = 0; node < run_.nodes; ++node)
            write_event(1000, "node.started", name(node), "{}");
    }

    void write_phase(unsigned i, std::int64_t end) {
        constexpr std::array phases = {"computing", "sending", "waiting", "receiving", "idle"};
        const unsigned node = i % run_.nodes, turn = i / run_.nodes;
        last_.resize(run_.nodes);
        // Long and short ones, of which the short ones differ between nodes.
        const std::int64_t cut = end - (end - last_[node]) * ((node + turn) % 4 + 1) / 5;
        write_event(end, "node.phase", name(node),
                    fmt::format(R"({{"phase":"{}","from_ns":{},"to_ns":{},"sent":{},"received":{}}})",
                                phases[(turn + node) % phases.size()], last_[node], cut, turn % 7 * 1000,
                                turn % 5 * 1000));
        last_[node] = cut;
    }

    void write_traffic(unsigned sample, unsigned samples) {
        std::string bytes;
        for (unsigned node = 0; node < run_.nodes; ++node)
            bytes += fmt::format("{}\"{}\":[{},{}]", node == 0 ? "" : ",", name(node),
                                 1000 + (sample * 37 + node) % 50000, 500 + (sample * 91 + node) % 30000);
        const std::int64_t from = length() * sample / samples, to = length() * (sample + 1) / samples;
        write_event(to, "traffic", "",
                    fmt::format(R"({{"from_ns":{},"to_ns":{},"bytes":{{{}}}}})", from, to, bytes));
    }

    void write_cut(std::int64_t at) {
        const std::string node = name(run_.nodes - 1);
        write_event(at, "trigger.matched", node,
                    fmt::format(R"({{"line":"{}","match":1,"verdict":"fires"}})", run_.line), "cut");
        write_event(
            at, "fault.fired", "",
            fmt::format(
                R"({{"kind":"drop","nodes":["{0}"],"number":1,"trigger":{{"node":"{0}","line":"{1}"}},"for_s":1}})",
                node, run_.line),
            "cut");
        write_event(at + 1'000'000'000, "fault.healed", "",
                    fmt::format(R"({{"lasted_s":1.0,"packets_lost":{{"{}":7}}}})", node), "cut");
    }

    SyntheticRun run_;
    std::ofstream out_;
    std::vector<std::int64_t> last_;
};

inline void make_synthetic_run(const std::string& folder, const SyntheticRun& run) {
    std::filesystem::create_directories(folder + "/logs");
    SyntheticJournal journal(folder, run);
    journal.write();
    std::string nodes;
    for (unsigned node = 0; node < run.nodes; ++node)
        nodes += fmt::format(R"({}{{"node":"{}","started":true,"ended":"exit code 0","finished":true}})",
                             node == 0 ? "" : ",", journal.name(node));
    std::ofstream(folder + "/verdict.json") << fmt::format(
        R"({{"schema":2,"name":"synthetic","verdict":"recovered","reason":"all nodes finished",)"
        R"("exit_status":0,"packets_lost":7,"time_to_recover_s":0.5,"faults":[{{"fault":"cut",)"
        R"("kind":"drop","trigger":{{"node":"{0}","line":"{1}"}},"fired_s":5,"healed_s":6,"lasted_s":1,)"
        R"("nodes":[{{"node":"{0}","packets_lost":{{"total":7,"router_up":4,"router_down":3,)"
        R"("unsendable_at_node":0}},"sent_again_s":0.4,"received_again_s":0.5,"time_to_recover_s":0.5}}]}}],)"
        R"("rounds":null,"nodes":[{2}],"half_open":[]}})",
        journal.name(run.nodes - 1), run.line, nodes);
    std::ofstream(folder + "/logs/" + journal.name(run.nodes - 1) + ".out") << "before\n"
                                                                            << run.line << "\nafter\n";
    std::ofstream(folder + "/scenario.yaml") << "name: synthetic\n";
}

}  // namespace netcut::test
