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
    const std::string program =
        "import ctypes; print(open('/proc/keys').read()); print('own: %08x' % (ctypes.CDLL(None).syscall(" +
        std::to_string(SYS_keyctl) + ", 0, -3, 0) & 0xffffffff))";
    for (const char* role : {"--aggregator", "--collaborator"})
        arguments.insert(arguments.end(), {role, "python3 -c \"" + program + "\""});
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Tool(arguments, before_exec).wait();
}

// The line of /proc/keys about the session keyring of who has read it.
std::string own_keyring(const std::string& text) {
    const std::string serial = text.substr(text.find("own: ") + 5, 8);
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(serial)) return line;
    return "";
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
        EXPECT_TRUE(own_keyring(keys).ends_with("_ses: empty")) << keys;
    }
    EXPECT_NE(own_keyring(aggregator), own_keyring(collaborator));
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
