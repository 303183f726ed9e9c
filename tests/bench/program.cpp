// SPDX-License-Identifier: Apache-2.0
#include "bench/program.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "base/io.h"
#include "base/time.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

pid_t start(const Words& words, const std::string& input, int output = -1) {
    const std::vector<char*> arguments = pointers_to(words);
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, input.empty() ? "/dev/null" : input.c_str(),
                                       O_RDONLY, 0);
    if (output >= 0)
        ::posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    else
        ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    errno = ::posix_spawnp(&pid, arguments[0], &files, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&files);
    must(errno == 0 ? 0 : -1, words[0].c_str());
    return pid;
}

}  // namespace

std::vector<char*> pointers_to(const Words& words) {
    std::vector<char*> pointers;
    for (const std::string& word : words) pointers.push_back(const_cast<char*>(word.c_str()));
    pointers.push_back(nullptr);
    return pointers;
}

bool is_installed(const std::string& program) {
    std::istringstream folders(std::getenv("PATH") != nullptr ? std::getenv("PATH") : "");
    for (std::string folder; std::getline(folders, folder, ':');)
        if (::access((folder + "/" + program).c_str(), X_OK) == 0) return true;
    return false;
}

Usage run_program(const Words& words, const std::string& input) {
    const auto begin = Clock::now();
    int status = 0;
    rusage usage{};
    must(::wait4(start(words, input), &status, 0, &usage), "await a program");
    if (status != 0) throw std::runtime_error(words[0] + " failed");
    return {Clock::now() - begin, static_cast<double>(usage.ru_maxrss) * 1024};
}

std::string output_of(const Words& words) {
    Pipe pipe = must(make_pipe());
    const pid_t pid = start(words, {}, pipe.write.get());
    pipe.write.reset();
    std::string text;
    std::array<char, 4096> buffer;
    while (const auto size = must(::read(pipe.read.get(), buffer.data(), buffer.size()), "read an output"))
        text.append(buffer.data(), static_cast<std::size_t>(size));
    int status = 0;
    must(::waitpid(pid, &status, 0), "await a program");
    if (status != 0) throw std::runtime_error(words[0] + " failed");
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

Running::Running(const Words& words, int output) : pid_(start(words, {}, output)) {}

Running::~Running() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
}

std::string built_program(const std::string& name) {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path() / name;
}

}  // namespace netcut::bench
