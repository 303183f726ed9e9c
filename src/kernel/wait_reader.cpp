// SPDX-License-Identifier: Apache-2.0
#include "kernel/wait_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <map>
#include <set>

#include "base/time.h"
#include "kernel/kernel_call.h"
#include "kernel/process_files.h"
#include "kernel/sockdiag.h"

namespace netcut {
namespace {

constexpr int deepest_epoll = 4;  // the kernel has one more
constexpr std::uint64_t alarm_bit = std::uint64_t{1} << (SIGALRM - 1);

Nanoseconds time_of(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + Nanoseconds(time.tv_nsec);
}

class Reader {
  public:
    explicit Reader(SocketTables tables) : tables_(std::move(tables)) {}

    WaitReading read(pid_t outermost) {
        const std::vector<pid_t> all = processes_below(outermost);
        // The first is netcut-fl-init, as process 1 of the node.
        for (std::size_t i = 1; i < all.size(); ++i) processes_.emplace_back(all[i]);
        if (all.empty()) could_not("its processes", "there are none");
        reading_.facts.processes = processes_.size();
        for (const ProcessFiles& process : processes_) note_holders(process);
        take_sockets();
        for (const ProcessFiles& process : processes_) take_threads(process);
        if (!all.empty()) take_init(all.front());
        finish_sockets();
        return std::move(reading_);
    }

  private:
    NodeWaits& facts() { return reading_.facts; }
    void mark(std::uint64_t value) { reading_.marks.push_back(value); }
    void could_not(const std::string& what, const std::string& why) {
        if (facts().unread.size() < most_unread)
            facts().unread.push_back(what + ": " + why);
        else
            ++facts().left_out;
    }
    static std::string name_of(const ProcessFiles& process) {
        return fmt::format("process {} ({})", process.pid(), process.program());
    }

    // --- sockets ---

    void note_holders(const ProcessFiles& process) {
        if (!process.failure().empty()) could_not(name_of(process), process.failure());
        for (const auto& [descriptor, link] : process.descriptors()) {
            // Its time-outs run in the kernel, and wake whoever waits for an eventfd.
            if (link == "anon_inode:[io_uring]") could_not(name_of(process), "what its io_uring waits for");
            const auto inode = inode_of(link, "socket");
            if (inode) holders_[*inode].push_back({&process, descriptor});
        }
    }

    void take_sockets() {
        if (!tables_.knows_unix_sockets) could_not("its Unix sockets", "this kernel does not list them");
        for (const TcpConnection& connection : tables_.connections) {
            if (connection.inode != 0) connections_[connection.inode] = facts().connections.size();
            facts().connections.push_back({connection.socket, connection.timers});
            mark_connection(connection);
        }
        for (const ListeningSocket& socket : tables_.listening) {
            listening_[socket.inode] = facts().listening.size();
            facts().listening.push_back({socket.address, socket.port, socket.waiting, socket.room});
            mark(socket.waiting);
        }
        for (const DatagramSocket& socket : tables_.datagrams) {
            datagrams_[socket.inode] = facts().datagrams.size();
            facts().datagrams.push_back({socket.local, socket.remote, socket.local_port, socket.remote_port,
                                         socket.receive_queue, socket.send_queue});
            mark(socket.receive_queue);
            mark(socket.send_queue);
        }
        for (const UnixSocket& socket : tables_.unix_sockets) unix_sockets_[socket.inode] = &socket;
    }

    void mark_connection(const TcpConnection& connection) {
        const TcpSocket& socket = connection.socket;
        for (const std::uint64_t value :
             {std::uint64_t{socket.local_port}, std::uint64_t{socket.remote_port}, connection.inode,
              std::uint64_t{std::hash<std::string>()(socket.state)}, std::uint64_t{socket.receive_queue},
              std::uint64_t{socket.send_queue}, socket.bytes_acked, socket.bytes_received,
              std::uint64_t{socket.data_segments_sent}, std::uint64_t{socket.total_retransmits}})
            mark(value);
    }

    void finish_sockets() {
        for (const auto& [inode, number] : connections_)
            take_holders(facts().connections[number], holders_[inode]);
        auto& all = facts().connections;
        const auto last = [](const ConnectionFacts& one) { return !one.awaited && one.holders.empty(); };
        if (all.size() > most_connections) {
            std::stable_partition(all.begin(), all.end(), [&](const auto& one) { return !last(one); });
            facts().left_out += all.size() - most_connections;
            all.erase(all.begin() + most_connections, all.end());
        }
        facts().left_out += cut(facts().waits, most_waits);
        facts().left_out += cut(facts().listening, most_connections);
        facts().left_out += cut(facts().datagrams, most_connections);
    }

    template <typename List>
    static std::size_t cut(List& list, std::size_t most) {
        const std::size_t all = list.size();
        if (all > most) list.erase(list.begin() + static_cast<std::ptrdiff_t>(most), list.end());
        return all - list.size();
    }

    struct Holder {
        const ProcessFiles* process;
        int descriptor;
    };

    void take_holders(ConnectionFacts& connection, const std::vector<Holder>& holders) {
        for (const Holder& holder : holders)
            if (connection.holders.size() < most_holders)
                connection.holders.push_back(
                    {holder.process->pid(), holder.process->program(), holder.descriptor});
            else
                ++connection.more_holders;
        if (holders.empty()) return;
        auto options = holders.front().process->socket_options(holders.front().descriptor);
        if (options)
            connection.options = std::move(*options);
        else
            could_not("the options of " + ends_of(connection.socket), options.error().text());
    }

    // --- threads ---

    void take_threads(const ProcessFiles& process) {
        if (!process.text("timers").empty()) facts().own_timers = true;
        bool any = false;
        for (const pid_t thread : process.threads()) {
            const ThreadStatus status = parse_thread_status(process.of_thread(thread, "status"));
            any = any || status.state != '?';
            if (status.state == 'Z' || status.state == 'X') continue;
            ++facts().threads;
            mark(static_cast<std::uint64_t>(thread));
            mark(status.switches);
            mark(static_cast<std::uint64_t>(status.state));
            if (status.state == 'R') mark(std::hash<std::string>()(process.of_thread(thread, "schedstat")));
            if ((status.caught & alarm_bit) != 0) facts().catches_alarm = true;
            add(read_thread(process, thread, status));
        }
        if (!any) could_not(name_of(process), "its threads cannot be read");
    }

    // After all others, whose end it is told of, and may not have had a CPU to tell us: then nothing is at rest.
    void take_init(pid_t pid) {
        const ProcessFiles init(pid);
        const ThreadStatus status = parse_thread_status(init.of_thread(pid, "status"));
        mark(status.switches);
        mark(static_cast<std::uint64_t>(status.state));
        if (status.state != 'S') add({.process = pid, .program = init.program(), .doing = ThreadDoing::runs});
    }

    ThreadFacts read_thread(const ProcessFiles& process, pid_t thread, const ThreadStatus& status) {
        ThreadFacts facts{.process = process.pid(), .program = process.program()};
        facts.doing = status.state == 'R'                          ? ThreadDoing::runs
                      : status.state == 'T' || status.state == 't' ? ThreadDoing::stopped
                      : status.state == 'D'                        ? ThreadDoing::uninterruptible
                      : status.state == 'S'                        ? ThreadDoing::waits
                                                                   : ThreadDoing::unknown;
        const auto call = parse_kernel_call(process.of_thread(thread, "syscall"));
        if (!call) {
            could_not(name_of(process), "what its threads wait for cannot be read (/proc/PID/syscall)");
            return facts;
        }
        if (call->runs) facts.doing = ThreadDoing::runs;
        if (facts.doing == ThreadDoing::runs) return facts;
        const CallWait wait =
            read_call(*call,
                      [&](std::uint64_t address, std::span<std::byte> bytes) {
                          return process.read_memory(address, bytes);
                      },
                      {time_of(CLOCK_MONOTONIC), time_of(CLOCK_REALTIME), time_of(CLOCK_BOOTTIME)});
        take_wait(process, wait, facts);
        return facts;
    }

    void take_wait(const ProcessFiles& process, const CallWait& wait, ThreadFacts& facts) {
        facts.call = wait.call;
        facts.end = wait.end;
        facts.ends_in = wait.ends_in;
        using Of = CallWait::Of;
        if (wait.of == Of::memory)
            facts.on.push_back({wait.shared_memory != 0 && process.shares_memory(wait.shared_memory)
                                    ? WaitObject::outside
                                    : WaitObject::memory,
                                -1, wait.shared_memory != 0 ? "shared memory" : ""});
        if (wait.of == Of::child) facts.on.push_back({WaitObject::child});
        if (wait.of == Of::signal) facts.on.push_back({WaitObject::signal});
        if (wait.of == Of::time) facts.on.push_back({WaitObject::time});
        for (const int descriptor : wait.descriptors)
            if (wait.of == Of::epoll)
                take_epoll(process, descriptor, facts, deepest_epoll);
            else
                take_descriptor(process, descriptor, wait, facts);
    }

    static void end_at(ThreadFacts& facts, Nanoseconds time) {
        if (facts.end == WaitEnd::unknown) return;
        facts.end = WaitEnd::in_time;
        facts.ends_in = facts.ends_in ? std::min(*facts.ends_in, time) : time;
    }

    void take_descriptor(const ProcessFiles& process, int descriptor, const CallWait& wait,
                         ThreadFacts& facts) {
        const std::string link = link_to(process, descriptor);
        if (wait.by_socket && inode_of(link, "socket")) {
            const auto options = process.socket_options(descriptor);
            if (!options) {
                could_not(name_of(process), options.error().text());
                facts.end = WaitEnd::unknown;
            } else if (const auto time = wait.writes ? options->send_timeout_ms : options->receive_timeout_ms;
                       time > 0) {
                end_at(facts, std::chrono::milliseconds(time));
            }
        }
        add_target(facts, target_of(process, descriptor, link, 0, wait.writes, facts, deepest_epoll));
    }

    static std::string link_to(const ProcessFiles& process, int descriptor) {
        const auto found = process.descriptors().find(descriptor);
        return found == process.descriptors().end() ? std::string() : found->second;
    }

    void take_epoll(const ProcessFiles& process, int epoll, ThreadFacts& facts, int depth) {
        const std::string info = process.info_of(epoll);
        if (info.empty() || depth == 0) return add_target(facts, {WaitObject::outside, epoll, "an epoll"});
        for (const PolledDescriptor& polled : parse_epoll(info))
            add_target(facts, target_of(process, polled.descriptor, link_to(process, polled.descriptor),
                                        polled.inode, false, facts, depth - 1));
    }

    // `inode` as epoll knows it, whatever the descriptor of that number is now; 0: any.
    WaitTarget target_of(const ProcessFiles& process, int descriptor, const std::string& link,
                         std::uint64_t inode, bool writes, ThreadFacts& facts, int depth) {
        const auto socket = inode_of(link, "socket"), pipe = inode_of(link, "pipe");
        const bool is_other = inode != 0 && (socket || pipe) && inode != socket.value_or(pipe.value_or(0));
        if (is_other || (link.empty() && inode != 0))
            return socket_target(inode, descriptor, "a closed descriptor");
        if (socket) return socket_target(*socket, descriptor, link);
        // We read what it prints.
        if (pipe) return {writes ? WaitObject::outside : WaitObject::pipe, descriptor, link};
        if (link == "anon_inode:[eventfd]") return {WaitObject::event, descriptor};
        if (link == "anon_inode:[pidfd]") return {WaitObject::child, descriptor};
        if (link == "anon_inode:[timerfd]") {
            if (const auto left = parse_timer(process.info_of(descriptor))) end_at(facts, *left);
            return {WaitObject::timer, descriptor};
        }
        if (link == "anon_inode:[signalfd]") {
            const bool alarm = (parse_signal_mask(process.info_of(descriptor)) & alarm_bit) != 0;
            return {alarm ? WaitObject::outside : WaitObject::signal, descriptor};
        }
        if (link == "anon_inode:[eventpoll]") {
            take_epoll(process, descriptor, facts, depth);
            return {WaitObject::event, descriptor, "an epoll"};
        }
        return {WaitObject::outside, descriptor, link};
    }

    WaitTarget socket_target(std::uint64_t inode, int descriptor, const std::string& otherwise) {
        if (const auto found = connections_.find(inode); found != connections_.end()) {
            ConnectionFacts& connection = facts().connections[found->second];
            connection.awaited = true;
            return {WaitObject::connection, descriptor, ends_of(connection.socket)};
        }
        if (const auto found = listening_.find(inode); found != listening_.end()) {
            ListeningFacts& socket = facts().listening[found->second];
            socket.awaited = true;
            return {WaitObject::listening, descriptor,
                    fmt::format("{} {}", socket.address.to_string(), socket.port)};
        }
        if (const auto found = datagrams_.find(inode); found != datagrams_.end()) {
            DatagramFacts& socket = facts().datagrams[found->second];
            socket.awaited = true;
            return {WaitObject::datagrams, descriptor,
                    fmt::format("{} {}", socket.local.to_string(), socket.local_port)};
        }
        const auto found = unix_sockets_.find(inode);
        if (found == unix_sockets_.end()) return {WaitObject::outside, descriptor, otherwise};
        const UnixSocket& socket = *found->second;
        const bool alone = socket.listens     ? !socket.has_path
                           : socket.peer == 0 ? !socket.has_path
                                              : holders_.contains(socket.peer);
        return {alone && socket.queue == 0 ? WaitObject::local_socket : WaitObject::outside, descriptor,
                "a Unix socket"};
    }

    // One of each kind is enough to judge, and a few are shown.
    static_assert(most_wait_targets > wait_object_words.size());
    static void add_target(ThreadFacts& facts, WaitTarget target) {
        const bool is_new = std::none_of(facts.on.begin(), facts.on.end(), [&](const WaitTarget& other) {
            return other.object == target.object;
        });
        if (facts.on.size() < most_wait_targets) return facts.on.push_back(std::move(target));
        ++facts.on_more;
        if (!is_new) return;
        // There are fewer kinds than places, so that one is there twice.
        const auto spare = std::find_if(facts.on.rbegin(), facts.on.rend(), [&](const WaitTarget& one) {
            return std::count_if(facts.on.begin(), facts.on.end(),
                                 [&](const WaitTarget& other) { return other.object == one.object; }) > 1;
        });
        *spare = std::move(target);
    }

    void add(ThreadFacts facts) {
        for (ThreadFacts& other : this->facts().waits)
            if (other.process == facts.process && other.doing == facts.doing && other.call == facts.call &&
                other.end == facts.end && other.on == facts.on) {
                ++other.count;
                if (facts.ends_in)
                    other.ends_in = std::min(other.ends_in.value_or(*facts.ends_in), *facts.ends_in);
                return;
            }
        this->facts().waits.push_back(std::move(facts));
    }

    SocketTables tables_;
    std::vector<ProcessFiles> processes_;
    std::map<std::uint64_t, std::vector<Holder>> holders_;  // of sockets, by inode
    std::map<std::uint64_t, std::size_t> connections_, listening_, datagrams_;
    std::map<std::uint64_t, const UnixSocket*> unix_sockets_;
    WaitReading reading_;
};

}  // namespace

Result<WaitReading> read_waits(pid_t outermost, NetlinkSocket& diag) {
    NETCUT_ASSIGN(SocketTables tables, read_socket_tables(diag));
    return Reader(std::move(tables)).read(outermost);
}

}  // namespace netcut
