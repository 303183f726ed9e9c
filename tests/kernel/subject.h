// SPDX-License-Identifier: Apache-2.0
//
// One node with a real process tree, and what the host sees of that tree, for the kernel tests.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "kernel/flow.h"
#include "kernel/netns.h"
#include "node/exit_status.h"
#include "node/node.h"
#include "node/stream.h"
#include "time_scale.h"
#include "user/user.h"

namespace netcut::test {

using namespace std::chrono_literals;

constexpr const char* mark_variable = "NETCUT_TEST_MARK";

inline std::string new_mark() {
    static std::atomic<int> number = 0;
    return std::to_string(::getpid()) + "-node-" + std::to_string(++number);
}

// What /proc says, "" when the process is gone meanwhile.
inline std::string proc_file(const std::filesystem::path& path) {
    return read_file(path).value_or("");
}

inline char thread_state(const std::filesystem::path& thread) {
    const std::string stat = proc_file(thread / "stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos ? 'X' : stat.at(name_end + 2);
}

// What is left without its parent becomes a child of the test, so that nothing gets out of sight.
inline const int adopts = ::prctl(PR_SET_CHILD_SUBREAPER, 1);

inline pid_t parent_of(pid_t process) {
    const std::string stat = proc_file("/proc/" + std::to_string(process) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos ? 0 : std::stoi(stat.substr(name_end + 4));
}

// Its own environment is empty, so that it carries no mark.
inline bool is_init_of_ours(const std::filesystem::path& process) {
    if (proc_file(process / "comm") != "netcut-fl-init\n" || thread_state(process) == 'Z') return false;
    pid_t one = std::stoi(process.filename().string());
    while (one > 1 && one != ::getpid()) one = parent_of(one);
    return one == ::getpid();
}

// Calls `each` with the folder in /proc of every process that carries the mark, and of netcut-fl-init;
// zombies excepted.
inline void for_marked(const std::string& mark,
                       const std::function<void(const std::filesystem::path&)>& each) {
    const std::string variable = std::string(mark_variable) + "=" + mark + '\0';
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        if (entry.path().filename().string().find_first_not_of("0123456789") != std::string::npos) continue;
        if (is_init_of_ours(entry.path()) ||
            proc_file(entry.path() / "environ").find(variable) != std::string::npos)
            each(entry.path());
    }
}

// The states of all threads of the node's tree, the two processes of netcut-fl-init excepted: "TTTT".
inline std::string tree_states(const std::string& mark) {
    std::string states;
    for_marked(mark, [&](const std::filesystem::path& process) {
        if (proc_file(process / "comm") == "netcut-fl-init\n") return;
        std::error_code gone;
        for (const auto& thread : std::filesystem::directory_iterator(process / "task", gone))
            if (const char state = thread_state(thread); state != 'X' && state != 'Z') states += state;
    });
    return states;
}

// 'D', also: one that is in vfork(2), as shells often are, waits in the kernel for its child, which is
// stopped.
inline bool all_stopped(const std::string& states) {
    return states.find('T') != std::string::npos && states.find_first_not_of("TD") == std::string::npos;
}

// The processes of netcut-fl-init: the outer one first.
inline std::vector<pid_t> init_processes(const std::string& mark) {
    std::set<pid_t> found;
    for_marked(mark, [&](const std::filesystem::path& process) {
        if (proc_file(process / "comm") == "netcut-fl-init\n")
            found.insert(std::stoi(process.filename().string()));
    });
    return {found.begin(), found.end()};
}

// Waits a moment for the last of them to go.
inline bool leaves_no_process(const std::string& mark) {
    for (int i = 0; i < 300 * time_scale(); ++i) {
        bool any = false;
        for_marked(mark, [&](const auto&) { any = true; });
        if (!any) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

class Subject {
  public:
    explicit Subject(std::vector<std::string> argv, bool tty = false, const std::string& user = "root",
                     std::string mark = new_mark())
        : mark_(std::move(mark)), log_(::memfd_create("log", MFD_CLOEXEC)) {
        NodeSpec spec;
        spec.name = "subject";
        spec.argv = std::move(argv);
        spec.env = {{mark_variable, mark_}};
        spec.cwd = "/";
        spec.user = must(find_user(user));
        spec.tty = tty;
        spec.hosts = "127.0.0.1 localhost\n";
        node_ = std::make_unique<Node>(io_, std::move(spec), observer());
    }
    static Subject shell(const std::string& script) { return Subject({"sh", "-c", script}); }

    void start() {
        exit.reset();
        must(node_->start(ns_, append_log(), append_log()));
    }
    // Runs the io_context until then; false when it takes too long.
    bool until(const std::function<bool()>& reached,
               std::chrono::milliseconds patience = 10s * time_scale()) {
        const auto deadline = Clock::now() + patience;
        while (!reached()) {
            if (Clock::now() > deadline) return false;
            io_.restart();
            io_.run_one_for(20ms);
        }
        return true;
    }
    bool until_printed(const std::string& text) {
        return until([&] { return out.find(text) != std::string::npos; });
    }
    // That it prints at all, from now on.
    bool until_it_prints() {
        return until([&, size = out.size()] { return out.size() > size; });
    }
    bool until_exit() {
        return until([&] { return exit.has_value(); });
    }
    void run_for(std::chrono::milliseconds time) {
        until([] { return false; }, time);
    }
    // Pauses the node, and reads what had been printed before.
    bool pause(std::optional<Nanoseconds> lease = {}) {
        must(node_->pause(lease));
        const bool done = until([&, count = pauses.size()] { return pauses.size() > count; });
        run_for(50ms);
        return done;
    }
    bool resume() {
        must(node_->resume());
        return until([&] { return !node_->paused(); });
    }
    void destroy() { node_.reset(); }

    Node& node() { return *node_; }
    boost::asio::io_context& io() { return io_; }
    const std::string& mark() const { return mark_; }
    std::string states() const { return tree_states(mark_); }
    std::string log() const { return proc_file(log_path()); }

    std::string out;
    std::vector<Pause> pauses;
    std::vector<Clock::time_point> resumes;
    std::optional<ExitStatus> exit;
    std::function<void()> on_exit;

  private:
    Node::Observer observer() {
        return {[] {},
                [this](Stream, std::string_view bytes) { out += bytes; },
                [this](ExitStatus status) {
                    exit = status;
                    if (on_exit) on_exit();
                },
                [](const Error& error) { ADD_FAILURE() << error.text(); },
                [this](const Pause& pause) { pauses.push_back(pause); },
                [this](Clock::time_point when) { resumes.push_back(when); }};
    }
    std::string log_path() const { return "/proc/self/fd/" + std::to_string(log_.get()); }
    Fd append_log() const { return Fd(::open(log_path().c_str(), O_WRONLY | O_APPEND | O_CLOEXEC)); }

    std::string mark_;
    Fd log_;
    boost::asio::io_context io_;
    NetNs ns_ = must(NetNs::create());
    std::unique_ptr<Node> node_;
};

}  // namespace netcut::test
