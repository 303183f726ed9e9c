// SPDX-License-Identifier: Apache-2.0
//
// `tcp:` of a scenario: its keys, and what they come to for a node.
#include "scenario/tcp.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <fstream>
#include <sstream>

#include "run/tcp_check.h"
#include "scenario/check.h"
#include "scenario/mistakes.h"
#include "scenario/yaml.h"
#include "unit/checked_scenario.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

// "line:column: text", the lines of `roles` left out.
std::string mistake_in(const std::string& yaml) {
    Scenario scenario;
    const Reading reading = read_all(scenario, roles + yaml, "test.yaml");
    Mistakes mistakes;
    find_mistakes(scenario, reading, mistakes);
    std::vector<Error> all = reading.errors;
    all.insert(all.end(), mistakes.found().begin(), mistakes.found().end());
    if (all.empty()) return "none";
    return fmt::format("{}:{}: {}", all.front().place.line - 3, all.front().place.column, all.front().text());
}

TcpSettings of(const Scenario& scenario, const std::string& node) {
    return tcp_settings(scenario, node).value();
}

TEST(Tcp, OneMappingIsForAllNodes) {
    const Scenario scenario = checked("tcp: {keepalive: 10s, user_timeout: 30s, rmem: 64KiB}\n");
    for (const std::string& node : node_names(scenario)) {
        const TcpSettings settings = of(scenario, node);
        EXPECT_THAT(settings.sysctls, ElementsAre(Pair("net/ipv4/tcp_keepalive_time", "10"),
                                                  Pair("net/ipv4/tcp_rmem", "4096\t65536\t65536")));
        ASSERT_EQ(settings.options.size(), 3U);
        EXPECT_STREQ(settings.options[0].text, "TCP_KEEPIDLE");
        EXPECT_STREQ(settings.options[1].text, "SO_KEEPALIVE");
        EXPECT_STREQ(settings.options[2].text, "TCP_USER_TIMEOUT");
        EXPECT_EQ(settings.options[2].value, 30'000);
    }
    EXPECT_TRUE(has_socket_options(scenario));
    EXPECT_FALSE(has_socket_options(checked("tcp: {retries2: 8}\n")));
}

TEST(Tcp, KeepaliveIsSwitchedOnWhenItsTimesAreThere) {
    const TcpSettings settings =
        of(checked("tcp: {keepalive: 10s, keepalive_interval: 5s, keepalive_probes: 3}\n"), "aggregator");
    ASSERT_FALSE(settings.options.empty());
    EXPECT_STREQ(settings.options.back().text, "SO_KEEPALIVE");
    const TcpSettings off = of(checked("tcp: {keepalive: off}\n"), "aggregator");
    EXPECT_THAT(off.sysctls, IsEmpty());
    ASSERT_EQ(off.options.size(), 1U);
    EXPECT_EQ(off.options[0].value, 0);
}

TEST(Tcp, OfTwoEntriesTheLaterOneCountsKeyByKey) {
    const Scenario scenario = checked(
        "tcp:\n- {retries2: 8, sack: false}\n- {nodes: collaborators, retries2: 5}\n- {nodes: "
        "[collaborator2], "
        "sack: true}\n");
    using Sysctls = std::vector<std::pair<std::string, std::string>>;
    const auto sysctls = [](const char* retries, const char* sack) {
        return Sysctls{{"net/ipv4/tcp_retries2", retries}, {"net/ipv4/tcp_sack", sack}};
    };
    EXPECT_EQ(of(scenario, "aggregator").sysctls, sysctls("8", "0"));
    EXPECT_EQ(of(scenario, "collaborator1").sysctls, sysctls("5", "0"));
    EXPECT_EQ(of(scenario, "collaborator2").sysctls, sysctls("5", "1"));
    EXPECT_EQ(sysctl_of(of(scenario, "collaborator2"), "tcp_retries2"), 5U);
    EXPECT_FALSE(sysctl_of(of(scenario, "collaborator2"), "tcp_retries1"));
}

TEST(Tcp, ParametersSetValuesAndOneThatIsEmptyLeavesTheKeyOut) {
    Scenario scenario = checked(
        "parameters: {idle: 7s, limit: \"\"}\ntcp: {keepalive: \"{idle}\", user_timeout: \"{limit}\"}\n");
    EXPECT_THAT(of(scenario, "aggregator").keys, ElementsAre(Pair("keepalive", "7s")));
    scenario.parameters["limit"] = "3s";
    EXPECT_EQ(of(scenario, "aggregator").options.back().value, 3'000);
    EXPECT_TRUE(uses_parameter(scenario, "idle"));
    EXPECT_FALSE(uses_parameter(scenario, "ready"));
    scenario.parameters["idle"] = "soon";
    EXPECT_THAT(check(scenario).error().text(), HasSubstr("use tcp: keepalive: read"));
}

TEST(Tcp, IsWrittenAsItWasRead) {
    const Scenario scenario = checked(
        "tcp:\n- {keepalive: off, sack: false}\n- {nodes: [collaborator2], rmem: 4KiB 128KiB 6MiB}\n");
    const Scenario again = [&] {
        Scenario read;
        EXPECT_TRUE(read_yaml(read, write_yaml(scenario), "again.yaml"));
        EXPECT_TRUE(check(read));
        return read;
    }();
    for (const std::string& node : node_names(scenario)) {
        EXPECT_EQ(of(again, node).keys, of(scenario, node).keys) << node;
        EXPECT_EQ(of(again, node).sysctls, of(scenario, node).sysctls) << node;
    }
}

TEST(Tcp, WhatCannotBeIsRefusedAtItsPlace) {
    EXPECT_THAT(mistake_in("tcp: {keepalive: 1500ms}\n"), HasSubstr("1:18: "));
    EXPECT_THAT(mistake_in("tcp: {keepalive: 1500ms}\n"), HasSubstr("in steps of 1s"));
    EXPECT_THAT(mistake_in("tcp: {keepalive: 10h}\n"), HasSubstr("the kernel takes 1s to"));
    EXPECT_THAT(mistake_in("tcp:\n- {nodes: [nobody], sack: false}\n"), HasSubstr("there is no such node"));
    EXPECT_THAT(mistake_in("tcp: {keep_alive: 10s}\n"), HasSubstr("did you mean 'keepalive'?"));
    EXPECT_THAT(mistake_in("tcp: {retries2: 256}\n"), HasSubstr("no whole number from 0 to 255"));
    EXPECT_THAT(mistake_in("tcp: {ecn: perhaps}\n"), HasSubstr("none of: off, on, accept"));
    EXPECT_THAT(mistake_in("tcp: {rmem: 1KiB}\n"), HasSubstr("one size from 4KiB up"));
    EXPECT_THAT(mistake_in("tcp: {rmem: 8KiB 6KiB 9KiB}\n"), HasSubstr("write 64KiB, or"));
    EXPECT_THAT(mistake_in("tcp: {congestion: ../../x}\n"), HasSubstr("netcut-fl doctor lists"));
    EXPECT_THAT(mistake_in("tcp: {user_timeout: \"{nothing}\"}\n"), HasSubstr("stands for nothing"));
    EXPECT_THAT(mistake_in("tcp: [{nodes: [all, aggregator], sack: true}]\n"), HasSubstr("named twice"));
    EXPECT_EQ(mistake_in("tcp:\n- {nodes: [aggregator], sack: true}\n"), "none");
}

TEST(Tcp, AnOptionOfTheCommandLineIsForAllNodes) {
    Scenario scenario = checked("tcp: {nodes: [aggregator], retries2: 5}\n");
    ASSERT_TRUE(add_tcp(scenario, "retries2=6"));
    ASSERT_TRUE(check(scenario));
    EXPECT_EQ(sysctl_of(of(scenario, "aggregator"), "tcp_retries2"), 6U);
    EXPECT_THAT(add_tcp(scenario, "retrie2=6").error().text(), HasSubstr("did you mean 'retries2'?"));
    EXPECT_THAT(add_tcp(scenario, "retries2").error().text(), HasSubstr("NAME=VALUE"));
}

TEST(Tcp, EachExampleIsTakenAndThePageHasEachKey) {
    std::stringstream page;
    page << std::ifstream(NETCUT_SOURCE_DIR "/docs/scenario.md").rdbuf();
    for (const TcpKey& key : tcp_keys()) {
        TcpSettings settings;
        EXPECT_TRUE(key.add(key.example, settings)) << key.name;
        EXPECT_FALSE(settings.sysctls.empty() && settings.options.empty()) << key.name;
        EXPECT_THAT(page.str(),
                    HasSubstr(fmt::format("| `{}` | `{}` | {} | ", key.name, key.example, key.meaning)));
        if (key.sysctl != nullptr) {
            EXPECT_THAT(page.str(), HasSubstr(fmt::format("| `{}`", key.sysctl)));
        }
    }
}

TEST(TcpSettings, WhatTheMachineDoesNotAllowIsToldWithTheCommandThatAllowsIt) {
    const Error error{Error::Kind::machine, "write tcp_congestion_control", EPERM, "Operation not permitted",
                      ""};
    const std::string told = told_of_tcp(error, "congestion", "cubic").text();
    EXPECT_THAT(told, HasSubstr("use tcp: congestion: cubic"));
    EXPECT_THAT(told, HasSubstr("sudo sysctl -w net.ipv4.tcp_allowed_congestion_control=\"reno"));
    EXPECT_THAT(told, HasSubstr(" cubic\""));
    Error missing = error;
    missing.code = ENOENT;
    EXPECT_THAT(told_of_tcp(missing, "congestion", "vegas").text(), HasSubstr("modprobe tcp_vegas"));
    EXPECT_THAT(told_of_tcp(missing, "retries2", "8").text(), HasSubstr("no such sysctl"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
