// SPDX-License-Identifier: Apache-2.0
#include "run/run_rights.h"

#include <gtest/gtest.h>

#include "scenario/scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

Scenario with_collaborators(unsigned count) {
    Scenario scenario;
    scenario.collaborators = count;
    return scenario;
}

TEST(RightsOfRoot, AreNotNeededWhereNothingIsLost) {
    EXPECT_EQ(why_rights_of_root(with_collaborators(1000), {}), "");
    EXPECT_EQ(why_rights_of_root(with_collaborators(99), {.keys = 200, .pipe_pages = 16384}), "");
    Scenario of_somebody = with_collaborators(2);
    of_somebody.user = "nobody";
    EXPECT_EQ(why_rights_of_root(of_somebody, {}), "") << "one user is enough";
}

TEST(RightsOfRoot, AreNeededForTheMachinesNetwork) {
    Scenario scenario = with_collaborators(2);
    scenario.fabric.uplink = {"aggregator"};
    EXPECT_NE(why_rights_of_root(scenario, {}), "");
}

TEST(RightsOfRoot, AreNeededForMoreNodesThanTheUsersKeysAndPipesAllow) {
    EXPECT_NE(why_rights_of_root(with_collaborators(100), {.keys = 200}), "") << "other runs begin, too";
    EXPECT_NE(why_rights_of_root(with_collaborators(2), {.keys = 0}), "");
    EXPECT_NE(why_rights_of_root(with_collaborators(170), {.pipe_pages = 16384}), "");
    EXPECT_EQ(why_rights_of_root(with_collaborators(169), {.pipe_pages = 16384}), "");
}

TEST(RightsOfRoot, AreNeededWhereTheUserDoesNotReachWhatTheEngineDoes) {
    EXPECT_NE(why_rights_of_root(with_collaborators(2), {.reaches_programs = false}), "");
    EXPECT_NE(why_rights_of_root(with_collaborators(2), {.reaches_folder = false}), "");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
