// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/launcher.h"

#include <fmt/format.h>

namespace netcut {

std::vector<std::string> Launcher::arguments(const User& user, const Limits& limits,
                                             const std::vector<std::string>& command) const {
    std::vector<std::string> words = {"--uid",        std::to_string(user.uid),
                                      "--gid",        std::to_string(user.gid),
                                      "--groups",     fmt::format("{}", fmt::join(user.groups, ",")),
                                      "--processes",  std::to_string(limits.processes),
                                      "--file-bytes", std::to_string(limits.log_bytes)};
    if (!socket.empty()) words.insert(words.end(), {"--hide", socket});
    words.insert(words.end(), {"--", folder + "/" + command.front()});
    words.insert(words.end(), command.begin() + 1, command.end());
    return words;
}

}  // namespace netcut
