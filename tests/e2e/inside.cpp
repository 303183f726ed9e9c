// SPDX-License-Identifier: Apache-2.0
#include "e2e/inside.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "base/io.h"
#include "base/json.h"

namespace netcut::test {
namespace {

constexpr std::uint16_t probe_port = 7777;
constexpr auto probe_period = 5ms;
constexpr auto lost_after = 100ms;  // without an arrival

Fd open_namespace(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) throw std::runtime_error("cannot open " + path);
    return fd;
}

// A node's first process is started before it enters the node's namespace.
Fd namespace_of(const Tool& tool, const std::string& node) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < deadline) {
        const std::string link = "/proc/" + std::to_string(init_of(tool, node)) + "/ns/net";
        std::error_code error;
        const bool is_ours = std::filesystem::equivalent(link, "/proc/self/ns/net", error);
        if (!error && !is_ours) return open_namespace(link);
        std::this_thread::sleep_for(5ms);
    }
    throw std::runtime_error(node + " has no namespace of its own");
}

// A socket stays in the namespace in which it was made.
Fd udp_socket_in(const Tool& tool, const std::string& node, int family) {
    const Fd ns = namespace_of(tool, node);
    Fd fd;
    std::thread([&] {
        if (::setns(ns.get(), CLONE_NEWNET) == 0)
            fd = Fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    }).join();
    if (!fd) throw std::runtime_error("cannot open a socket in " + node);
    return fd;
}

struct Target {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

Target target_of(const std::string& run_folder, const std::string& node) {
    Target target;
    for (const Json& event : read_journal(run_folder)) {
        if (event.at("event") != "fabric.built") continue;
        const std::string address = event.at("details").at("nodes").at(node).at("addresses").at(0);
        auto* in = reinterpret_cast<sockaddr_in*>(&target.storage);
        auto* in6 = reinterpret_cast<sockaddr_in6*>(&target.storage);
        if (::inet_pton(AF_INET, address.c_str(), &in->sin_addr) == 1) {
            in->sin_family = AF_INET;
            in->sin_port = htons(probe_port);
            target.size = sizeof(*in);
        } else if (::inet_pton(AF_INET6, address.c_str(), &in6->sin6_addr) == 1) {
            in6->sin6_family = AF_INET6;
            in6->sin6_port = htons(probe_port);
            target.size = sizeof(*in6);
        }
    }
    if (target.size == 0) throw std::runtime_error("the journal has no address of " + node);
    return target;
}

}  // namespace

pid_t init_of(const Tool& tool, const std::string& node) {
    const std::string argument = std::string("--hostname") + '\0' + node + '\0';
    for (const pid_t pid : tool.processes())
        if (slurp("/proc/" + std::to_string(pid) + "/cmdline").find(argument) != std::string::npos)
            return pid;
    return 0;
}

char state_of(pid_t pid) {
    const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
    const std::size_t name_end = stat.rfind(')');
    return name_end == std::string::npos ? 'X' : stat.at(name_end + 2);
}

PinnedNetworks::PinnedNetworks(const Tool& tool) {
    const std::string folder = "/proc/" + std::to_string(tool.pid()) + "/fd";
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        std::error_code gone;
        const std::string what = std::filesystem::read_symlink(entry.path(), gone);
        if (!gone && what.starts_with("net:[")) namespaces_.push_back(open_namespace(entry.path()));
    }
}

std::string PinnedNetworks::listeners() const {
    std::string found;
    for (const Fd& ns : namespaces_)
        std::thread([&] {
            if (::setns(ns.get(), CLONE_NEWNET) != 0) return found.append("cannot enter it"), void();
            for (const char* file : {"tcp", "tcp6", "udp", "udp6", "udplite", "raw", "raw6"}) {
                std::istringstream lines(slurp(std::string("/proc/thread-self/net/") + file));
                std::string line;
                std::getline(lines, line);  // the headings
                while (std::getline(lines, line)) found += std::string(file) + line + "\n";
            }
        }).join();
    return found;
}

Probe::Probe(const Tool& tool, const std::string& run_folder, const std::string& from,
             const std::string& to) {
    const Target target = target_of(run_folder, to);
    sender_ = udp_socket_in(tool, from, target.storage.ss_family);
    echo_ = udp_socket_in(tool, to, target.storage.ss_family);
    const auto* address = reinterpret_cast<const sockaddr*>(&target.storage);
    if (::bind(echo_.get(), address, target.size) != 0 || ::connect(sender_.get(), address, target.size) != 0)
        throw std::runtime_error("cannot bind the probe");
    thread_ = std::thread([this] { run(); });
}

Probe::~Probe() {
    over_ = true;
    thread_.join();
}

void Probe::run() {
    char byte = 0;
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    while (!over_) {
        (void)::send(sender_.get(), "x", 1, 0);
        std::this_thread::sleep_for(probe_period);
        while (::recvfrom(echo_.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), &size) == 1)
            (void)::sendto(echo_.get(), &byte, 1, 0, reinterpret_cast<sockaddr*>(&from), size);
        while (::recv(sender_.get(), &byte, 1, 0) == 1) {
            const std::lock_guard lock(mutex_);
            arrivals_.push_back(std::chrono::steady_clock::now());
        }
    }
}

std::chrono::steady_clock::duration Probe::since_last() const {
    const std::lock_guard lock(mutex_);
    if (arrivals_.empty()) return std::chrono::steady_clock::duration::max();
    return std::chrono::steady_clock::now() - arrivals_.back();
}

bool Probe::wait_until(bool passes, std::chrono::seconds patience) const {
    const auto deadline = std::chrono::steady_clock::now() + patience * time_scale();
    while ((since_last() < lost_after * time_scale()) != passes) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(probe_period);
    }
    return true;
}

bool Probe::wait_until_lost(std::chrono::seconds patience) const {
    return wait_until(false, patience);
}

bool Probe::wait_until_passes(std::chrono::seconds patience) const {
    return wait_until(true, patience);
}

std::chrono::duration<double> Probe::longest_gap() const {
    const std::lock_guard lock(mutex_);
    std::chrono::steady_clock::duration longest{0};
    for (std::size_t i = 1; i < arrivals_.size(); ++i)
        longest = std::max(longest, arrivals_[i] - arrivals_[i - 1]);
    return longest;
}

}  // namespace netcut::test
