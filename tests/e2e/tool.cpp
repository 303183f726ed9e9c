// SPDX-License-Identifier: Apache-2.0
#include "e2e/tool.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <thread>

#include "base/io.h"
#include "base/json.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/links_read.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* mark_variable = "NETCUT_TEST_MARK";

std::string program(const std::string& name) {
    return name.starts_with('/') ? name : std::string(NETCUT_BUILD_DIR) + "/" + name;
}

std::string new_mark() {
    static std::atomic<int> number = 0;
    return std::to_string(::getpid()) + "-" + std::to_string(++number);
}

bool is_same(const Fd& ns, const fs::path& link) {
    struct stat one {};
    struct stat other {};
    return ::fstat(ns.get(), &one) == 0 && ::stat(link.c_str(), &other) == 0 && one.st_ino == other.st_ino;
}

// By the cgroup namespace, which nobody leaves unasked, or, of nodes that a daemon runs for the tool, by the
// environment.
std::vector<pid_t> processes_marked(const Fd& cgroups, const std::string& mark) {
    std::vector<pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::string environment = slurp(entry.path() / "environ");
        if (is_same(cgroups, entry.path() / "ns/cgroup") ||
            environment.find(std::string(mark_variable) + "=" + mark + '\0') != std::string::npos)
            found.push_back(std::stoi(name));
    }
    return found;
}

// The host's nftables tables, by the names that the kernel lists.
std::string read_tables() {
    alignas(nlmsghdr) std::array<char, NLMSG_SPACE(sizeof(nfgenmsg))> buffer{};
    auto* request = reinterpret_cast<nlmsghdr*>(buffer.data());
    request->nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg));
    request->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE;
    auto socket = NetlinkSocket::open(NETLINK_NETFILTER, nullptr);
    std::string tables;
    const auto dumped = socket.value().dump(request, "list the tables", [&](const nlmsghdr* message) {
        const auto* bytes = reinterpret_cast<const char*>(message);
        tables.append(bytes + sizeof(nlmsghdr), message->nlmsg_len - sizeof(nlmsghdr));
    });
    if (!dumped) throw std::runtime_error(dumped.error().text());
    return tables;
}

// Names in folders for what is temporary that could only be ours; not those of tests, which run side by side.
std::string leftovers() {
    std::string names;
    for (const char* folder : {"/tmp", "/var/tmp", "/dev/shm", "/run"}) {
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(folder, none)) {
            const std::string name = entry.path().filename();
            if (contains(name, "netcut") && !name.starts_with("netcut-test-")) names += name + '\n';
        }
    }
    return names;
}

}  // namespace

bool has_reference() {
    return ::access(program("netcut-fl-reference").c_str(), X_OK) == 0;
}

bool has_netem() {
    const auto apart = NetNs::create();
    if (!apart) throw std::runtime_error(apart.error().text());
    return probe(Need::netem, *apart).has_value() && probe(Need::redirect, *apart).has_value();
}

Tool::Tool(const Arguments& arguments, const std::function<void()>& before_exec, const std::string& name)
    : mark_(new_mark()) {
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    std::vector<std::string> words = {program(name)};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const auto start = [&] {
        if (::unshare(CLONE_NEWCGROUP) != 0) return;
        cgroups_ = Fd(::open("/proc/thread-self/ns/cgroup", O_RDONLY | O_CLOEXEC));
        pid_ = ::fork();
        if (pid_ != 0) return;
        ::dup2(out[1], 1);
        ::dup2(err[1], 2);
        ::setenv(mark_variable, mark_.c_str(), 1);
        ::unsetenv("SUDO_UID");
        if (before_exec) before_exec();
        ::execv(argv[0], argv.data());
        ::_exit(127);
    };
    std::thread(start).join();
    if (pid_ < 0) throw std::runtime_error("cannot start " + name);
    ::close(out[1]);
    ::close(err[1]);
    out_ = out[0];
    err_ = err[0];
}

Tool::~Tool() {
    if (!reaped_) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    ::close(out_);
    ::close(err_);
}

void Tool::signal(int number) const {
    ::kill(pid_, number);
}

// False at the end of both streams.
bool Tool::read_some(std::chrono::milliseconds patience) {
    pollfd watched[2] = {{out_, POLLIN, 0}, {err_, POLLIN, 0}};
    if (::poll(watched, 2, static_cast<int>(patience.count())) <= 0) return true;
    std::array<char, 4096> buffer{};
    bool open = false;
    for (auto& [fd, events, seen] : watched) {
        if (seen == 0) {
            open = true;
            continue;
        }
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count <= 0) continue;
        open = true;
        (fd == out_ ? finished_.out : finished_.err).append(buffer.data(), static_cast<std::size_t>(count));
    }
    return open;
}

bool Tool::wait_for_output(const std::string& text, std::chrono::seconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience * time_scale();
    while (finished_.out.find(text) == std::string::npos && finished_.err.find(text) == std::string::npos) {
        if (std::chrono::steady_clock::now() > deadline || !read_some(100ms)) return false;
    }
    return true;
}

Finished Tool::wait(std::chrono::seconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience * time_scale();
    int status = 0;
    while (!reaped_) {
        read_some(20ms);
        if (::waitpid(pid_, &status, WNOHANG) == pid_) {
            reaped_ = true;
        } else if (std::chrono::steady_clock::now() > deadline) {
            ::kill(pid_, SIGKILL);
            ::waitpid(pid_, &status, 0);
            reaped_ = true;
            finished_.err += "\n(the test's patience was over)";
        }
    }
    for (int i = 0; i < 100 && read_some(10ms); ++i) {
    }
    finished_.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return finished_;
}

std::vector<pid_t> Tool::processes() const {
    return processes_marked(cgroups_, mark_);
}

bool Tool::leaves_no_process() const {
    for (int i = 0; i < 300 * time_scale(); ++i) {
        if (processes().empty()) return true;
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

void become(uid_t user, const std::vector<gid_t>& groups) {
    if (::setgroups(groups.size(), groups.data()) != 0 || ::setresgid(user, user, user) != 0 ||
        ::setresuid(user, user, user) != 0)
        ::_exit(126);
}

void refuse_call(long number, unsigned bits, int code) {
    const sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[0])),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(code)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{std::size(program), const_cast<sock_filter*>(program)};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
        ::_exit(126);
}

Finished run_tool(const Arguments& arguments) {
    return Tool(arguments).wait();
}

Folder::Folder() {
    std::string name = fs::temp_directory_path() / "netcut-test-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    path_ = name;
    fs::permissions(path_, fs::perms::all);  // nodes may run as another user
}

Folder::~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string slurp(const std::string& path) {
    return read_file(path).value_or("");
}

Json read_verdict(const std::string& run_folder) {
    const std::string text = slurp(run_folder + "/verdict.json");
    return text.empty() ? Json::object() : Json::parse(text);
}

std::vector<Json> read_journal(const std::string& run_folder) {
    std::vector<Json> events;
    std::istringstream lines(slurp(run_folder + "/journal.jsonl"));
    for (std::string line; std::getline(lines, line);) events.push_back(Json::parse(line));
    return events;
}

std::string model_hash(const std::string& run_folder) {
    constexpr std::string_view label = "final model sha256 ";
    const std::string log = slurp(run_folder + "/logs/aggregator.out");
    const std::size_t at = log.find(label);
    return at == std::string::npos ? "" : log.substr(at + label.size(), 64);
}

std::string host_state() {
    std::ostringstream state;
    auto socket = NetlinkSocket::open(NETLINK_ROUTE, nullptr);
    const auto links = list_links(*socket);
    for (const LinkState& link : links.value())
        state << link.index << link.name << link.up << link.mtu << '\n';
    for (const char* file :
         {"/proc/net/route", "/proc/sys/net/ipv4/ip_forward", "/proc/sys/net/ipv6/conf/all/forwarding",
          "/proc/sys/net/ipv4/ping_group_range", "/proc/sys/net/ipv6/conf/default/addr_gen_mode",
          "/proc/sys/net/ipv4/conf/all/rp_filter", "/proc/self/mountinfo"})
        state << slurp(file);
    for (const char* folder : {"/run/netns", "/sys/class/net", "/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        std::error_code none;
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder, none)) names.insert(entry.path().filename());
        for (const std::string& name : names) state << name << '\n';
    }
    state << read_tables() << leftovers();
    return state.str();
}

std::string phase_at(const std::vector<Json>& journal, const std::string& node, std::int64_t time_ns) {
    for (const Json& event : journal) {
        if (event.at("event") != "node.phase" || event.at("node") != node) continue;
        const Json& details = event.at("details");
        if (details.at("from_ns") <= time_ns && time_ns < details.at("to_ns")) return details.at("phase");
    }
    return "none";
}

Arguments reference_for_this_machine(Arguments arguments) {
    if (time_scale() > 1) arguments.insert(arguments.end(), {"--set", "security=insecure"});
    return arguments;
}

Arguments small_reference(const std::string& out, const Arguments& more) {
    Arguments arguments = {"run",   "--out",      out,     "--cols",   "4",     "--set",           "rounds=3",
                           "--set", "pace=200ms", "--set", "epochs=2", "--set", "model-size=32KiB"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return reference_for_this_machine(arguments);
}

}  // namespace netcut::test
