// SPDX-License-Identifier: Apache-2.0
//
// Nodes do not have the keys of who started the tool, nor those of each other.
#include <linux/keyctl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <sstream>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr const char* secret = "netcut-test-secret";

// For before_exec: what a login does that has pam_keyinit.
void join_session_with_a_key() {
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 ||
        ::syscall(SYS_add_key, "user", secret, "x", 1, KEY_SPEC_SESSION_KEYRING) < 0)
        ::_exit(125);
}

// /proc/keys has what its reader possesses, or may look at as the owner.
Finished run_readers_of_keys(const std::string& run, const Arguments& more,
                             const std::function<void()>& before_exec) {
    Arguments arguments = {"run", "-q", "--cols", "1", "--out", run};
    for (const char* role : {"--aggregator", "--collaborator"})
        arguments.insert(arguments.end(), {role, "cat /proc/keys /proc/self/status"});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Tool(arguments, before_exec).wait();
}

// The serial numbers of session keyrings, as far as /proc/keys shows them.
std::vector<std::string> session_keyrings(const std::string& keys) {
    std::vector<std::string> serials;
    std::istringstream lines(keys);
    for (std::string line; std::getline(lines, line);)
        if (contains(line, " keyring ") && contains(line, " _ses:")) serials.push_back(line.substr(0, 8));
    return serials;
}

TEST(Keyring, NodeOfAnotherUserHasAnEmptyOneOfItsOwn) {
    NETCUT_E2E();
    if (slurp("/proc/keys").empty()) GTEST_SKIP() << "this kernel has no keys (CONFIG_KEYS)";
    const Folder folder;
    // Whoever else owns keys would be seen: nobody else is this user.
    const uid_t user = ordinary_user + 100;
    const Finished finished =
        run_readers_of_keys(folder / "run", {"--user", std::to_string(user)}, join_session_with_a_key);
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    const std::string aggregator = slurp(folder / "run/logs/aggregator.out");
    const std::string collaborator = slurp(folder / "run/logs/collaborator1.out");
    for (const std::string& keys : {aggregator, collaborator}) {
        EXPECT_FALSE(contains(keys, secret)) << keys;
        EXPECT_EQ(session_keyrings(keys).size(), 1) << keys;
    }
    EXPECT_NE(session_keyrings(aggregator), session_keyrings(collaborator));
}

// It owns the keys, and so sees that they exist, but a node does not possess them.
TEST(Keyring, NodeOfTheCallerDoesNotPossessTheCallersKeys) {
    NETCUT_E2E();
    if (slurp("/proc/keys").empty()) GTEST_SKIP() << "this kernel has no keys (CONFIG_KEYS)";
    const Folder folder;
    const auto as_user = [] {
        become_ordinary_user();
        join_session_with_a_key();
        // Only who possesses it may read it, or look at it.
        const long key = ::syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", secret, 0);
        constexpr unsigned possessor_alone = 0x3f000000;
        if (::syscall(SYS_keyctl, KEYCTL_SETPERM, key, possessor_alone) < 0) ::_exit(125);
    };
    const Finished finished = run_readers_of_keys(folder / "run", {"--local"}, as_user);
    ASSERT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_FALSE(contains(slurp(folder / "run/logs/collaborator1.out"), secret));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
