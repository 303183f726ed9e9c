// SPDX-License-Identifier: Apache-2.0
#include "why/hang_json.h"

#include <gmock/gmock.h>

#include "base/json.h"
#include "record/facts.h"

namespace netcut::test::NETCUT_FILE {
namespace {

event::NodeStack stack(std::int64_t process, const char* function, bool python = true) {
    return {.process = process, .program = "p", .python = python, .frames = {{function, "/srv/app.py", 7}}};
}

std::string line(const char* node, int process, const char* function) {
    return std::string(node) + ": p (" + std::to_string(process) + ") is in " + function + ", app.py:7";
}

// No cause is known, so they are of no node more than of another.
TEST(HangJson, LinesOfCodeBeginWithTheFirstThreads) {
    Facts facts;
    facts.proof.emplace();
    facts.stacks = {{"collaborator1", stack(5, "beat")},      {"collaborator1", stack(5, "serve")},
                    {"aggregator", stack(8, "heartbeat")},    {"aggregator", stack(8, "log")},
                    {"aggregator", stack(8, "sample")},       {"aggregator", stack(9, "main", false)},
                    {"aggregator", stack(9, "worker", false)}};
    EXPECT_EQ(hang_json(facts).at("code"),
              Json({line("collaborator1", 5, "serve"), line("aggregator", 8, "sample"),
                    line("aggregator", 9, "main"), line("collaborator1", 5, "beat"),
                    line("aggregator", 8, "heartbeat"), line("aggregator", 8, "log"),
                    line("aggregator", 9, "worker")}));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
