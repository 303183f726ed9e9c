// SPDX-License-Identifier: Apache-2.0
#include "bench/peer_network.h"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "base/io.h"
#include "base/time.h"
#include "bench/program.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

const std::string folder = "/run/netns";

struct Addresses {
    std::string v4, v6;
};
Addresses addresses_of(std::size_t host) {
    return {fmt::format("10.99.{}.{}", host >> 8, host & 0xff), fmt::format("fd63::{:x}", host)};
}
std::string mac_of(int kind, std::size_t node) {
    return fmt::format("02:6e:63:{:02x}:{:02x}:{:02x}", kind, node >> 8, node & 0xff);
}

std::string router_batch(std::size_t nodes) {
    std::string text = "link set lo up\naddr add 10.99.0.1/32 dev lo\naddr add fd63::1/128 dev lo nodad\n";
    for (std::size_t i = 0; i < nodes; ++i) {
        const Addresses own = addresses_of(i + 2);
        text += fmt::format(
            "netns add node{0}\nlink add p{0} address {1} type veth peer name eth0 netns node{0}\n", i,
            mac_of(0, i));
        text += fmt::format("link set p{} up\n", i);
        for (const std::string& address : {own.v4, own.v6})
            text += fmt::format("route add {0} dev p{1}\nneigh add {0} lladdr {2} dev p{1} nud permanent\n",
                                address, i, mac_of(1, i));
    }
    return text;
}

std::string node_batch(std::size_t i) {
    const Addresses own = addresses_of(i + 2), router = addresses_of(1);
    std::string text = fmt::format(
        "link set lo up\nlink set eth0 address {} up\naddr add {}/32 dev eth0\naddr add {}/128 dev eth0 "
        "nodad\n",
        mac_of(1, i), own.v4, own.v6);
    for (const std::string& address : {router.v4, router.v6})
        text += fmt::format(
            "neigh add {0} lladdr {1} dev eth0 nud permanent\nroute add {0} dev eth0\nroute add default via "
            "{0}\n",
            address, mac_of(0, i));
    return text;
}

void write_file(const std::string& path, const std::string& text) {
    if (!(std::ofstream(path) << text).flush()) throw std::runtime_error("cannot write " + path);
}

void build(std::size_t nodes) {
    run_program({"ip", "-batch", folder + "/router"});
    for (std::size_t i = 0; i < nodes; ++i)
        run_program({"ip", "-n", fmt::format("node{}", i), "-batch", fmt::format("{}/batch{}", folder, i)});
}

void leave_the_host() {
    must(::unshare(CLONE_NEWNS | CLONE_NEWNET), "leave the host's namespaces");
    must(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "make mounts private");
    must(::mount("tmpfs", "/run", "tmpfs", 0, nullptr), "mount a tmpfs");
    // Mininet would set some for the whole machine.
    must(::mount("/proc/sys", "/proc/sys", nullptr, MS_BIND, nullptr), "mount /proc/sys");
    must(::mount(nullptr, "/proc/sys", nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr),
         "protect /proc/sys");
}

Nanoseconds build_by_ip(std::size_t nodes) {
    std::filesystem::create_directory(folder);
    write_file(folder + "/router", router_batch(nodes));
    for (std::size_t i = 0; i < nodes; ++i) write_file(fmt::format("{}/batch{}", folder, i), node_batch(i));
    const auto begin = Clock::now();
    build(nodes);
    return Clock::now() - begin;
}

// Where nobody sees it.
Nanoseconds time_apart(const std::string& name, const std::function<Nanoseconds()>& build) {
    Pipe pipe = must(make_pipe());
    const pid_t child = must(::fork(), "start a process");
    if (child == 0) {
        Nanoseconds took{-1};
        try {
            leave_the_host();
            took = build();
        } catch (const std::exception& error) {
            fmt::print(stderr, "netcut_bench: {}: {}\n", name, error.what());
        }
        ::_exit(::write(pipe.write.get(), &took, sizeof(took)) == sizeof(took) ? 0 : 1);
    }
    pipe.write.reset();
    Nanoseconds took{-1};
    const auto size = ::read(pipe.read.get(), &took, sizeof(took));
    must(::waitpid(child, nullptr, 0), "await a process");
    if (size != sizeof(took) || took < Nanoseconds(0))
        throw std::runtime_error(name + " did not build a network");
    return took;
}

// Debian's packages are of its own interpreter, which need not be the first in PATH.
constexpr const char* python = "/usr/bin/python3";

}  // namespace

Nanoseconds time_ip_batch(std::size_t nodes) {
    return time_apart("ip -batch", [&] { return build_by_ip(nodes); });
}

bool has_mininet() {
    try {
        run_program({python, "-c", "from importlib.util import find_spec as f; exit(not f('mininet'))"});
    } catch (const std::exception&) {
        return false;
    }
    return is_installed("brctl");
}

Nanoseconds time_mininet(std::size_t nodes) {
    return time_apart("Mininet", [&] {
        return Nanoseconds(std::stoll(
            output_of({python, NETCUT_SOURCE_DIR "/tests/bench/mininet_network.py", std::to_string(nodes)})));
    });
}

}  // namespace netcut::bench
