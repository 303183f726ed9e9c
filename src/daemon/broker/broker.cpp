// SPDX-License-Identifier: Apache-2.0
#include "daemon/broker/broker.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/signalfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <thread>

#include "base/error.h"
#include "daemon/broker/parcel.h"
#include "daemon/broker/peer.h"
#include "daemon/broker/rights.h"
#include "daemon/flat_words.h"
#include "folder/folder.h"
#include "user/user.h"

namespace netcut {
namespace {

constexpr int between_tidying_ms = 100;

std::vector<std::string> words_of_error(const Error& error) {
    return {word_of(error.kind), error.attempt, std::to_string(error.code), error.reason, error.hint};
}

class BrokerLoop {
  public:
    BrokerLoop(Fd daemon, const BrokerSettings& settings, std::optional<RunGroups>& groups)
        : daemon_(std::make_shared<const Fd>(std::move(daemon))), settings_(settings), groups_(groups) {
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child, nullptr);
        exits_ = Fd(::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK));
        null_ = Fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
    }

    void run() {
        std::array<pollfd, 2> watched{pollfd{daemon_->get(), POLLIN, 0}, pollfd{exits_.get(), POLLIN, 0}};
        for (;;) {
            const int patience = groups_ && !groups_->is_tidy() ? between_tidying_ms : -1;
            if (::poll(watched.data(), watched.size(), patience) < 0) continue;
            if (groups_) groups_->tidy();
            if (watched[1].revents != 0) tell_exits();
            if (watched[0].revents == 0) continue;
            auto parcel = receive_parcel(daemon_->get());
            if (!parcel) break;
            take(std::move(*parcel));
        }
        for (const auto& [pid, child] : children_) ::kill(pid, SIGKILL);
        for (const auto& [pid, child] : children_) {
            ::waitpid(pid, nullptr, 0);
            if (groups_) groups_->end(child.group);
        }
    }

  private:
    struct Child {
        std::uint64_t id;   // by which the daemon calls it
        std::string group;  // control group; empty: it has none
    };

    void take(Parcel parcel) {
        switch (parcel.message.kind) {
            case Message::Kind::launch:
                return launch(parcel);
            case Message::Kind::kill:
                for (const auto& [pid, child] : children_)
                    if (child.id == parcel.message.id) ::kill(pid, SIGKILL);
                return;
            case Message::Kind::open:
                return open(std::move(parcel));
            default:
                return;
        }
    }

    // Whose request it is. A socket of another address may have been made by anybody.
    Result<Peer> asker(const Parcel& parcel) const {
        const std::string attempt = "see who asks";
        if (parcel.fds.empty() || bound_name(parcel.fds.front().get()) != settings_.socket)
            return usage_failure(attempt, "this is no connection to the daemon's socket");
        return peer_of(parcel.fds.front().get());
    }

    void launch(const Parcel& parcel) {
        const std::uint64_t id = parcel.message.id;
        Child child{id, {}};
        auto pid = started(parcel, child.group);
        if (pid) {
            children_.emplace(*pid, std::move(child));
            return;
        }
        if (!child.group.empty()) groups_->end(child.group);
        (void)send_parcel(daemon_->get(), {Message::Kind::exited, id, words_of_error(pid.error())});
    }

    Result<pid_t> started(const Parcel& parcel, std::string& group) const {
        NETCUT_ASSIGN(const Peer peer, asker(parcel));
        FlatWords words(parcel.message.words);
        const std::string program = words.text();
        Limits limits;
        limits.processes = words.number<unsigned>();
        limits.log_bytes = words.number<std::uint64_t>();
        limits.memory = words.number<std::uint64_t>();
        if (!words.complete() || parcel.fds.size() != 3)
            return usage_failure("start a program", "the request makes no sense");
        if (groups_) {
            NETCUT_ASSIGN(group, groups_->make(peer.uid, parcel.message.id, limits));
        }
        return spawn(arguments(peer, limits, group, program), parcel.fds[1].get(), parcel.fds[2].get());
    }

    std::vector<std::string> arguments(const Peer& peer, const Limits& limits, const std::string& group,
                                       const std::string& program) const {
        std::vector<std::string> words = {settings_.folder + "/netcut-fl-launch",
                                          "--uid",
                                          std::to_string(peer.uid),
                                          "--gid",
                                          std::to_string(peer.gid),
                                          "--groups",
                                          number_list(peer.groups),
                                          "--processes",
                                          std::to_string(limits.processes),
                                          "--file-bytes",
                                          std::to_string(limits.log_bytes)};
        if (!settings_.hidden.empty()) words.insert(words.end(), {"--hide", settings_.hidden});
        if (!group.empty()) words.insert(words.end(), {"--control-group", group});
        if (program == "worker")
            words.insert(words.end(), {"--", settings_.folder + "/netcut-fl-worker"});
        else
            words.insert(words.end(), {"--", settings_.folder + "/netcut-fl", "doctor", "--json"});
        return words;
    }

    // Nothing of the daemon's or of a user's environment is in its own.
    Result<pid_t> spawn(const std::vector<std::string>& arguments, int in, int out) const {
        static const char* const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", nullptr};
        std::vector<char*> argv;
        for (const std::string& word : arguments) argv.push_back(const_cast<char*>(word.c_str()));
        argv.push_back(nullptr);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_t attributes;
        ::posix_spawnattr_init(&attributes);
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawn_file_actions_t files;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
        // What the user's process prints is not for the daemon's terminal.
        ::posix_spawn_file_actions_adddup2(&files, null_.get(), STDERR_FILENO);
        pid_t pid = -1;
        const int code = ::posix_spawn(&pid, argv.front(), &files, &attributes, argv.data(),
                                       const_cast<char* const*>(environment));
        ::posix_spawn_file_actions_destroy(&files);
        ::posix_spawnattr_destroy(&attributes);
        if (code != 0) return system_failure("start " + arguments.front(), code, "install the program whole");
        return pid;
    }

    void tell_exits() {
        signalfd_siginfo ignored{};
        while (::read(exits_.get(), &ignored, sizeof(ignored)) > 0) {
        }
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
            const auto child = children_.find(pid);
            if (child == children_.end()) continue;
            if (groups_) groups_->end(child->second.group);
            // A daemon that is gone is seen by the next poll.
            (void)send_parcel(daemon_->get(),
                              {Message::Kind::exited, child->second.id, {std::to_string(status)}});
            children_.erase(child);
        }
    }

    // Its disk may not answer for ever: on a thread of its own, which may outlive everything but the process.
    void open(Parcel parcel) const {
        const std::uint64_t id = parcel.message.id;
        auto peer = asker(parcel);
        if (!peer) return tell_file(daemon_, id, Failure(peer.error()));
        try {
            std::thread([daemon = daemon_, id, peer = std::move(*peer), words = parcel.message.words] {
                tell_file(daemon, id, opened(peer, words));
            }).detach();
        } catch (const std::system_error& error) {
            tell_file(daemon_, id, system_failure("start a thread", error.code().value()));
        }
    }

    static Result<Fd> opened(const Peer& peer, const std::vector<std::string>& given) {
        FlatWords words(given);
        const std::string folder = words.text(), file = words.text();
        User user;
        user.uid = words.number<uid_t>();
        user.gid = words.number<gid_t>();
        user.groups = words.numbers<gid_t>();
        if (!words.complete() || (!peer.is_root() && peer.uid != user.uid))
            return usage_failure("read " + file, "it is of another user's run");
        if (!peer.is_root()) {
            user.gid = peer.gid;
            user.groups = peer.groups;
        }
        keep_rights_to_be_a_user();
        NETCUT_ASSIGN(const RunFolder of_the_run, RunFolder::open(folder, user));
        return of_the_run.open_file(file);
    }

    static void tell_file(const std::shared_ptr<const Fd>& daemon, std::uint64_t id, Result<Fd> file) {
        if (file) {
            const std::array<int, 1> fds{file->get()};
            (void)send_parcel(daemon->get(), {Message::Kind::file, id, {}}, fds);
            return;
        }
        (void)send_parcel(daemon->get(), {Message::Kind::file, id, words_of_error(file.error())});
    }

    std::shared_ptr<const Fd> daemon_;
    const BrokerSettings& settings_;
    Fd exits_, null_;
    std::optional<RunGroups>& groups_;
    std::map<pid_t, Child> children_;
};

}  // namespace

void serve_as_broker(Fd daemon, const BrokerSettings& settings, std::optional<RunGroups>& groups) {
    BrokerLoop(std::move(daemon), settings, groups).run();
}

std::string bound_name(int socket) {
    sockaddr_un address{};
    socklen_t size = sizeof(address);
    if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
    constexpr std::size_t before = offsetof(sockaddr_un, sun_path);
    if (address.sun_family != AF_UNIX || size <= before) return {};
    const std::string name(address.sun_path, std::min<std::size_t>(size - before, sizeof(address.sun_path)));
    return name.starts_with('\0') ? name : name.substr(0, name.find('\0'));  // an abstract one has no end
}

}  // namespace netcut
