// SPDX-License-Identifier: Apache-2.0
#include "e2e/random_kills.h"

#include <signal.h>

#include <cstdlib>
#include <iostream>
#include <sstream>
#include <thread>

#include "base/json.h"

namespace netcut::test {
namespace {

constexpr unsigned usual_count = 12;
constexpr auto before_cut = 150ms, in_cut = 300ms, grace = 200ms;

std::string text_of(std::chrono::milliseconds time) {
    return std::to_string(time.count()) + "ms";
}

// Whole lines that are no JSON.
unsigned broken_lines(const std::string& journal) {
    std::istringstream lines(journal.substr(0, journal.rfind('\n') + 1));
    unsigned broken = 0;
    for (std::string line; std::getline(lines, line);) broken += Json::accept(line) ? 0 : 1;
    return broken;
}

std::string stage_of(const std::string& journal) {
    if (contains(journal, R"("event":"run.ended")")) return "ended";
    if (contains(journal, R"("event":"run.stopping")")) return "teardown";
    if (contains(journal, R"("event":"fault.fired")")) return "cut";
    if (contains(journal, R"("state":"running")")) return "running";
    return "set-up";
}

}  // namespace

unsigned RandomKills::count() {
    const char* wanted = std::getenv("NETCUT_KILLS");
    return wanted == nullptr ? usual_count : static_cast<unsigned>(std::stoul(wanted));
}

Arguments RandomKills::next_run(const std::string& out) {
    const std::string node =
        "sh -c 'trap \"\" TERM INT HUP; setsid sleep 300 & (sleep 300 &) ; echo round 2; sleep 300'";
    const std::array<const char*, 3> kinds = {"drop", "down", "unplug"};
    return {"run",
            "--out",
            out,
            "--cols",
            "3",
            "--aggregator",
            node,
            "--collaborator",
            node,
            "--cut-on",
            "round 2",
            "--delay",
            text_of(before_cut),
            "--kind",
            kinds.at(started_++ % kinds.size()),
            "--reconnect-after",
            "60s",
            "--timeout",
            text_of(until_cut_ * 2 + in_cut),
            "--grace",
            text_of(grace)};
}

bool RandomKills::learn(Tool& run) {
    const auto begin = std::chrono::steady_clock::now();
    const bool cut = run.wait_for_output("cut 1");
    until_cut_ =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
    run.signal(SIGKILL);
    run.wait();
    return cut && run.leaves_no_process();
}

void RandomKills::wait(Tool& run) {
    const std::array<std::pair<const char*, std::chrono::milliseconds>, 4> stages = {
        {{"", until_cut_}, {"collaborator3 started", before_cut}, {"cut 1", in_cut}, {"stopping", grace}}};
    const auto& [begins, lasts] = stages.at(started_ % stages.size());
    run.wait_for_output(begins);  // or until it ends, if this machine is that slow
    std::this_thread::sleep_for(lasts * (random_() % 1000) / 900);
}

void RandomKills::look_at(const std::string& run_folder) {
    const std::string journal = slurp(run_folder + "/journal.jsonl");
    EXPECT_EQ(broken_lines(journal), 0U) << journal;
    ++stages_[stage_of(journal)];
}

void RandomKills::expect_variety() const {
    unsigned under_way = 0;
    for (const auto& [stage, count] : stages_) {
        std::cout << stage << ": " << count << " kills\n";
        if (stage != "set-up" && stage != "ended") under_way += count;
    }
    EXPECT_GT(under_way, count() / 4) << "most kills must hit a run that is under way";
}

}  // namespace netcut::test
