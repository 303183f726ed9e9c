// SPDX-License-Identifier: Apache-2.0
#include "kernel/option_setter.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "kernel/attributes.h"
#include "kernel/diag_messages.h"
#include "kernel/process_files.h"
#include "kernel/socket_facts.h"

namespace netcut {
namespace {

constexpr unsigned state_bit(unsigned state) {
    return 1U << state;
}
// Of the kernel's net/tcp_states.h: those in which an option still has an effect.
constexpr unsigned established = 1, syn_sent = 2, fin_wait1 = 4, close_wait = 8;
constexpr unsigned settable_states = state_bit(established) | state_bit(syn_sent) | state_bit(fin_wait1) |
                                     state_bit(close_wait) | state_bit(listening);
// A socket that nobody is seen to have may be on its way to another process. Then that is told.
constexpr Nanoseconds patience = std::chrono::seconds(2);
constexpr Nanoseconds first_second_look = std::chrono::milliseconds(50),
                      longest_rest = std::chrono::seconds(10);
constexpr std::size_t most_sockets = 1 << 16;

// None: it has that value already.
std::optional<Result<void>> set_option(int socket, const SocketOption& option) {
    int now = 0;
    socklen_t size = sizeof(now);
    if (::getsockopt(socket, option.level, option.name, &now, &size) == 0 && now == option.value) return {};
    if (::setsockopt(socket, option.level, option.name, &option.value, sizeof(option.value)) != 0)
        return system_failure(fmt::format("set {} to {}", option.text, option.value));
    size = sizeof(now);
    if (::getsockopt(socket, option.level, option.name, &now, &size) != 0)
        return system_failure(fmt::format("read {} back", option.text));
    if (now != option.value)
        return machine_failure(fmt::format("set {} to {}", option.text, option.value),
                               fmt::format("it stays at {}", now));
    return Result<void>();
}

}  // namespace

Result<OptionSetter::Due> OptionSetter::find_due(NetlinkSocket& diag, Clock::time_point now) {
    for (auto& [inode, known] : known_) known.here = false;
    Due due;
    const auto take = [&](const nlmsghdr* message) {
        const auto* told = static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
        if (told->idiag_inode == 0 || known_.size() >= most_sockets) return;
        const bool listens = told->idiag_state == listening;
        const auto [found, is_new] = known_.try_emplace(told->idiag_inode);
        Known& known = found->second;
        known.here = true;
        if (is_new) {
            const TcpSocket socket = parse_socket(message);
            known.first = known.next = now;
            known.listens = listens;
            known.told = !listens && socket.remote.is_loopback();  // no connection of the node's network
            known.ends = listens ? socket.local.to_string() + ' ' + std::to_string(socket.local_port)
                                 : ends_of(socket);
        }
        if (!known.told && known.next <= now) due[told->idiag_inode] = &known;
    };
    NETCUT_TRY(
        list_sockets(diag, IPPROTO_TCP, 0, settable_states, "list the TCP connections of a node", take));
    std::erase_if(known_, [](const auto& one) { return !one.second.here; });
    return due;
}

void OptionSetter::set(std::uint64_t inode, Known& known, const ProcessFiles& process, int descriptor,
                       Clock::time_point now, std::vector<OptionsTried>& tried) const {
    OptionsTried told{.socket = known.ends,
                      .listens = known.listens,
                      .again = known.done,
                      .process = process.pid(),
                      .program = process.program()};
    bool changed = false;
    const auto socket = process.duplicate(descriptor);
    struct stat file {};
    // Its number may be another's by now.
    if (!socket || ::fstat(socket->get(), &file) != 0 || file.st_ino != inode) {
        if (now - known.first < patience) return;
        told.why = socket ? "its descriptor is another's now" : socket.error().text();
    }
    for (const SocketOption& option : options_) {
        if (!told.why.empty()) break;
        const auto outcome = set_option(socket->get(), option);
        changed = changed || outcome.has_value();
        if (outcome && !*outcome) told.why = outcome->error().text();
    }
    told.inherited = !known.done && !changed;
    known.told = !told.why.empty();
    known.next = now + std::clamp<Nanoseconds>(now - known.first, first_second_look, longest_rest);
    if (!known.done || changed || known.told) tried.push_back(std::move(told));
    known.done = true;
}

Result<std::vector<OptionsTried>> OptionSetter::look(pid_t outermost, NetlinkSocket& diag,
                                                     Clock::time_point now) {
    NETCUT_ASSIGN(Due due, find_due(diag, now));
    std::vector<OptionsTried> tried;
    if (due.empty()) return tried;
    const std::vector<pid_t> processes = processes_below(outermost);
    // The first is netcut-fl-init, as process 1 of the node.
    for (std::size_t i = 1; i < processes.size() && !due.empty(); ++i) {
        const ProcessFiles process(processes[i]);
        for (const auto& [descriptor, link] : process.descriptors()) {
            const auto inode = inode_of(link, "socket");
            const auto found = inode ? due.find(*inode) : due.end();
            if (found == due.end()) continue;
            set(found->first, *found->second, process, descriptor, now, tried);
            due.erase(found);
        }
    }
    for (const auto& [inode, known] : due) {
        if (now - known->first < patience) continue;
        known->told = true;
        tried.push_back({.socket = known->ends,
                         .listens = known->listens,
                         .again = known->done,
                         .why = "no process of the node was seen to have the socket"});
    }
    return tried;
}

}  // namespace netcut
