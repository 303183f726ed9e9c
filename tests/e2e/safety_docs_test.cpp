// SPDX-License-Identifier: Apache-2.0
//
// Does what docs/safety.md says for a framework of one's own, with one of plain sockets.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "e2e/own_framework.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::StartsWith;

using DocsOfSafety = OwnFramework;

TEST_F(DocsOfSafety, TenLinesJudgeAFrameworkOfPlainSockets) {
    NETCUT_E2E();
    ASSERT_THAT(scenario(), HasSubstr("averaged:"));
    const Finished finished = run();
    EXPECT_EQ(safety().at("word"), "as-undisturbed") << safety().dump(2) << finished.err;
    EXPECT_THAT(safety().at("judged"),
                AllOf(Contains("counted"), Contains("delivered"), Contains("digest"), Contains("accuracy")));
    EXPECT_EQ(finished.status, 0);
}

TEST_F(DocsOfSafety, TenLinesFindThatItGoesOnWithoutALateUpdate) {
    NETCUT_E2E();
    add_behind("server.py ", fmt::format("--patience {} ", time_scale()));
    const Finished finished = run();
    EXPECT_EQ(read_verdict(path()).at("verdict"), "recovered");
    EXPECT_EQ(safety().at("word"), "but") << safety().dump(2) << finished.err;
    EXPECT_THAT(safety().at("text").get<std::string>(),
                StartsWith("but: round 2 went on without collaborator4"));
    EXPECT_THAT(safety().at("findings").dump(), HasSubstr("\"digest\""));
    EXPECT_EQ(finished.status, 1);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
