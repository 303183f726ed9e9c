// SPDX-License-Identifier: Apache-2.0
#include "e2e/process.h"

#include <sstream>

#include "e2e/tool.h"

namespace netcut::test {

std::string proc_file(pid_t pid, const std::string& name) {
    return slurp("/proc/" + std::to_string(pid) + "/" + name);
}

std::string proc_link(pid_t pid, const std::string& name) {
    std::error_code gone;
    return std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/" + name, gone);
}

std::string program_of(pid_t pid) {
    const std::string name = proc_file(pid, "comm");
    return name.substr(0, name.find('\n'));
}

std::string status_of(pid_t pid, const std::string& key) {
    std::istringstream lines(proc_file(pid, "status"));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(key + ":")) continue;
        std::istringstream words(line.substr(key.size() + 1));
        std::string text;
        for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
        return text;
    }
    return {};
}

}  // namespace netcut::test
