// SPDX-License-Identifier: Apache-2.0
#include "kernel/keeper.h"

#include <linux/close_range.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/io.h"
#include "kernel/capabilities.h"
#include "kernel/precedence.h"

namespace netcut {
namespace {

struct Favour {
    enum class Kind { maps, room, precedence } kind = Kind::maps;
    pid_t thread = 0;
};

struct FavourWithSocket {
    Favour favour;
    int socket = -1;  // that came along with it
};

union OneSocket {
    cmsghdr header;
    std::array<char, CMSG_SPACE(sizeof(int))> bytes{};
};

// --- in the tool ---

constexpr int patience_ms = 100;

std::mutex keeper_mutex;
int keeper_socket = -1;

// False: errno says why.
bool ask_keeper(const Favour& favour, int socket = -1) {
    const std::lock_guard lock(keeper_mutex);
    if (keeper_socket < 0) return false;
    iovec part{const_cast<Favour*>(&favour), sizeof(favour)};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    OneSocket with;
    if (socket >= 0) {
        message.msg_control = with.bytes.data();
        message.msg_controllen = with.bytes.size();
        with.header.cmsg_level = SOL_SOCKET;
        with.header.cmsg_type = SCM_RIGHTS;
        with.header.cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(&with.header), &socket, sizeof(int));
    }
    int code = EPIPE;
    if (::sendmsg(keeper_socket, &message, MSG_NOSIGNAL) < 0) return false;
    while (::recv(keeper_socket, &code, sizeof(code), 0) < 0)
        if (errno != EINTR) return false;
    errno = code;
    return code == 0;
}

// --- in the keeper ---

FavourWithSocket next_favour(int channel) {
    FavourWithSocket next;
    iovec part{&next.favour, sizeof(next.favour)};
    OneSocket with;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = with.bytes.data();
    message.msg_controllen = with.bytes.size();
    ssize_t size = 0;
    while ((size = ::recvmsg(channel, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
    }
    if (size != sizeof(next.favour)) ::_exit(0);  // the tool is gone
    const cmsghdr* first = CMSG_FIRSTHDR(&message);
    if (first != nullptr && first->cmsg_type == SCM_RIGHTS)
        std::memcpy(&next.socket, CMSG_DATA(first), sizeof(next.socket));
    return next;
}

// What is granted at most: each takes memory or time of the machine's.
constexpr int most_rooms = 32, most_precedences = 2;

class KeptRights {
  public:
    KeptRights(int channel, pid_t tool, Ids ids) : channel_(channel), tool_(tool), ids_(std::move(ids)) {}

    [[noreturn]] void serve() {
        for (;;) {
            const FavourWithSocket next = next_favour(channel_);
            errno = EPERM;
            const int code = grant(next) ? 0 : errno;
            if (next.socket >= 0) ::close(next.socket);
            if (::send(channel_, &code, sizeof(code), MSG_NOSIGNAL) < 0) ::_exit(0);
        }
    }

  private:
    bool grant(const FavourWithSocket& next) {
        switch (next.favour.kind) {
            case Favour::Kind::maps:
                if (std::exchange(mapped_, true)) return false;
                return write_id_maps(tool_, ids_) && keep_little();
            case Favour::Kind::room:
                return mapped_ && rooms_++ < most_rooms && make_room(next.socket);
            case Favour::Kind::precedence:
                return mapped_ && is_of_tool(next.favour.thread) && precedences_++ < most_precedences &&
                       take_precedence(next.favour.thread);
        }
        return false;
    }

    static bool make_room(int socket) {
        const int room = 32 << 20;
        return ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) == 0;
    }

    // The tool waits for the answer, so that the number is still that thread's.
    bool is_of_tool(pid_t thread) const {
        return ::syscall(SYS_tgkill, tool_, thread, 0) == 0 || errno == EPERM;
    }

    bool keep_little() const {
        constexpr std::array<unsigned, 2> kept{CAP_NET_ADMIN, CAP_SYS_NICE};
        auto own = Capabilities::own();
        if (!own || (own->has(CAP_SETPCAP) && !bound_capabilities({}))) return false;
        own->keep_only(kept);
        if (!own->apply() || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
        return filter_calls();
    }

    bool filter_calls() const {
        const scmp_filter_ctx filter = ::seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (filter == nullptr) return false;
        int error = 0;
        for (const int call : {SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(close), SCMP_SYS(exit_group),
                               SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigreturn), SCMP_SYS(getpriority),
                               SCMP_SYS(sched_setattr)})
            if (error == 0) error = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 0);
        if (error == 0)
            error =
                ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                                   SCMP_A1(SCMP_CMP_EQ, SOL_SOCKET), SCMP_A2(SCMP_CMP_EQ, SO_RCVBUFFORCE));
        if (error == 0)
            error = ::seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A2(SCMP_CMP_EQ, 0));
        if (error == 0) error = ::seccomp_load(filter);
        ::seccomp_release(filter);
        errno = -error;
        return error == 0;
    }

    const int channel_;
    const pid_t tool_;
    const Ids ids_;
    bool mapped_ = false;
    int rooms_ = 0, precedences_ = 0;
};

[[noreturn]] void be_keeper(Fd channel, pid_t tool, const Ids& ids) {
    ::setsid();  // a Ctrl-C at the terminal is the tool's
    ::prctl(PR_SET_NAME, "netcut-fl-keep");
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != tool) ::_exit(0);
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    (void)!::chdir("/");
    ::dup2(channel.get(), 0);
    ::close_range(1, ~0U, 0);
    KeptRights(0, tool, ids).serve();
}

}  // namespace

Result<Keeper> Keeper::start(const Ids& ids) {
    const std::string attempt = "start the process that keeps rights over the machine";
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return system_failure(attempt);
    Fd ours(ends[0]), its(ends[1]);
    const pid_t tool = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return system_failure(attempt);
    if (pid == 0) be_keeper(std::move(its), tool, ids);
    keeper_socket = ours.release();
    return Keeper(pid);
}

Keeper::Keeper(Keeper&& other) noexcept : process_(std::exchange(other.process_, 0)) {}

Keeper::~Keeper() {
    if (process_ == 0) return;
    const std::lock_guard lock(keeper_mutex);
    ::close(std::exchange(keeper_socket, -1));
    // It ends by itself, unless root has stopped it: then it is not waited for.
    const Fd end(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
    pollfd ended{end.get(), POLLIN, 0};
    ::poll(&ended, 1, patience_ms);
    ::waitpid(process_, nullptr, WNOHANG);
}

bool Keeper::write_maps() {
    return ask_keeper({Favour::Kind::maps, 0});
}

void keeper_makes_room(int socket) {
    ask_keeper({Favour::Kind::room, 0}, socket);
}

void keeper_gives_precedence() {
    ask_keeper({Favour::Kind::precedence, ::gettid()});
}

}  // namespace netcut
