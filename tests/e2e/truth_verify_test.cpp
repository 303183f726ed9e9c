// SPDX-License-Identifier: Apache-2.0
//
// The captures alone tell when new data went both ways, and disagree with a record that counted any data.
#include <fstream>

#include "base/json.h"
#include "e2e/truth.h"

namespace netcut::test::NETCUT_FILE {
namespace {

// As before, when any data at the port was recovery.
void record_any_data(const std::string& run, std::int64_t since_heal_ns) {
    std::string text;
    for (Json event : read_journal(run)) {
        if (event.at("event") == "node.recovered" || event.at("event") == "node.unrecovered") {
            event["event"] = "node.recovered";
            event["details"] = Json::object();
            for (const std::string what : {"sent_again", "received_again"}) {
                event["details"][what + "_ns"] = since_heal_ns;
                event["details"][what + "_s"] = static_cast<double>(since_heal_ns) / 1e9;
            }
        }
        text += event.dump() + "\n";
    }
    std::ofstream(run + "/journal.jsonl") << text;
}

struct Case {
    Federation federation;
    std::int64_t any_data_ns;
};

TEST(Truth, CapturesDisagreeWithARecordOfAnyData) {
    NETCUT_E2E();
    const Case cases[] = {
        {{"other-flow",
          "serve(9000, 9001); listening(60)",
          "beat(9001); work(9000, 6)",
          "end: collaborators\nfaults: [{kind: drop, port: 9000, on: {log: work 2}, for: 1100ms}]\n",
          "recovered",
          {},
          {},
          measured},
         20'000'000},
        {{"ghost",
          "s = listen(9000); print('listening'); c = s.accept()[0]; c.recv(2); time.sleep(0.2)\n"
          "c.sendall(b't' * 100); time.sleep(2.6)",
          "c = connect(9000); c.sendall(b'go'); say('cut me'); time.sleep(0.4); c.sendall(b'u' * 3000)\n"
          "time.sleep(0.4); os._exit(0)",
          "faults: [{kind: drop, on: {log: cut me}, for: 1500ms}]\n",
          "left",
          {},
          {},
          measured},
         700'000'000}};
    for (const auto& [federation, any_data_ns] : cases) {
        SCOPED_TRACE(federation.name);
        const Folder folder;
        const Finished finished = run_federation(federation, folder / "run");
        EXPECT_EQ(read_verdict(folder / "run").at("verdict"), federation.verdict) << finished.out;
        const Finished agrees = run_tool({"verify", folder / "run"});
        EXPECT_EQ(agrees.status, 0) << agrees.out;
        record_any_data(folder / "run", any_data_ns);
        const Finished altered = run_tool({"verify", folder / "run"});
        EXPECT_EQ(altered.status, 1);
        EXPECT_TRUE(contains(altered.out, "recovery of collaborator1 after cut: it sent data"))
            << altered.out;
    }
}

// As netcut-fl wrote it before there were conversations.
void make_older(const std::string& run) {
    record_any_data(run, 20'000'000);
    std::string text;
    for (Json event : read_journal(run)) {
        if (event.at("event") == "run.begun") event["details"]["schema"] = 2;
        text += event.dump() + "\n";
    }
    std::ofstream(run + "/journal.jsonl") << text;
    Json verdict = read_verdict(run);
    verdict["schema"] = 2;
    verdict.erase("headline");
    verdict.erase("network_back_s");
    verdict["time_to_recover_s"] = 0.02;
    for (Json& fault : verdict["faults"])
        for (Json& node : fault["nodes"])
            for (const char* field : {"conversations", "other_conversations", "unresolved_neighbours"})
                node.erase(field);
    std::ofstream(run + "/verdict.json") << verdict.dump();
}

// Of all but the manifest, in which every altered byte is told.
std::string disagreements_in(const std::string& run) {
    const Json verified = Json::parse(run_tool({"verify", run, "--json"}).out);
    std::string all;
    for (const Json& check : verified.at("checks"))
        if (check.at("check") != "manifest" && !check.at("disagreements").empty())
            all += check.at("check").get<std::string>() + check.at("disagreements").dump();
    return all;
}

TEST(Truth, RecordOfAnOlderVersionIsCheckedAsFarAsItGoes) {
    NETCUT_E2E();
    const Federation federation = {
        "older", answers_all, "work(9000, 6)",
        "pcap: true\nend: collaborators\nfaults: [{kind: drop, on: {log: work 2}, for: 700ms}]\n",
        "recovered"};
    const Folder folder;
    const std::string run = folder / "run";
    const Finished finished = run_federation(federation, run);
    ASSERT_EQ(read_verdict(run).at("verdict"), "recovered") << finished.out;
    EXPECT_EQ(disagreements_in(run), "");
    make_older(run);
    EXPECT_EQ(disagreements_in(run), "");
    const std::string told = run_tool({"verify", run}).out;
    EXPECT_TRUE(contains(told, "an older netcut-fl wrote it: its schema is 2")) << told;
    EXPECT_TRUE(contains(told, "were not derived again")) << told;
    Json verdict = read_verdict(run);
    verdict["packets_lost"] = 99'999;
    std::ofstream(run + "/verdict.json") << verdict.dump();
    EXPECT_TRUE(contains(disagreements_in(run), "packets_lost is 99999"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
