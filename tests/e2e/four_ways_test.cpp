// SPDX-License-Identifier: Apache-2.0
//
// By root, by sudo, without root, or by the daemon: one engine, and so one record.
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "base/json.h"
#include "e2e/daemon.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

std::string scenario_text() {
    const std::string build = NETCUT_BUILD_DIR;
    return "name: three-ways\ncollaborators: 2\nready: ready\nfabric: {kind: bridge}\naggregator: "
           "{command: " +
           build + "/netcut_datagrams echo 4 7000}\ncollaborator: {command: " + build +
           "/netcut_heartbeat aggregator 7000 250 20000}\nexpect: {verdict: recovered}\nfaults:\n"
           "  - {name: lossy, kind: loss, model: iid 20%, seed: 7, on: {log: beat 60}, for: 300ms, nodes: "
           "[collaborator1]}\n"
           "  - {name: down, kind: down, on: {after: lossy, delay: 100ms}, for: 200ms}\n"
           "  - {name: plug, kind: unplug, on: {after: down, delay: 100ms}, for: 200ms, mac: new}\n"
           "  - {name: pause, kind: pause, on: {after: plug, delay: 100ms}, for: 100ms, nodes: "
           "[aggregator]}\n";
}

// What happened to whom: all but times, and what a moment's load decides.
std::multiset<std::string> happenings(const std::string& run) {
    const std::set<std::string> by_moment = {"traffic", "node.phase", "sockets", "progress"};
    std::multiset<std::string> all;
    for (const Json& event : read_journal(run)) {
        const std::string what = event.at("event");
        if (by_moment.contains(what)) continue;
        all.insert(what + " " + event.value("node", "") + " " + event.value("fault", ""));
    }
    return all;
}

Json judged(const std::string& run) {
    const Json verdict = read_verdict(run);
    Json all = {{"verdict", verdict.at("verdict")},
                {"exit_status", verdict.at("exit_status")},
                {"expected", verdict.at("expected")},
                {"nodes", Json::array()},
                {"faults", Json::array()}};
    for (const Json& node : verdict.at("nodes")) all["nodes"].push_back({node.at("node"), node.at("ended")});
    for (const Json& fault : verdict.at("faults")) all["faults"].push_back(fault.at("fault"));
    return all;
}

// By its manifest: each file, with the digest of those that the scenario alone decides.
std::map<std::string, std::string> listed(const std::string& run) {
    std::map<std::string, std::string> files;
    const Json manifest = Json::parse(slurp(run + "/manifest.json"));
    for (const Json& file : manifest.at("files")) {
        const std::string name = file.at("file");
        const bool decided = name == "scenario.yaml" || name.starts_with("loss-");
        files[name] = decided ? file.at("sha256").get<std::string>() : "";
    }
    return files;
}

TEST(FourWays, OfRunningLeaveTheSameRecord) {
    NETCUT_E2E();
    Daemon daemon;
    const Folder folder;
    std::ofstream(folder / "fed.yaml") << scenario_text();
    ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
    const std::string rootless = folder / "rootless", root = folder / "root", by_sudo = folder / "by-sudo",
                      hosted = daemon.home(alice) + "/run";
    Tool first({"run", folder / "fed.yaml", "--out", root});
    Tool second({"run", folder / "fed.yaml", "--out", rootless}, become_ordinary_user);
    const auto third = daemon.begin(alice, {"run", folder / "fed.yaml", "--out", "run"});
    Tool fourth({"run", folder / "fed.yaml", "--out", by_sudo},
                [] { ::setenv("SUDO_UID", std::to_string(bob).c_str(), 1); });
    for (Tool* tool : {&first, &second, third.get(), &fourth}) {
        const Finished finished = tool->wait();
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    }
    for (const std::string& run : {root, rootless, hosted, by_sudo}) {
        const Finished verified = run_tool({"verify", run});
        EXPECT_EQ(verified.status, 0) << run << '\n' << verified.out << verified.err;
        EXPECT_EQ(read_journal(run).front().at("details").at("rights"), "user_namespace") << run;
    }
    for (const std::string& run : {rootless, hosted, by_sudo}) {
        EXPECT_EQ(happenings(run), happenings(root)) << run;
        EXPECT_EQ(judged(run).dump(1), judged(root).dump(1)) << run;
        EXPECT_EQ(listed(run), listed(root)) << run;
        for (const char* file : {"scenario.yaml", "loss-lossy-up.txt", "loss-lossy-down.txt"}) {
            EXPECT_NE(slurp(root + "/" + file), "") << file;
            EXPECT_EQ(slurp(run + "/" + file), slurp(root + "/" + file)) << file;
        }
        std::set<std::string> files, of_root;
        for (const auto& entry : fs::recursive_directory_iterator(run))
            files.insert(entry.path().lexically_relative(run));
        for (const auto& entry : fs::recursive_directory_iterator(root))
            of_root.insert(entry.path().lexically_relative(root));
        EXPECT_EQ(files, of_root);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
