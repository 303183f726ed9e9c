// SPDX-License-Identifier: Apache-2.0
#include "run/run_rights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sstream>

#include "base/io.h"
#include "kernel/capabilities.h"
#include "kernel/rights.h"
#include "node/limits.h"
#include "node/spawn.h"
#include "user/as_user.h"

namespace netcut {
namespace {

// Of one node: two outputs and the status of its first process, 16 pages each.
constexpr std::uint64_t pages_per_node = 48;
// Other runs of the user's begin at the same time, and a node that starts again has two for a moment.
constexpr std::uint64_t reserve = 2;

std::uint64_t number_in(const std::string& file, std::uint64_t otherwise) {
    std::istringstream text(read_file(file).value_or(""));
    std::uint64_t number = 0;
    return text >> number ? number : otherwise;
}

// Of root's there may be a million. A line of /proc/key-users: "1000: 5 5/5 3/200 120/20000", of which the last but one
// is what there is and may be.
std::uint64_t keys_left(uid_t user) {
    constexpr std::uint64_t endless = std::numeric_limits<std::uint64_t>::max();
    if (user == 0) return endless;
    std::istringstream lines(read_file("/proc/key-users").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::uint64_t uid = 0, all = 0, instantiated = 0, used = 0, most = 0;
        char sign = 0;
        if (std::istringstream(line) >> uid >> sign >> all >> all >> sign >> instantiated >> used >> sign >>
                most &&
            uid == user)
            return most - std::min(used, most);
    }
    return number_in("/proc/sys/kernel/keys/maxkeys", endless);
}

std::uint64_t pipe_pages() {
    const std::uint64_t most = number_in("/proc/sys/fs/pipe-user-pages-soft", 0);
    return most == 0 ? std::numeric_limits<std::uint64_t>::max() : most;
}

// With root's id, but without the rights that open every file.
bool has_access(const std::string& path, int how, const User& user) {
    const AsUser as_user(user);
    const auto all = Capabilities::own();
    if (!all) return false;
    Capabilities few = *all;
    for (const unsigned one : {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH}) few.set_effective(one, false);
    if (!few.apply()) return false;
    const bool can = ::faccessat(AT_FDCWD, path.c_str(), how, AT_EACCESS) == 0;
    return all->apply() && can;
}

bool has_rights_of_root() {
    const auto own = Capabilities::own();
    return ::geteuid() == 0 && may_set_groups() && own && own->has(CAP_SYS_ADMIN) && own->has(CAP_NET_ADMIN);
}

}  // namespace

UserMeans means_of(const User& user, const RunFolder& folder) {
    const auto init = find_own_program("netcut-fl-init");
    const std::string& around = folder.collection();
    return {
        keys_left(user.uid), pipe_pages(), init && has_access(*init, X_OK, user),
        has_access(folder.path(), X_OK, user) && (around.empty() || has_access(around, W_OK | X_OK, user))};
}

std::string why_rights_of_root(const Scenario& scenario, const UserMeans& means) {
    const std::uint64_t nodes = scenario.collaborators + 1;
    if (!scenario.fabric.uplink.empty()) return "an uplink changes the machine's network";
    if (means.keys / reserve < nodes)
        return fmt::format("each node takes a key, and its user may have {} more (kernel.keys.maxkeys)",
                           means.keys);
    if (means.pipe_pages / pages_per_node / reserve < nodes)
        return "the outputs of so many nodes would have little room (fs.pipe-user-pages-soft)";
    if (!means.reaches_programs) return "its user cannot execute netcut-fl-init";
    if (!means.reaches_folder) return "its user cannot enter its folder, or write beside it";
    return {};
}

Result<std::optional<Keeper>> leave_rights_of_root(const Scenario& scenario, const RunFolder& folder) {
    const User& user = folder.user();
    if (!has_rights_of_root() || !why_rights_of_root(scenario, means_of(user, folder)).empty())
        return std::optional<Keeper>();
    raise_limits();  // while it can be seen what they were
    return become_user_alone({user.uid, user.gid, user.groups});
}

}  // namespace netcut
