// SPDX-License-Identifier: Apache-2.0
#include "node/life.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <limits>

#include "base/time.h"
#include "kernel/rights.h"
#include "node/limits.h"
#include "node/stream.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut {
namespace {

// Wide enough that log lines are not wrapped: OpenFL's console handler wraps at the terminal's width.
constexpr winsize terminal_size{50, 200, 0, 0};
// For what is still in the pipes when the node's processes are dead.
constexpr auto drain_time = std::chrono::seconds(1);

Result<Fd> memory_file(const std::string& contents) {
    Fd fd(::memfd_create("node-file", MFD_CLOEXEC));
    if (!fd) return system_failure("create a memory file");
    NETCUT_TRY(write_all(fd.get(), contents, "write a memory file"));
    return fd;
}

struct Terminal {
    Fd master, slave;
};

// Made by the user, it is the user's.
Result<Terminal> open_terminal(const User& user) {
    const AsUser as_user(user);
    Fd master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!master || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0)
        return system_failure("open a pseudo-terminal", "raise the sysctl kernel.pty.max");
    char name[128];
    if (::ptsname_r(master.get(), name, sizeof(name)) != 0) return system_failure("name a pseudo-terminal");
    Fd slave(::open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    if (!slave) return system_failure("open the pseudo-terminal " + std::string(name));
    ::ioctl(master.get(), TIOCSWINSZ, &terminal_size);
    return Terminal{std::move(master), std::move(slave)};
}

// Orders go along it, and its end is the node's. A socket, since every order is then one message, and none of
// them can raise SIGPIPE.
Result<Pipe> make_lifeline() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return system_failure("create a socket pair");
    return Pipe{Fd(ends[0]), Fd(ends[1])};
}

// As /proc/PID/environ has it. A variable that cannot be one is left out.
std::string environment_text(const Environment& variables) {
    std::string text;
    for (const auto& [name, value] : variables) {
        const std::string entry = name + "=" + value;
        if (name.empty() || name.find('=') != std::string::npos || entry.find('\0') != std::string::npos)
            continue;
        text += entry + '\0';
    }
    return text;
}

std::string join_groups(const std::vector<gid_t>& groups) {
    return fmt::format("{}", fmt::join(groups, ","));
}

}  // namespace

Result<void> Node::Life::open_outputs(const NodeSpec& spec, Fd out_log, Fd err_log,
                                      std::array<Fd, 3>& stdio) {
    const auto add_pump = [&](Stream stream, Fd source, Fd log) {
        auto self = shared_from_this();
        pumps_.push_back(std::make_shared<LogPump>(
            io_, std::move(source), std::move(log), spec.name + " " + stream_name(stream),
            LogPump::Observer{[self, stream](std::string_view bytes) {
                                  if (self->running_) self->tell(&Observer::output, stream, bytes);
                              },
                              [self](Error error) { self->tell(&Observer::failed, std::move(error)); },
                              [self] {
                                  --self->open_streams_;
                                  self->finish_if_done();
                              }}));
    };
    if (spec.tty) {
        NETCUT_ASSIGN(Terminal terminal, open_terminal(spec.user));
        for (Fd& fd : stdio) fd = Fd(::fcntl(terminal.slave.get(), F_DUPFD_CLOEXEC, 3));
        add_pump(Stream::out, std::move(terminal.master), std::move(out_log));
        return {};
    }
    stdio[0] = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    // Made by the user, they are the user's: the node may open /dev/stdout.
    const AsUser as_user(spec.user);
    NETCUT_ASSIGN(Pipe out, make_pipe());
    stdio[1] = std::move(out.write);
    add_pump(Stream::out, std::move(out.read), std::move(out_log));
    if (spec.joined) {
        stdio[2] = Fd(::fcntl(stdio[1].get(), F_DUPFD_CLOEXEC, 3));
        return {};
    }
    NETCUT_ASSIGN(Pipe err, make_pipe());
    stdio[2] = std::move(err.write);
    add_pump(Stream::err, std::move(err.read), std::move(err_log));
    return {};
}

Result<void> Node::Life::start(const NodeSpec& spec, const NetNs* ns, Fd out_log, Fd err_log) {
    std::array<Fd, 3> stdio;
    NETCUT_TRY(open_outputs(spec, std::move(out_log), std::move(err_log), stdio));
    NETCUT_ASSIGN(Pipe lifeline, make_lifeline());
    NETCUT_ASSIGN(Pipe status, make_pipe());
    NETCUT_ASSIGN(const Fd hosts, memory_file(spec.hosts));
    NETCUT_ASSIGN(const Fd name_servers, memory_file(spec.name_servers));
    NETCUT_ASSIGN(const Fd environment, memory_file(environment_text(node_environment(spec))));
    const SoftLimits& limits = raise_limits();
    std::vector<std::string> arguments = {"--lifeline",    std::to_string(lifeline.read.get()),
                                          "--status",      std::to_string(status.write.get()),
                                          "--environment", std::to_string(environment.get()),
                                          "--cwd",         spec.cwd,
                                          "--uid",         std::to_string(spec.user.uid),
                                          "--gid",         std::to_string(spec.user.gid),
                                          "--open-files",  std::to_string(limits.open_files),
                                          "--processes",   std::to_string(limits.processes)};
    if (may_set_groups()) arguments.insert(arguments.end(), {"--groups", join_groups(spec.user.groups)});
    std::vector<int> inherited = {lifeline.read.get(), status.write.get(), environment.get()};
    if (ns != nullptr) {
        arguments.insert(arguments.end(), {"--netns", std::to_string(ns->fd()), "--hosts",
                                           std::to_string(hosts.get()), "--hostname", spec.name});
        inherited.insert(inherited.end(), {ns->fd(), hosts.get()});
    }
    if (ns != nullptr && !spec.name_servers.empty()) {
        arguments.insert(arguments.end(), {"--resolv", std::to_string(name_servers.get())});
        inherited.push_back(name_servers.get());
    }
    Fd syslog;
    if (spec.syslog) {
        NETCUT_ASSIGN(syslog, open_syslog());
        arguments.insert(arguments.end(), {"--syslog", std::to_string(syslog.get())});
        inherited.push_back(syslog.get());
    }
    if (spec.tty) arguments.emplace_back("--tty");
    arguments.emplace_back("--");
    arguments.insert(arguments.end(), spec.argv.begin(), spec.argv.end());
    NETCUT_TRY(process_.start(arguments, {stdio[0].get(), stdio[1].get(), stdio[2].get()}, inherited));
    lifeline_ = std::move(lifeline.write);
    running_ = true;
    status_.assign(status.read.release());
    open_streams_ = pumps_.size() + 1;
    for (const auto& pump : pumps_) pump->start();
    read_status();
    if (syslog_.is_open()) read_syslog();
    return {};
}

// Of the two descriptors one is for us; the node's first process gives the socket its place.
Result<Fd> Node::Life::open_syslog() {
    Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const int ours = ::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3);
    if (!socket || ours < 0) return system_failure("make a socket for /dev/log");
    syslog_.assign(ours);
    return socket;
}

void Node::Life::read_syslog() {
    constexpr int most_in_a_turn = 64;
    syslog_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [self = shared_from_this()](boost::system::error_code error) {
                           if (error || !self->running_) return;
                           self->take_syslog(most_in_a_turn);
                           if (self->syslog_.is_open()) self->read_syslog();
                       });
}

// "<13>Oct 11 22:14:15 name: text", perhaps with a line's end or a zero byte behind it (syslog(3), RFC 3164).
void Node::Life::take_syslog(int most) {
    std::array<char, 8192> buffer;
    for (int i = 0; i < most && syslog_.is_open(); ++i) {
        const ssize_t count = ::recv(syslog_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (count < 0) return;
        std::string_view message(buffer.data(), static_cast<std::size_t>(count));
        if (const std::size_t end = message.find('>'); message.starts_with('<') && end <= 4)
            message.remove_prefix(end + 1);
        while (message.ends_with('\n') || message.ends_with('\0')) message.remove_suffix(1);
        tell(&Observer::syslog, std::string(message) + '\n');
    }
}

void Node::Life::read_status() {
    status_.async_read_some(boost::asio::buffer(status_buffer_),
                            [self = shared_from_this()](boost::system::error_code error, std::size_t count) {
                                self->status_text_.append(self->status_buffer_.data(), count);
                                for (std::size_t end = 0;
                                     (end = self->status_text_.find('\n')) != std::string::npos;) {
                                    self->take_status(self->status_text_.substr(0, end));
                                    self->status_text_.erase(0, end + 1);
                                }
                                if (!self->observer_) return;  // abandoned
                                if (!error) return self->read_status();
                                --self->open_streams_;
                                self->limit_outputs();
                                self->finish_if_done();
                            });
}

void Node::Life::take_status(const std::string& line) {
    std::istringstream words(line);
    std::string kind;
    words >> kind;
    if (kind == "paused") return take_pause(words);
    std::int64_t number = 0;
    words >> number;
    if (kind == "ready") take_hosts_in_place();
    if (kind == "started") tell(&Observer::started);
    if (kind == "left") tell(&Observer::left_behind, static_cast<int>(number));
    if (kind == "exit") exit_ = ExitStatus{false, static_cast<int>(number)};
    if (kind == "signal") exit_ = ExitStatus{true, static_cast<int>(number)};
    if (kind == "failed") take_failure(static_cast<int>(number), words);
    if (kind == "resumed") {
        paused_ = false;
        tell(&Observer::resumed, Clock::time_point(Nanoseconds(number)));
    }
}

void Node::Life::take_hosts_in_place() {
    has_hosts_ = true;
    if (late_hosts_ == nullptr) return;
    if (auto written = rewrite_hosts(*late_hosts_); !written)
        tell(&Observer::failed, std::move(written).error());
}

void Node::Life::take_pause(std::istream& words) {
    std::int64_t signalled = 0;
    std::int64_t stopped = 0;
    Pause pause;
    words >> signalled >> stopped >> pause.processes >> pause.unstopped;
    pause.signalled = Clock::time_point(Nanoseconds(signalled));
    pause.stopped = Clock::time_point(Nanoseconds(stopped));
    paused_ = true;
    tell(&Observer::paused, pause);
}

void Node::Life::take_failure(int code, std::istream& words) {
    std::string attempt;
    std::getline(words >> std::ws, attempt);
    auto failure =
        system_failure(attempt, code,
                       code == ENOENT   ? "is it installed, and in PATH?"
                       : code == EDQUOT ? "each node takes one key: raise the sysctl kernel.keys.maxkeys"
                                        : "");
    failure.value().kind = attempt.starts_with("execute") || attempt.starts_with("change to")
                               ? Error::Kind::usage
                               : Error::Kind::machine;
    tell(&Observer::failed, std::move(failure).value());
}

// The tree is dead. An output that does not end now is held open by somebody outside of it.
void Node::Life::limit_outputs() {
    drain_timer_.expires_after(drain_time);
    drain_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (error || self->open_streams_ == 0) return;
        const bool held = std::any_of(self->pumps_.begin(), self->pumps_.end(),
                                      [](const auto& pump) { return pump->held(); });
        if (held) return self->limit_outputs();
        for (const auto& pump : self->pumps_) pump->stop();
        self->open_streams_ = 0;
        self->finish_if_done();
    });
}

void Node::Life::hold_outputs(bool held) {
    for (const auto& pump : pumps_) pump->hold(held);
}

void Node::Life::finish_if_done() {
    if (open_streams_ != 0 || !running_) return;
    drain_timer_.cancel();
    const ExitStatus outer = process_.wait();
    lifeline_.reset();
    take_syslog(std::numeric_limits<int>::max());
    boost::system::error_code ignored;
    syslog_.close(ignored);
    running_ = false;
    paused_ = false;
    // Without a report the node's first process was killed, and all with it.
    tell(&Observer::exited, exit_.value_or(outer));
}

Result<void> Node::Life::send(const init::Order& order, const std::string& attempt) {
    const ssize_t sent = ::send(lifeline_.get(), &order, sizeof(order), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0 || !lifeline_ || errno == EPIPE || errno == ECONNRESET) return {};
    return system_failure(attempt, errno == EAGAIN ? "its first process does not answer" : "");
}

// The outer process has the node's mounts, and its number cannot be anybody else's before we have reaped it.
Result<void> Node::Life::rewrite_hosts(const NodeSpec& spec) {
    if (!running_) return {};
    if (!has_hosts_) {
        late_hosts_ = &spec;
        return {};
    }
    const std::string path = fmt::format("/proc/{}/root/etc/hosts", process_.pid());
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd && (errno == ENOENT || errno == ESRCH)) return {};  // it is just ending
    const std::string attempt = "rewrite /etc/hosts of " + spec.name;
    if (!fd) return system_failure(attempt);
    NETCUT_TRY(write_all(fd.get(), spec.hosts, attempt));
    if (::ftruncate(fd.get(), static_cast<off_t>(spec.hosts.size())) != 0) return system_failure(attempt);
    return {};
}

void Node::Life::abandon() {
    observer_.reset();
    late_hosts_ = nullptr;
    lifeline_.reset();
    for (const auto& pump : pumps_) pump->stop();
    boost::system::error_code ignored;
    drain_timer_.cancel();
    status_.close(ignored);
    syslog_.close(ignored);
    if (running_) process_.wait();
    running_ = false;
    pumps_.clear();  // they refer to us
}

}  // namespace netcut
