// SPDX-License-Identifier: Apache-2.0
//
// Templates from the outside: lists, folders of the user, frameworks that fail by themselves, the old script.
#include <gmock/gmock.h>

#include "base/json.h"
#include "e2e/stand_in.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using OwnCrash = WithStandIn;

TEST(Templates, AreListedAndExplained) {
    const Finished list = run_tool({"templates"});
    EXPECT_EQ(list.status, 0) << list.err;
    EXPECT_THAT(list.out, HasSubstr("openfl/NAME"));
    EXPECT_THAT(list.out, HasSubstr("reference"));
    const Finished one = run_tool({"templates", "openfl"});
    EXPECT_EQ(one.status, 0) << one.err;
    EXPECT_THAT(one.out, HasSubstr("fx workspace create"));
    EXPECT_THAT(one.out, HasSubstr("plan-changes"));
}

TEST(Templates, FolderOfTheUserWorksLikeABuiltInOne) {
    NETCUT_E2E();
    const Folder folder;
    write(folder / "template.yaml",
          "name: mine\ndescription: two sleeps\nparameters: {time: 0.2}\n"
          "aggregator: {command: 'sh {files}/node {time}'}\ncollaborator: {command: 'sleep {time}'}\n");
    write(folder / "node", "echo node $1\nsleep $1\n");
    const Finished finished = run_tool({"run", "--template", folder.path(), "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(slurp(folder / "run/logs/aggregator.out"), "node 0.2\n");
    write(folder / "template.yaml", "name: mine\nagregator: {command: a}\n");
    const Finished typo = run_tool({"run", "--template", folder.path(), "--out", folder / "run"});
    EXPECT_EQ(typo.status, 2);
    EXPECT_THAT(typo.err, HasSubstr("template.yaml:2:1"));
    EXPECT_THAT(typo.err, HasSubstr("did you mean 'aggregator'?"));
}

using ManyRuns = WithStandIn;

TEST_F(ManyRuns, HaveOneWorkspaceWithTheParametersOfTheCommandLine) {
    write(folder_ / "plan.yaml", "rounds: 1\n");
    const Arguments wanted = {"--cols",    "3",
                              "--set",     "plan=" + (folder_ / "plan.yaml"),
                              "--for",     "1s",
                              "--kinds",   "drop",
                              "--jobs",    "1",
                              "--moments", "A",
                              "--out",     folder_ / "experiments"};
    const Finished first = run_tool(arguments({"experiments"}, wanted));
    ASSERT_TRUE(fs::exists(folder_ / "experiments/experiments.json")) << first.out << first.err;
    EXPECT_THAT(calls(), testing::Contains(HasSubstr("collaborator certify -n collaborator3")));
    EXPECT_THAT(slurp(federation("plan/plan.yaml")), HasSubstr("rounds: 1"));
    EXPECT_THAT(slurp(folder_ / "experiments/runs/A-drop_1s-1/logs/collaborator3.out"),
                HasSubstr("Run 0 epoch"));
}

TEST_F(OwnCrash, FrameworkThatCrashesIsToldByItsOwnLastWords) {
    write(bin("crashes"), "");
    const Finished finished = run();
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder_ / "run").at("verdict"), "crashed");
    EXPECT_THAT(finished.out, HasSubstr("aggregator said last:\n        ImportError: no module named torch"));
    EXPECT_THAT(finished.out, HasSubstr("not of netcut-fl"));
    EXPECT_EQ(finished.err.find("netcut-fl:"), std::string::npos) << finished.err;
}

TEST_F(OwnCrash, AggregatorThatIsNeverReadyEndsTheRun) {
    write(bin("never-ready"), "");
    const Finished finished = run({"--ready-within", "2s"});
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_EQ(read_verdict(folder_ / "run").at("verdict"), "hung");
    EXPECT_THAT(finished.out, HasSubstr("its readiness line did not come in time"));
    EXPECT_THAT(finished.out, HasSubstr("before: \"Loading the data\""));
    EXPECT_THAT(finished.out, HasSubstr("The collaborators waited for \""));
    EXPECT_EQ(run_tool({"verify", folder_ / "run"}).status, 0) << "the journal says the same";
}

TEST(EndLine, StopsWhoeverStillRuns) {
    NETCUT_E2E();
    const Folder folder;
    const Finished finished =
        run_tool({"run", "--aggregator", "sh -c 'sleep 1; echo all done; sleep 600'", "--collaborator",
                  "sleep 600", "--end-on", "all done", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Json verdict = read_verdict(folder / "run");
    EXPECT_EQ(verdict.at("verdict"), "undisturbed");
    EXPECT_THAT(verdict.at("reason"), HasSubstr("its end line came"));
    EXPECT_EQ(run_tool({"verify", folder / "run"}).status, 0);
}

TEST(Templates, PlainCommandsCanHaveCertificates) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const std::string workspace = folder / "workspace";
    const Finished finished = run_tool({"run", "--template", "plain/tls", "--workspace", workspace, "--set",
                                        "server=cat {workspace}/certs/aggregator.key", "--set",
                                        "client=cat {workspace}/certs/{name}.crt", "--out", folder / "run"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_THAT(slurp(folder / "run/logs/aggregator.out"), HasSubstr("PRIVATE KEY"));
    EXPECT_THAT(slurp(folder / "run/logs/collaborator2.out"), HasSubstr("BEGIN CERTIFICATE"));
}

using FromAFolder = WithStandIn;

TEST_F(FromAFolder, PathsOfParametersAreRelativeToIt) {
    write(folder_ / "plan.yaml", "rounds: 7\n");
    const auto here = [this] { std::filesystem::current_path(folder_.path()); };
    Tool certify({"certify", "--template", "openfl/keras_cnn_mnist", "--workspace", "workspace", "--set",
                  "environment=environment", "--set", "plan=plan.yaml"},
                 here);
    const Finished certified = certify.wait();
    EXPECT_EQ(certified.status, 0) << certified.out << certified.err;
    EXPECT_THAT(slurp(federation("plan/plan.yaml")), HasSubstr("rounds: 7"));
    Tool check({"templates", "openfl/keras_cnn_mnist", "--check", "--set", "environment=environment"}, here);
    const Finished checked = check.wait();
    EXPECT_EQ(checked.status, 0) << checked.out << checked.err;
    EXPECT_THAT(checked.out, HasSubstr("nothing is missing"));
    const Finished elsewhere = run_tool({"templates", "openfl", "--check", "--set", "enviroment=x"});
    EXPECT_EQ(elsewhere.status, 2);
    EXPECT_THAT(elsewhere.err, HasSubstr("enviroment"));
}

class OldScript : public WithStandIn {
  protected:
    int run_script(const std::string& arguments) const {
        const std::string command = "cd " + folder_.path() + " && PATH=" + NETCUT_BUILD_DIR +
                                    ":$PATH NETCUT_FL_ARGS='--set " + "environment=environment' " +
                                    NETCUT_SOURCE_DIR + "/tools/docker_disconnecting_test " + arguments +
                                    " > output 2>&1";
        const int status = std::system(command.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }
    std::string file(const std::string& name) const { return slurp(folder_ / ("test-federation/" + name)); }
};

TEST_F(OldScript, HasItsOwnDefaults) {
    EXPECT_EQ(run_script("'' '' 1"), 0) << slurp(folder_ / "output");
    EXPECT_EQ(read_verdict(folder_ / "test-federation/run").at("nodes").size(), 2U) << "one collaborator";
    EXPECT_THAT(file("run/scenario.yaml"),
                testing::AllOf(HasSubstr("log: Run 0 epoch of\n"), HasSubstr("kind: unplug"),
                               HasSubstr("times: 1\n"), HasSubstr("workspace-template: keras_cnn_mnist")));
    EXPECT_THAT(slurp(std::string(NETCUT_SOURCE_DIR) + "/tools/docker_disconnecting_test"),
                HasSubstr("seconds=${3:-20}"));
    EXPECT_TRUE(fs::exists(folder_ / "test-federation/workspace/federation/cert"));
    calls();
    EXPECT_EQ(run_script("'' '' 1"), 0) << slurp(folder_ / "output");
    EXPECT_THAT(calls(), testing::Contains(HasSubstr("workspace create"))) << "stage 1: all of it once more";
}

TEST_F(OldScript, CutsAtALineOfTheDebugLogAndLeavesItsFiles) {
    ASSERT_EQ(run_script("1 2 1"), 0) << slurp(folder_ / "output");
    EXPECT_EQ(run_script("4 2 1 2 'Setting stream chunks with size 10'"), 0) << slurp(folder_ / "output");
    EXPECT_THAT(file("aggregator.log"), HasSubstr("Starting Aggregator"));
    EXPECT_EQ(file("triggers.log"),
              "DEBUG    Setting stream chunks with size 10 for proto of type <class 'x'>\n");
    EXPECT_THAT(file("triggers.jsonl"), HasSubstr("fault.fired"));
    EXPECT_THAT(file("collaborator2.log"),
                testing::HasSubstr("400 columns\na warning of TensorFlow\nDEBUG    Setting"))
        << "both outputs, in their order";
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
