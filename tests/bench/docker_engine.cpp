// SPDX-License-Identifier: Apache-2.0
#include "bench/docker_engine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>

#include "base/io.h"
#include "base/time.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* network = "bench";
constexpr const char* image = "sleeper";
constexpr auto patience = std::chrono::seconds(30);

std::string new_folder() {
    std::string name = fs::temp_directory_path() / "netcut-test-bench-docker-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        throw std::system_error(errno, std::generic_category(), "make a folder");
    return name;
}

Words engine_command(const std::string& folder) {
    return {"dockerd",
            "--data-root",
            folder + "/data",
            "--exec-root",
            folder + "/exec",
            "--host",
            "unix://" + folder + "/socket",
            "--pidfile",
            folder + "/pid",
            "--storage-driver",
            "vfs",
            "--cgroup-parent",
            fs::path(folder).filename(),
            "--userland-proxy=false"};
}

// In the child, which is the first process of its namespaces: with it, all of them end.
[[noreturn]] void become_engine(const std::string& folder, const std::vector<char*>& arguments) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int log = ::open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("proc", "/proc", "proc", 0, nullptr) == 0 &&
        ::mount("tmpfs", "/run", "tmpfs", 0, nullptr) == 0 && ::dup2(log, 1) == 1 && ::dup2(log, 2) == 2)
        ::execvp(arguments[0], arguments.data());
    ::_exit(127);
}

// A control group is a folder that goes when it is empty; its files do not count.
void remove_groups(const fs::path& group) {
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(group, gone))
        if (entry.is_directory(gone)) remove_groups(entry.path());
    ::rmdir(group.c_str());
}

}  // namespace

bool DockerEngine::is_installed() {
    return bench::is_installed("dockerd") && bench::is_installed("docker");
}

DockerEngine::DockerEngine() : folder_(new_folder()) {
    const Words words = engine_command(folder_);
    const std::vector<char*> arguments = bench::pointers_to(words);
    const auto apart = SIGCHLD | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
    pid_ = static_cast<pid_t>(
        must(::syscall(SYS_clone, apart, nullptr, nullptr, nullptr, nullptr), "start dockerd"));
    if (pid_ == 0) become_engine(folder_, arguments);
    try {
        await();
        make_image();
        run_program(
            command({"network", "create", "--subnet", "10.99.0.0/24", "--gateway", "10.99.0.1", network}));
    } catch (...) {  // no destructor will be called
        end();
        throw;
    }
}

DockerEngine::~DockerEngine() {
    end();
}

void DockerEngine::end() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    for (const auto& hierarchy : fs::directory_iterator("/sys/fs/cgroup", ignored))
        remove_groups(hierarchy.path() / fs::path(folder_).filename());
    remove_groups("/sys/fs/cgroup" / fs::path(folder_).filename());
    fs::remove_all(folder_, ignored);
}

void DockerEngine::await() const {
    const auto deadline = Clock::now() + patience;
    while (::access((folder_ + "/socket").c_str(), F_OK) != 0) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0 || Clock::now() > deadline)
            throw std::runtime_error("dockerd did not start; its log: " +
                                     read_file(folder_ + "/log").value_or(""));
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
}

void DockerEngine::make_image() const {
    const std::string root = folder_ + "/root", archive = folder_ + "/image.tar";
    fs::create_directory(root);
    fs::copy_file(built_program("netcut_sleeper"), root + "/sleeper");
    run_program({"tar", "-C", root, "-cf", archive, "."});
    run_program(command({"import", archive, image}));
}

void DockerEngine::run(const std::string& name, const std::string& address) const {
    Words arguments = {"run", "--detach", "--name", name, "--network", network};
    if (!address.empty()) arguments.insert(arguments.end(), {"--ip", address});
    arguments.insert(arguments.end(), {image, "/sleeper"});
    run_program(command(arguments));
}

void DockerEngine::connect(const std::string& name, const std::string& address) const {
    run_program(command({"network", "connect", "--ip", address, network, name}));
}

void DockerEngine::disconnect(const std::string& name) const {
    run_program(command({"network", "disconnect", network, name}));
}

void DockerEngine::remove(const Words& names) const {
    Words arguments = {"rm", "--force"};
    arguments.insert(arguments.end(), names.begin(), names.end());
    run_program(command(arguments));
}

std::string DockerEngine::proc_folder(const std::string& name) const {
    const std::string pid = output_of(command({"inspect", "--format", "{{.State.Pid}}", name}));
    return fmt::format("/proc/{}/root/proc/{}", pid_, pid);
}

Words DockerEngine::command(const Words& arguments) const {
    Words words = {"docker", "--host", "unix://" + folder_ + "/socket"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    return words;
}

}  // namespace netcut::bench
