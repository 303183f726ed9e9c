// SPDX-License-Identifier: Apache-2.0
#include "user/user.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace netcut {
namespace {

std::optional<uid_t> numeric(std::string_view text) {
    uid_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

User user_of(const passwd& entry) {
    User user{entry.pw_uid, entry.pw_gid, {}, entry.pw_name, entry.pw_dir, entry.pw_shell};
    int count = 64;
    for (;;) {
        user.groups.resize(static_cast<std::size_t>(count));
        if (::getgrouplist(entry.pw_name, entry.pw_gid, user.groups.data(), &count) >= 0) break;
    }
    user.groups.resize(static_cast<std::size_t>(count));
    return user;
}

}  // namespace

Result<User> find_account(const std::string& name) {
    const std::optional<uid_t> id = numeric(name);
    const passwd* entry = id ? ::getpwuid(*id) : ::getpwnam(name.c_str());
    if (entry != nullptr) return user_of(*entry);
    if (!id)
        return usage_failure("run nodes as the user '" + name + "'", "there is no such user",
                             "see getent passwd");
    const gid_t gid = *id == ::geteuid() ? ::getegid() : *id;
    return User{*id, gid, {gid}, name, "/", "/bin/sh"};
}

Result<User> find_user(const std::string& name) {
    const char* sudo_uid = std::getenv("SUDO_UID");
    const bool by_sudo = name.empty() && ::geteuid() == 0 && sudo_uid != nullptr;
    const std::string wanted = !name.empty() ? name : by_sudo ? sudo_uid : std::to_string(::geteuid());
    NETCUT_ASSIGN(User user, find_account(wanted));
    if (::geteuid() == 0) return user;
    if (user.uid != ::geteuid())
        return usage_failure("run nodes as the user '" + wanted + "'",
                             "only root can run nodes as somebody else", "leave --user out, or use sudo");
    user.gid = ::getegid();  // after newgrp, say
    return user;
}

Result<User> find_caller(const std::string& name) {
    NETCUT_ASSIGN(User user, find_user(name));
    user.environment = own_environment();
    return user;
}

Environment own_environment() {
    Environment variables;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text(*entry);
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos)
            variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return variables;
}

std::string search_path(const Environment& environment) {
    const auto found = environment.find("PATH");
    return found != environment.end() ? found->second : "/usr/local/bin:/usr/bin:/bin";
}

}  // namespace netcut
