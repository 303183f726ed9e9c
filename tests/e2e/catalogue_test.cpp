// SPDX-License-Identifier: Apache-2.0
//
// The catalogue: what `faults` and `doctor` say of it, and that each of its examples runs and does what it
// says. What this kernel lacks must be named, before anything starts.
#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "base/command.h"
#include "base/json.h"
#include "e2e/crowd.h"
#include "e2e/tool.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"
#include "scenario/site.h"
#include "scenario/yaml.h"

namespace netcut {

void PrintTo(const FaultKind& fault, std::ostream* out) {
    *out << fault.name;
}

}  // namespace netcut

namespace netcut::test::NETCUT_FILE {
namespace {

// What the verdict on an example must be.
struct Expected {
    const char* word;
    enum class Effect { packets_lost, packets_queued, processes, flows, sometimes_lost, none } effect;
    const char* reason = "";  // part of it
};

const Expected& expected_of(const std::string& kind) {
    using Effect = Expected::Effect;
    static const Expected usual = {"recovered", Effect::packets_lost};
    static const std::map<std::string, Expected> others = {
        {"loss", {"recovered", Effect::packets_lost, "active to the end"}},
        {"delay", {"recovered", Effect::packets_queued}},
        {"jitter", {"recovered", Effect::packets_queued}},
        {"reorder", {"recovered", Effect::packets_queued}},
        {"duplicate", {"recovered", Effect::packets_queued}},
        {"corrupt", {"recovered", Effect::packets_queued}},
        {"stall", {"recovered", Effect::packets_queued}},
        {"drip", {"recovered", Effect::packets_queued}},
        {"slow-start", {"recovered", Effect::packets_queued}},
        {"rate", {"recovered", Effect::packets_queued}},
        {"renumber", {"recovered", Effect::sometimes_lost, "under another address"}},
        {"dns", {"recovered", Effect::none, "nobody noticed"}},
        {"rebind", {"recovered", Effect::none, "nobody noticed"}},  // it speaks TCP
        {"nat-rebind", {"recovered", Effect::flows, "under another address"}},
        {"full-uplink", {"recovered", Effect::packets_queued}},
        {"vpn-down", {"recovered", Effect::packets_queued}},
        {"pause", {"recovered", Effect::processes}},
        {"kill", {"hung", Effect::processes, "did not end"}},
        {"restart", {"recovered", Effect::processes}},
        {"power-off", {"recovered", Effect::sometimes_lost}},
        {"names", {"recovered", Effect::processes}},
    };
    const auto found = others.find(kind);
    return found == others.end() ? usual : found->second;
}

template <typename Needs>
std::vector<Need> missing_of(const Needs& needs) {
    const auto apart = NetNs::create();
    if (!apart) throw std::runtime_error(apart.error().text());
    std::vector<Need> missing;
    for (const Need need : needs)
        if (!probe(need, *apart)) missing.push_back(need);
    return missing;
}

Arguments words_of(const std::string& example) {
    auto words = split_command(example);
    if (!words) throw std::runtime_error(words.error().text());
    return *words;
}

// Its keys may need more than its kind, and so may the site that it is of.
std::set<Need> needs_of_example(const FaultKind& fault) {
    const Arguments words = words_of(fault.example);
    const auto option = std::find(words.begin(), words.end(), "--fault");
    if (option == words.end()) return {fault.needs.begin(), fault.needs.end()};
    FaultSpec spec;
    if (auto read = read_fault_yaml(spec, *(option + 1), "example"); !read)
        throw std::runtime_error(read.error().text());
    std::set<Need> needs = needs_of(Scenario{}, spec);
    Scenario sites;
    for (auto word = words.begin(); word != words.end(); ++word)
        if (*word == "--site")
            if (auto added = add_site(sites, *(word + 1)); !added)
                throw std::runtime_error(added.error().text());
    for (const SiteSpec& site : sites.fabric.sites) needs.merge(needs_of(site));
    return needs;
}

// With all times `factor` times as long.
std::string lengthened(const std::string& example, int factor) {
    static const std::regex time("(for: |--reconnect-after |--hang-after |period: )([0-9]+)(ms|s)");
    std::string text;
    std::size_t end = 0;
    for (auto match = std::sregex_iterator(example.begin(), example.end(), time);
         match != std::sregex_iterator(); ++match) {
        text += match->prefix().str() + match->str(1) + std::to_string(std::stoi(match->str(2)) * factor) +
                match->str(3);
        end = static_cast<std::size_t>(match->position() + match->length());
    }
    return text + example.substr(end);
}

// What the federation needs a second for takes longer on a slow machine: a cut has to last as much longer,
// and fewer rounds show the same.
std::string for_this_machine(const std::string& example) {
    if (time_scale() == 1) return example;
    return lengthened(example, time_scale()) +
           " --set rounds=3 --set model-size=96KiB --set security=insecure";
}

Finished run_example(const std::string& example, const std::string& out) {
    Arguments arguments = {"run", "--out", out};
    const Arguments words = words_of(for_this_machine(example));
    arguments.insert(arguments.end(), words.begin(), words.end());
    return run_tool(arguments);
}

void expect_effect(const Json& verdict, Expected::Effect effect) {
    const bool lost = verdict.at("packets_lost").get<std::uint64_t>() > 0;
    const bool queued = verdict.at("packets_queued").get<std::uint64_t>() > 0;
    EXPECT_EQ(queued, effect == Expected::Effect::packets_queued);
    // The node may be away so shortly, or while it computes, that no packet meets it.
    EXPECT_TRUE(effect == Expected::Effect::sometimes_lost ||
                lost == (effect == Expected::Effect::packets_lost));
    EXPECT_EQ(verdict.at("noticed"), effect != Expected::Effect::none);
}

class ExampleTest : public testing::TestWithParam<FaultKind> {};

INSTANTIATE_TEST_SUITE_P(Faults, ExampleTest, testing::ValuesIn(fault_kinds()), [](const auto& info) {
    std::string name = info.param.name;
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST_P(ExampleTest, DoesWhatItSaysOrNamesWhatTheKernelLacks) {
    NETCUT_E2E_WITH_REFERENCE();
    const FaultKind& fault = GetParam();
    const Folder folder;
    const Crowd crowd;
    Finished finished = run_example(fault.example, folder / "run");
    if (const auto missing = missing_of(needs_of_example(fault)); !missing.empty()) {
        EXPECT_EQ(finished.status, 3) << finished.out << finished.err;
        EXPECT_TRUE(std::any_of(missing.begin(), missing.end(), [&](Need need) {
            return contains(finished.err, need_options(need));
        })) << finished.err;
        EXPECT_TRUE(contains(finished.err, fault.without)) << finished.err;
        EXPECT_FALSE(std::filesystem::exists(folder / "run")) << "nothing may have been started";
        return;
    }
    const Expected& expected = expected_of(fault.name);
    Json verdict = read_verdict(folder / "run");
    if (verdict.value("verdict", "") != expected.word && crowd.is_one()) {
        // The work has outlasted the fault.
        finished = run_example(lengthened(fault.example, 4), folder / "again");
        verdict = read_verdict(folder / "again");
    }
    SCOPED_TRACE(finished.out + finished.err + verdict.dump(2));
    ASSERT_FALSE(verdict.empty());
    EXPECT_EQ(verdict.at("verdict"), expected.word);
    EXPECT_EQ(finished.status, verdict.at("exit_status").get<int>());
    EXPECT_TRUE(contains(verdict.at("reason"), expected.reason));
    ASSERT_FALSE(verdict.at("faults").empty());
    EXPECT_EQ(verdict.at("faults")[0]["kind"], fault.name);
    expect_effect(verdict, expected.effect);
}

// Its example's line, below its own.
TEST(FaultsCommand, ListsEveryKindWithItsExample) {
    const Finished finished = run_tool({"faults"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    for (const FaultKind& fault : fault_kinds()) {
        const std::size_t at = finished.out.find("\n" + std::string(fault.name) + " ");
        const bool first = finished.out.starts_with(std::string(fault.name) + " ");
        ASSERT_TRUE(first || at != std::string::npos) << fault.name << " in\n" << finished.out;
        const std::size_t own = first ? 0 : at + 1;
        const std::size_t next = finished.out.find('\n', own);
        EXPECT_TRUE(contains(finished.out.substr(own, next - own), fault.summary)) << fault.name;
        const std::string below = finished.out.substr(next + 1, finished.out.find('\n', next + 1) - next - 1);
        EXPECT_TRUE(below.ends_with(std::string("sudo netcut-fl run ") + fault.example)) << below;
    }
}

TEST(FaultsCommand, TellsTheKeysOfOneKind) {
    const Finished finished = run_tool({"faults", "idle-timeout"});
    EXPECT_EQ(finished.status, 0) << finished.err;
    EXPECT_TRUE(contains(finished.out, "after          -                  of silence")) << finished.out;
    EXPECT_TRUE(contains(finished.out, "protocol       tcp ")) << finished.out;
    const Finished wrong = run_tool({"faults", "idle-timeot"});
    EXPECT_EQ(wrong.status, 2);
    EXPECT_TRUE(contains(wrong.err, "did you mean 'idle-timeout'?")) << wrong.err;
}

TEST(FaultsCommand, ItsExampleOfAFlapIsOneFaultWithSeveralCycles) {
    NETCUT_E2E_WITH_REFERENCE();
    const std::string out = run_tool({"faults"}).out;
    const std::string command = "sudo netcut-fl run ";
    const std::size_t flap = out.find("flap: {");
    ASSERT_NE(flap, std::string::npos);
    const std::size_t begin = out.rfind(command, flap) + command.size();
    const Folder folder;
    const Finished finished = run_example(out.substr(begin, out.find('\n', begin) - begin), folder / "run");
    const Json verdict = read_verdict(folder / "run");
    SCOPED_TRACE(finished.out + finished.err + verdict.dump(2));
    EXPECT_EQ(finished.status, 0);
    EXPECT_EQ(verdict.at("faults").size(), 3U);
    EXPECT_TRUE(contains(verdict.at("reason"), "cut was on and off 3 times"));
    EXPECT_TRUE(contains(finished.out, "on and off 3 of 3 times"));
    EXPECT_FALSE(contains(finished.out, "fault 2 ")) << "on the last screen it is one";
}

TEST(Doctor, SaysOfEveryFaultWhetherItCanBeDoneAndWhatElseCan) {
    NETCUT_E2E();
    const Finished finished = run_tool({"doctor"});
    ASSERT_EQ(finished.status, 0) << finished.err;
    std::map<std::string, std::string> lines;  // by their first word
    std::istringstream text(finished.out);
    for (std::string line, word; std::getline(text, line);)
        if (std::istringstream(line) >> word) lines[word] = line;
    bool all = true;
    std::set<std::string> reasons;
    for (const FaultKind& fault : fault_kinds()) {
        const std::string& line = lines[fault.name];
        const auto missing = missing_of(fault.needs);
        all = all && missing.empty();
        EXPECT_EQ(line.ends_with(" yes"), missing.empty()) << fault.name << ": " << line;
        if (missing.empty()) continue;
        // A reason is told once.
        const std::string as = " no, for the same reason as ";
        const std::size_t at = line.find(as);
        const std::string& reason = at == std::string::npos ? line : lines[line.substr(at + as.size())];
        EXPECT_TRUE(contains(reason, " no: this kernel has no " + std::string(need_name(missing.front()))))
            << reason;
        EXPECT_TRUE(contains(reason, need_options(missing.front()))) << reason;
        EXPECT_TRUE(contains(reason, fault.without)) << reason;
        EXPECT_TRUE(reasons.insert(line.substr(line.find(" no"))).second || at != std::string::npos) << line;
    }
    for (const char* moments : {"packets", "bytes"}) EXPECT_FALSE(lines[moments].empty()) << finished.out;
    EXPECT_EQ(contains(finished.out, "all faults can be done here"), all) << finished.out;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
