// SPDX-License-Identifier: Apache-2.0
//
// Runs leave evidence that agrees with itself, and what was altered in it is named.
#include "verify/verify.h"

#include <algorithm>
#include <fstream>

#include "base/json.h"
#include "capture/capture_file.h"
#include "e2e/tool.h"
#include "folder/folder.h"
#include "folder/manifest.h"
#include "user/user.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

Finished verify(const std::string& run) {
    return run_tool({"verify", run});
}

// Of a run with one fault, for 1.5 s, while collaborator2 trains and then uploads.
Arguments cut_reference(const std::string& out, const Arguments& more) {
    Arguments arguments = {
        "run",      "-q",    "--out",      out,     "--cols",   "2",     "--set",
        "rounds=3", "--set", "pace=200ms", "--set", "epochs=2", "--set", "model-size=32KiB"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return reference_for_this_machine(arguments);
}

std::string fault(const std::string& keys) {
    return "{on: {log: 'round 2: training, epoch 2'}, for: " + std::to_string(1500 * time_scale()) + "ms, " +
           keys + "}";
}

// Faults of the aggregator too, which wait for a line of the collaborator.
const std::string both =
    "{kind: drop, name: b, nodes: all, for: 1s, on: {log: 'round 2: training, epoch 2', node: "
    "collaborator1}}";
const std::string partition =
    "{kind: partition, groups: [[aggregator], [collaborator2]], for: 1s, "
    "on: {log: 'round 2: training, epoch 2', node: collaborator2}}";

struct Case {
    const char* name;
    Arguments options;
};
void PrintTo(const Case& parameter, std::ostream* out) {
    *out << parameter.name;
}

class VerifyTest : public testing::TestWithParam<Case> {};

INSTANTIATE_TEST_SUITE_P(
    Runs, VerifyTest,
    testing::Values(
        Case{"Undisturbed", {"--pcap"}}, Case{"DropWithoutCapture", {"--fault", fault("kind: drop")}},
        Case{"Drop", {"--pcap", "--fault", fault("kind: drop")}},
        Case{"DropUpIp6", {"--pcap", "--ip", "6", "--fault", fault("kind: drop, direction: up")}},
        Case{"DropDownWholePackets",
             {"--pcap", "--pcap-snap", "all", "--fault", fault("kind: drop, direction: down")}},
        Case{"DownAtTheNode", {"--pcap", "--fault", fault("kind: down")}},
        Case{"DownAtTheRouter", {"--pcap", "--fault", fault("kind: down, end: router")}},
        Case{"Unplug", {"--pcap", "--fault", fault("kind: unplug")}},
        Case{"Renumber", {"--pcap", "--fault", fault("kind: renumber")}},
        Case{"Reset", {"--pcap", "--fault", fault("kind: reset")}},
        Case{"Reject", {"--pcap", "--fault", fault("kind: reject")}},
        Case{"Partition", {"--pcap", "--fault", partition}},
        Case{"Loss",
             {"--pcap", "--fault",
              fault("kind: loss, model: iid 20%, nodes: [collaborator1, collaborator2]")}},
        Case{"LargePackets", {"--pcap", "--fault", fault("kind: mtu-blackhole, size: 600")}},
        Case{"Flap",
             {"--pcap", "--fault",
              "{kind: drop, on: {log: 'round 2: training, epoch 2'}, flap: {period: 300ms, count: 4}}"}},
        Case{"TwoAtOnce",
             {"--pcap", "--fault", fault("kind: drop, name: a, direction: up"), "--fault", both}},
        Case{"SentBytes", {"--pcap", "--when", "sent 40KiB", "--reconnect-after", "1s"}},
        Case{"ReceivedPackets",
             {"--pcap", "--when", "received-packets 30 port 50051", "--reconnect-after", "1s"}},
        Case{"PhaseToldByThePacket",
             {"--pcap", "--cut-when", "sending", "--after", "16KiB", "--reconnect-after", "1s"}},
        Case{"BridgeDrop", {"--pcap", "--fabric", "bridge", "--fault", fault("kind: drop")}},
        Case{"BridgeReset", {"--pcap", "--fabric", "bridge", "--fault", fault("kind: reset")}},
        Case{"BridgeUnplug", {"--pcap", "--fabric", "bridge", "--fault", fault("kind: unplug")}},
        Case{"BridgeRequest",
             {"--pcap", "--fabric", "bridge", "--when", "request", "--reconnect-after", "1s"}},
        Case{"NeverHeals",
             {"--pcap", "--hang-after", slowed(2s), "--fault",
              "{kind: drop, on: {log: 'round 2: training, epoch 2'}, for: never}"}},
        Case{"Killed",
             {"--pcap", "--hang-after", slowed(2s), "--fault",
              "{kind: kill, on: {log: 'round 2: training, epoch 2'}}"}},
        Case{"Restarted", {"--pcap", "--hang-after", slowed(2s), "--fault", fault("kind: restart")}}),
    [](const auto& info) { return std::string(info.param.name); });

TEST_P(VerifyTest, TheEvidenceOfARunAgreesWithItself) {
    NETCUT_E2E_WITH_REFERENCE();
    const Folder folder;
    const Finished run = run_tool(cut_reference(folder / "run", GetParam().options));
    ASSERT_TRUE(run.status == 0 || run.status == 1) << run.out << run.err;
    const Finished finished = verify(folder / "run");
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err << read_verdict(folder / "run").dump(1);
    const bool captured = GetParam().options.front() == "--pcap";
    EXPECT_EQ(finished.out.find("without --pcap") == std::string::npos, captured) << finished.out;
    EXPECT_EQ(fs::exists(folder / "run/pcap/collaborator2.pcapng"), captured);
}

TEST(Verify, ARunThatWasInterruptedAgrees) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool(
        {"run", "--pcap", "--out", folder / "run", "--aggregator", "sleep 60", "--collaborator", "sleep 60"});
    ASSERT_TRUE(tool.wait_for_output("collaborator2 started"));
    tool.signal(SIGINT);
    ASSERT_EQ(tool.wait().status, 130);
    const Finished finished = verify(folder / "run");
    EXPECT_EQ(finished.status, 0) << finished.out;
    EXPECT_NE(finished.out.find("interrupted by signal 2"), std::string::npos) << finished.out;
}

TEST(Verify, ARunThatWasKilledIsSaidToBe) {
    NETCUT_E2E();
    const Folder folder;
    Tool tool(
        {"run", "--pcap", "--out", folder / "run", "--aggregator", "sleep 60", "--collaborator", "sleep 60"});
    ASSERT_TRUE(tool.wait_for_output("collaborator2 started"));
    tool.signal(SIGKILL);
    tool.wait();
    const Finished finished = verify(folder / "run");
    EXPECT_EQ(finished.status, 1);
    EXPECT_NE(finished.out.find("did not end in order"), std::string::npos) << finished.out;
}

TEST(Verify, WhatIsNoRunIsAnErrorOfUsage) {
    const Folder folder;
    EXPECT_EQ(verify(folder.path()).status, 2);
    EXPECT_EQ(verify(folder / "nothing").status, 2);
    EXPECT_EQ(run_tool({"verify"}).status, 2);
    EXPECT_EQ(run_tool({"verify", "--jsn", folder.path()}).status, 2);
}

// --- what tshark sees ---

std::string tshark(const std::string& file, const std::string& options) {
    const std::string command = "tshark -r '" + file + "' " + options + " 2>&1";
    FILE* output = ::popen(command.c_str(), "r");
    std::string text;
    std::array<char, 4096> buffer{};
    while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), output))
        text.append(buffer.data(), count);
    EXPECT_EQ(::pclose(output), 0) << text;
    return text;
}

std::size_t count_of(const std::string& what, const std::string& text) {
    std::size_t count = 0;
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(Tshark, ReadsTimesInterfacesDirectionsAndComments) {
    NETCUT_E2E_WITH_REFERENCE();
    if (std::system("command -v tshark > /dev/null") != 0) GTEST_SKIP() << "there is no tshark";
    const Folder folder;
    const Finished run = run_tool(cut_reference(folder / "run", {"--pcap", "--fault", fault("kind: drop")}));
    ASSERT_EQ(run.status, 0) << run.out << run.err;
    const std::string file = folder / "run/pcap/collaborator2.pcapng";
    std::uint64_t packets = 0, lost = 0;
    for (const Json& event : read_journal(folder / "run"))
        if (event.at("event") == "capture.written" && event.at("node") == "collaborator2") {
            packets = event.at("details").at("packets");
            lost = event.at("details").at("lost");
        }
    const std::string fields =
        "-T fields -e frame.interface_name -e frame.packet_flags_direction -e frame.comment";
    const std::string all = tshark(file, fields);
    EXPECT_EQ(count_of("collaborator2\t", all), packets);
    EXPECT_EQ(count_of("lost\t", all), lost);
    EXPECT_EQ(count_of("lost: fault cut, up", all), lost) << all;
    EXPECT_EQ(count_of("was fired", all), 1U) << all;
    EXPECT_EQ(count_of("has healed", all), 1U) << all;
    const std::string times = tshark(file, "-T fields -e frame.time_epoch -c 200");
    EXPECT_LT(count_of("000\n", times), 100U) << "most times are in nanoseconds: " << times;
    EXPECT_GT(count_of("\n", tshark(file, "-Y tcp.flags.syn==1")), 0U);
}

// --- what was altered ---

// One run with a capture, of which each test alters a copy.
const std::string& captured_run() {
    static const Folder folder;
    static const std::string run = [] {
        const Finished finished =
            run_tool(cut_reference(folder / "run", {"--pcap", "--fault", fault("kind: drop")}));
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
        return folder / "run";
    }();
    return run;
}

class Altered : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E_WITH_REFERENCE();
        fs::copy(captured_run(), run_, fs::copy_options::recursive);
        ASSERT_EQ(verify(run_).status, 0) << verify(run_).out;
    }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(run_ + "/" + name, std::ios::binary | std::ios::trunc) << text;
    }
    // As somebody would who covers his tracks.
    void make_manifest_anew() const {
        write(
            manifest_name,
            manifest_json(digest_run(RunFolder::open(run_, find_user("").value()).value()).value()).dump(2) +
                "\n");
    }
    void expect_found(const std::string& what) const {
        const Finished finished = verify(run_);
        EXPECT_EQ(finished.status, 1) << finished.out;
        EXPECT_NE(finished.out.find(what), std::string::npos) << finished.out;
    }

    std::vector<Json> journal() const { return read_journal(run_); }
    void write_journal(const std::vector<Json>& events) const {
        std::string text;
        for (const Json& event : events) text += event.dump() + "\n";
        write("journal.jsonl", text);
    }
    static Json& event(std::vector<Json>& events, const std::string& name) {
        return *std::find_if(events.begin(), events.end(),
                             [&](const Json& one) { return one.at("event") == name; });
    }

    // The capture of the node that was cut, with the journal made to fit. `change` may alter each lost
    // packet, by its number, and says whether it stays.
    void rewrite_capture(const std::function<bool(std::size_t, std::vector<std::uint8_t>&)>& change) const {
        const std::string name = capture_name("collaborator2");
        const std::string before = slurp(run_ + "/" + name);
        std::string after;
        pcapng::append_section(after, "netcut-fl", "");
        pcapng::Reader reader(before);
        bool begun = false;
        std::size_t packets = 0, lost = 0, number = 0;
        for (auto read = reader.next(); read && *read; read = reader.next()) {
            if (!std::exchange(begun, true))
                for (const auto& interface : reader.interfaces()) pcapng::append_interface(after, interface);
            pcapng::Packet packet = **read;
            std::vector<std::uint8_t> bytes(packet.bytes.begin(), packet.bytes.end());
            const bool is_lost = packet.interface == lost_interface;
            if (is_lost && !change(number++, bytes)) continue;
            packet.bytes = bytes;
            ++(is_lost ? lost : packets);
            pcapng::append_packet(after, packet);
        }
        write(name, after);
        auto events = journal();
        for (Json& one : events)
            if (one.at("event") == "capture.written" && one.at("node") == "collaborator2") {
                one["details"]["packets"] = packets;
                one["details"]["lost"] = lost;
                one["details"]["sha256"] = sha256_hex(after);
            }
        write_journal(events);
        make_manifest_anew();
    }

    const Folder folder_;
    const std::string run_ = folder_ / "copy";
};

TEST_F(Altered, AnyByteOfAnyFileIsFoundByTheManifest) {
    const auto files = read_manifest(slurp(run_ + "/" + manifest_name)).value();
    for (const auto& [name, digest] : files) {
        if (digest.bytes == 0) continue;
        const std::string before = slurp(run_ + "/" + name);
        std::string after = before;
        after[after.size() / 2] = static_cast<char>(after[after.size() / 2] ^ 1);
        write(name, after);
        expect_found(name + " was altered");
        write(name, before);
    }
    fs::remove(run_ + "/logs/aggregator.out");
    expect_found("logs/aggregator.out is gone");
    fs::remove(run_ + "/" + manifest_name);
    expect_found(manifest_name);
}

TEST_F(Altered, AFieldOfTheVerdictIsFoundThoughTheManifestFits) {
    Json verdict = read_verdict(run_);
    verdict["faults"][0]["nodes"][0]["packets_lost"]["router_up"] = 1000;
    write("verdict.json", verdict.dump(2));
    make_manifest_anew();
    expect_found("faults[0].nodes[0].packets_lost.router_up is 1000");
}

TEST_F(Altered, ALineOfTheJournalIsFoundThoughTheManifestFits) {
    const auto whole = journal();
    const auto altered = [&](const std::string& name, const std::function<void(Json&)>& change) {
        auto events = whole;
        change(event(events, name));
        write_journal(events);
        make_manifest_anew();
        const Finished finished = verify(run_);
        EXPECT_EQ(finished.status, 1) << name << "\n" << finished.out;
    };
    altered("fault.fired", [](Json& line) { line["t_ns"] = line["t_ns"].get<std::int64_t>() + 100'000'000; });
    altered("fault.healed", [](Json& line) { line["details"]["losses"]["collaborator2"]["router_up"] = 0; });
    altered("fault.healed", [](Json& line) { line["details"]["lasted_s"] = 1.0; });
    altered("node.exited", [](Json& line) { line["details"]["exit_code"] = 1; });
    altered("node.recovered", [](Json& line) { line["details"]["sent_again_ns"] = 1; });
    altered("run.stopping", [](Json& line) { line["details"]["end"] = "hung"; });
    altered("run.ended", [](Json& line) { line["details"]["verdict"] = "hung"; });
    altered("run.begun", [](Json& line) { line["details"]["realtime_ns"] = 1'000'000'000; });
    altered("run.begun", [](Json& line) { line["details"]["scenario_sha256"] = ""; });
    altered("progress", [](Json& line) { line["t_ns"] = line["t_ns"].get<std::int64_t>() - 5'000'000; });
    altered("capture.ended", [](Json& line) {
        Json& losses = line["details"]["losses"].begin().value().begin().value();
        losses["router_up"] = losses["router_up"].get<int>() + 1;
    });
}

TEST_F(Altered, LinesOfTheJournalThatAreGoneOrNewAreFoundThoughTheManifestFits) {
    const auto whole = journal();
    const User user = find_user("").value();
    // A verification takes long on a slow machine. An odd step alternates still.
    const std::size_t step = time_scale() == 1 ? 1 : 2 * static_cast<std::size_t>(time_scale()) + 1;
    for (std::size_t i = 0; i < whole.size(); i += step) {
        auto events = whole;
        if (i % 2 == 0)
            events.erase(events.begin() + static_cast<std::ptrdiff_t>(i));
        else
            events.insert(events.begin() + static_cast<std::ptrdiff_t>(i), events[i]);
        write_journal(events);
        make_manifest_anew();
        // As the program does, which would be started for each of some hundred lines.
        const auto found = verify_run(run_, user);
        ASSERT_TRUE(found) << found.error().text();
        EXPECT_FALSE(found->agrees())
            << whole[i] << (i % 2 == 0 ? " is gone\n" : " is there twice\n") << found->text();
    }
}

TEST_F(Altered, ALostPacketThatIsGoneIsFoundThoughJournalAndManifestFit) {
    rewrite_capture([](std::size_t lost, auto&) { return lost != 0; });
    expect_found("by the capture");
    expect_found("are in its capture");
}

TEST_F(Altered, ALostPacketThatIsAnotherIsFoundThoughJournalAndManifestFit) {
    rewrite_capture([](std::size_t lost, auto& bytes) {
        if (lost == 0) bytes[bytes.size() / 2] ^= 1;
        return true;
    });
    expect_found("that came in at no port");
}

TEST_F(Altered, AnyPacketThatIsAlteredIsFoundThoughTheManifestFits) {
    const std::string name = capture_name("collaborator1");
    std::string bytes = slurp(run_ + "/" + name);
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    write(name, bytes);
    make_manifest_anew();
    expect_found(name + " is not the one of the journal");
}

TEST_F(Altered, JsonSaysTheSame) {
    const Finished whole = run_tool({"verify", "--json", run_});
    EXPECT_EQ(whole.status, 0);
    EXPECT_EQ(Json::parse(whole.out).at("agrees"), true);
    write("verdict.json", "{}");
    const Finished finished = run_tool({"verify", "--json", run_});
    EXPECT_EQ(finished.status, 1);
    const Json json = Json::parse(finished.out);
    EXPECT_EQ(json.at("agrees"), false);
    bool named = false;
    for (const Json& check : json.at("checks"))
        named = named || (check.at("check") == "verdict" && !check.at("disagreements").empty());
    EXPECT_TRUE(named) << finished.out;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
