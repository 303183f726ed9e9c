// SPDX-License-Identifier: Apache-2.0
#include "kernel/option_setter.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/inet_diag.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <set>

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
constexpr unsigned settable_states =
    state_bit(established) | state_bit(syn_sent) | state_bit(fin_wait1) | state_bit(close_wait);
// The table of those that listen is the machine's, so that looking through it takes long; and most begin to listen early.
constexpr Nanoseconds first_list_rest = std::chrono::milliseconds(100),
                      longest_list_rest = std::chrono::seconds(5);
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
    if (!began_) began_ = lists_listening_ = now;
    const bool with_listening = now >= lists_listening_;
    if (with_listening)
        lists_listening_ =
            now + std::clamp<Nanoseconds>((now - *began_) / 4, first_list_rest, longest_list_rest);
    for (auto& [inode, known] : known_) known.here = known.listens && !with_listening;
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
    NETCUT_TRY(list_sockets(diag, IPPROTO_TCP, 0,
                            settable_states | (with_listening ? state_bit(listening) : 0),
                            "list the TCP connections of a node", take));
    std::erase_if(known_, [](const auto& one) { return !one.second.here; });
    return due;
}

bool OptionSetter::set(std::uint64_t inode, Known& known, Clock::time_point now,
                       std::vector<OptionsTried>& tried) const {
    const auto socket = duplicate_of(known.process, known.descriptor);
    struct stat file {};
    const bool is_gone = !socket && (socket.error().code == EBADF || socket.error().code == ESRCH);
    if (is_gone || (socket && (::fstat(socket->get(), &file) != 0 || file.st_ino != inode))) return false;
    OptionsTried told{
        .socket = known.ends, .listens = known.listens, .again = known.done, .process = known.process};
    bool changed = false;
    if (!socket) told.why = socket.error().text();
    for (const SocketOption& option : options_) {
        if (!told.why.empty()) break;
        const auto outcome = set_option(socket->get(), option);
        changed = changed || outcome.has_value();
        if (outcome && !*outcome) told.why = outcome->error().text();
    }
    told.inherited = !known.done && !changed;
    known.told = !told.why.empty();
    known.next = now + std::clamp<Nanoseconds>(now - known.first, first_second_look, longest_rest);
    known.missed.reset();
    if (!known.done || changed || known.told) {
        told.program = program_of(known.process);
        tried.push_back(std::move(told));
    }
    known.done = true;
    return true;
}

// In the tables of descriptors, but where known sockets are.
void OptionSetter::look_for(Due& due, pid_t outermost, Clock::time_point now,
                            std::vector<OptionsTried>& tried) const {
    std::set<std::pair<pid_t, int>> taken;
    for (const auto& [inode, known] : known_)
        if (known.process != 0) taken.emplace(known.process, known.descriptor);
    const std::vector<pid_t> processes = processes_below(outermost);
    // The first is netcut-fl-init, as process 1 of the node.
    for (std::size_t i = 1; i < processes.size() && !due.empty(); ++i)
        for (const int descriptor : descriptors_of(processes[i])) {
            if (taken.contains({processes[i], descriptor})) continue;
            const auto inode = inode_of(descriptor_link(processes[i], descriptor), "socket");
            const auto found = inode ? due.find(*inode) : due.end();
            if (found == due.end()) continue;
            Known& known = *found->second;
            known.process = processes[i];
            known.descriptor = descriptor;
            if (set(found->first, known, now, tried))
                due.erase(found);
            else
                known.process = 0;
        }
}

// It is just being closed, or on its way to another process; or nobody has it.
void OptionSetter::miss(Known& known, Clock::time_point now, std::vector<OptionsTried>& tried) {
    known.next = now + first_second_look;
    if (!known.missed) known.missed = now;
    if (known.done || now - *known.missed < patience) return;  // it had them when somebody had it
    known.told = true;
    tried.push_back({.socket = known.ends,
                     .listens = known.listens,
                     .why = "no process of the node was seen to have the socket"});
}

Result<std::vector<OptionsTried>> OptionSetter::look(pid_t outermost, NetlinkSocket& diag,
                                                     Clock::time_point now) {
    NETCUT_ASSIGN(Due due, find_due(diag, now));
    std::vector<OptionsTried> tried;
    std::erase_if(due, [&](const auto& one) {
        Known& known = *one.second;
        if (known.process != 0 && set(one.first, known, now, tried)) return true;
        known.process = 0;
        return false;
    });
    if (!due.empty()) look_for(due, outermost, now, tried);
    for (const auto& [inode, known] : due) miss(*known, now, tried);
    return tried;
}

}  // namespace netcut
