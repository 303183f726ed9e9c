// SPDX-License-Identifier: Apache-2.0
//
// Stages of the template openfl, against a stand-in for its fx (tests/stand-ins).
#include <gmock/gmock.h>
#include <signal.h>

#include "e2e/stand_in.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using Stage = WithStandIn;

namespace fs = std::filesystem;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::vector<std::string> calls_of_new_fx = {
    "workspace create --prefix federation --template keras_cnn_mnist",
    "plan initialize -a aggregator",
    "workspace certify",
    "aggregator generate-cert-request --fqdn aggregator",
    "aggregator certify --fqdn aggregator --silent",
    "collaborator create -n collaborator1 -d 1 --silent",
    "collaborator create -n collaborator2 -d 2 --silent",
    "collaborator generate-cert-request -n collaborator1 --silent --skip-package",
    "collaborator generate-cert-request -n collaborator2 --silent --skip-package",
    "collaborator certify -n collaborator1 --silent",
    "collaborator certify -n collaborator2 --silent"};

TEST_F(Stage, AllOfThemAndTheRunAreOneCommand) {
    const Finished finished = run();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder_ / "run").at("verdict"), "undisturbed");
    std::vector<std::string> called = calls();
    ASSERT_GE(called.size(), calls_of_new_fx.size());
    called.resize(calls_of_new_fx.size());
    EXPECT_EQ(called, calls_of_new_fx);
    EXPECT_THAT(slurp(folder_ / "run/logs/collaborator2.out"), HasSubstr("400 columns"));
    EXPECT_FALSE(fs::exists(federation("logs/never")));
}

TEST_F(Stage, WhatIsUpToDateIsNotRepeated) {
    ASSERT_EQ(certify().status, 0);
    EXPECT_EQ(calls(), calls_of_new_fx);
    ASSERT_EQ(certify().status, 0);
    EXPECT_THAT(calls(), IsEmpty());
    const Finished finished = run({"--set", "log-level=debug"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_THAT(calls(), Each(HasSubstr("--log-level debug"))) << "a parameter of the run alone";
}

TEST_F(Stage, OlderFxIsCalledWithItsOwnOptions) {
    set_version("1.3");
    const Finished finished = certify();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto called = calls();
    EXPECT_THAT(called,
                Contains("collaborator generate-cert-request -n collaborator1 -d 1 --silent --skip-package"));
    EXPECT_THAT(called, Not(Contains(HasSubstr("collaborator create"))));
}

TEST_F(Stage, OtherVersionRepeatsAllStages) {
    ASSERT_EQ(certify().status, 0);
    calls();
    set_version("1.7");
    const Finished finished = certify();
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_THAT(finished.out, HasSubstr("changed since: the version"));
    EXPECT_EQ(calls(), calls_of_new_fx);
}

TEST_F(Stage, OtherNumberOfCollaboratorsRepeatsOnlyTheirCertificates) {
    ASSERT_EQ(certify({"--cols", "3"}).status, 0);
    calls();
    const Finished finished = certify({"--cols", "2"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_EQ(calls(), std::vector(calls_of_new_fx.begin() + 2, calls_of_new_fx.end()));
    EXPECT_EQ(slurp(federation("plan/cols.yaml")).find("collaborator3"), std::string::npos)
        << "the aggregator would wait for it";
    EXPECT_FALSE(fs::exists(federation("cert/client/col_collaborator3.crt")));
}

TEST_F(Stage, FileThatTheyReadAndWhatTheyMadeCount) {
    const std::string plan = folder_ / "plan.yaml";
    write(plan, "one\n");
    ASSERT_EQ(certify({"--set", "plan=" + plan}).status, 0);
    EXPECT_THAT(slurp(federation("plan/plan.yaml")), HasSubstr("one\n"));
    calls();
    write(plan, "two\n");
    EXPECT_THAT(certify({"--set", "plan=" + plan}).out,
                HasSubstr("changed since: the file or folder " + plan));
    EXPECT_EQ(calls(), calls_of_new_fx);
    fs::remove_all(federation("cert"));
    EXPECT_THAT(certify({"--set", "plan=" + plan}).out,
                HasSubstr("it had made federation/cert, which is gone"));
    EXPECT_EQ(calls(), std::vector(calls_of_new_fx.begin() + 2, calls_of_new_fx.end()));
}

TEST_F(Stage, StageThatFailsSaysWhatItPrintedAndIsRepeated) {
    write(bin("fails"), "plan initialize");
    const Finished failed = certify();
    EXPECT_EQ(failed.status, 2);
    EXPECT_THAT(
        failed.err,
        HasSubstr("cannot do the stage workspace with 'fx plan initialize -a aggregator': exit code 1"));
    EXPECT_THAT(failed.err, HasSubstr("fails on purpose"));
    EXPECT_THAT(failed.err, HasSubstr("stages/2-workspace.log"));
    fs::remove(bin("fails"));
    calls();
    EXPECT_EQ(certify().status, 0);
    EXPECT_EQ(calls(), calls_of_new_fx) << "from the beginning of the stage that failed";
}

TEST_F(Stage, StageThatIsInterruptedIsRepeated) {
    for (const int signal : {SIGINT, SIGKILL}) {
        fs::remove_all(workspace());
        write(bin("slow"), "workspace certify");
        {
            Tool tool(arguments({"certify"}, {}));
            ASSERT_TRUE(tool.wait_for_output("fx workspace certify"));
            tool.signal(signal);
            EXPECT_EQ(tool.wait().status, 128 + signal);
            EXPECT_TRUE(tool.leaves_no_process());
        }
        const Finished status = run_tool({"workspace", "status", workspace()});
        EXPECT_EQ(status.status, 0) << status.err;
        EXPECT_THAT(status.out, HasSubstr("it was begun, and not finished")) << signal;
        fs::remove(bin("slow"));
        calls();
        EXPECT_EQ(certify().status, 0);
        EXPECT_EQ(calls(), std::vector(calls_of_new_fx.begin() + 2, calls_of_new_fx.end())) << signal;
    }
}

TEST_F(Stage, StageOptionBeginsThereAndDoesTheRest) {
    ASSERT_EQ(certify().status, 0);
    calls();
    const Finished finished = run({"--stage", "3"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const auto called = calls();
    EXPECT_EQ(called.front(), "workspace certify");
    EXPECT_THAT(called, Contains(HasSubstr("aggregator start")));
    ASSERT_EQ(run({"--stage", "run"}).status, 0);
    EXPECT_THAT(calls(), Each(HasSubstr(" start")));
}

TEST_F(Stage, StageWithoutAWorkspaceIsRefused) {
    const Finished finished = run({"--stage", "3"});
    EXPECT_EQ(finished.status, 2);
    EXPECT_THAT(finished.err, HasSubstr("stage 1 (prepare)"));
    EXPECT_THAT(finished.err, HasSubstr("leave --stage out"));
    EXPECT_EQ(run({"--stage", "5"}).status, 2);
}

TEST_F(Stage, MissingFxIsToldWithHowToGetIt) {
    fs::remove(bin("fx"));
    const Finished finished = certify();
    EXPECT_EQ(finished.status, 2);
    EXPECT_THAT(finished.err, HasSubstr("fx, OpenFL's command line, is missing"));
    EXPECT_THAT(finished.err, HasSubstr("--set install="));
    const Finished check = run_tool({"templates", "--check", "openfl"});
    EXPECT_EQ(check.status, 3) << "there is no fx in PATH";
    EXPECT_THAT(check.out, HasSubstr("missing: fx"));
}

TEST_F(Stage, UnknownWorkspaceTemplateFailsWithTheFrameworksOwnWords) {
    const Finished finished = run_tool({"workspace", "--template", "openfl/keras_cnn_mnits", "--workspace",
                                        workspace(), "--set", "environment=" + (folder_ / "environment")});
    EXPECT_EQ(finished.status, 2);
    EXPECT_THAT(finished.err, HasSubstr("'keras_cnn_mnits' is not one of"));
}

TEST_F(Stage, WorkspaceMayBeMovedAndItsStatusIsTold) {
    ASSERT_EQ(certify({"--cols", "3"}).status, 0);
    calls();
    fs::rename(workspace(), folder_ / "elsewhere");
    const Finished status = run_tool({"workspace", "status", folder_ / "elsewhere"});
    EXPECT_EQ(status.status, 0) << status.err;
    EXPECT_THAT(status.out, HasSubstr("3 collaborators"));
    EXPECT_EQ(status.out.find("to be done"), std::string::npos) << status.out;
    EXPECT_THAT(calls(), IsEmpty());
}

TEST_F(Stage, TwoDoNotWorkInOneWorkspace) {
    write(bin("slow"), "workspace certify");
    Tool tool(arguments({"certify"}, {}));
    ASSERT_TRUE(tool.wait_for_output("fx workspace certify"));
    const Finished second = certify();
    EXPECT_EQ(second.status, 2);
    EXPECT_THAT(second.err, HasSubstr("another netcut-fl is working in it"));
    tool.signal(SIGTERM);
    EXPECT_EQ(tool.wait().status, 128 + SIGTERM);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
