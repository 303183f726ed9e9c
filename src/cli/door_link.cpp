// SPDX-License-Identifier: Apache-2.0
#include "cli/door_link.h"

#include <sys/socket.h>
#include <unistd.h>

#include <charconv>

#include "daemon/json_text.h"
#include "daemon/problem.h"
#include "kernel/process_files.h"
#include "kernel/process_tree.h"

namespace netcut::cli {
namespace {

constexpr std::size_t longest_door_answer = 1 << 20;
constexpr const char* reaching = "reach the run";

// While it lives, root connects as somebody else.
class As {
  public:
    explicit As(uid_t user) : before_(::geteuid()) {
        if (before_ == 0 && user != 0) switched_ = ::seteuid(user) == 0;
    }
    ~As() {
        if (switched_) (void)!::seteuid(before_);
    }
    As(const As&) = delete;
    As& operator=(const As&) = delete;

  private:
    uid_t before_;
    bool switched_ = false;
};

Result<ucred> peer_of(int connection) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return system_failure("ask the kernel whose run it is");
    return peer;
}

Result<void> check_owner(int connection, const DoorAddress& door) {
    NETCUT_ASSIGN(const ucred peer, peer_of(connection));
    if (peer.uid == door.user || peer.uid == 0) return {};
    return machine_failure(reaching,
                           "process " + std::to_string(peer.pid) + " of another user has taken its name",
                           "end that process, or ask whoever administers this machine");
}

// Its kernel takes what is sent to a process that is stopped, which never answers.
Result<void> check_it_runs(int connection) {
    NETCUT_ASSIGN(const ucred peer, peer_of(connection));
    const std::string process = std::to_string(peer.pid);
    const char state = parse_thread_status(read_proc("/proc/" + process + "/status")).state;
    if (state != 'T' && state != 't') return {};
    return Failure(Error{Error::Kind::machine, reaching, ETIMEDOUT,
                         "its process, " + process + ", is stopped", "let it go on: kill -CONT " + process});
}

}  // namespace

Result<Fd> connect_to_door(const DoorAddress& door) {
    const uid_t caller = ::geteuid();
    if (caller != 0 && caller != door.user)
        return usage_failure(reaching, "it is another user's", "ask that user, or use sudo");
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!connection) return system_failure(reaching);
    const timeval patience{std::chrono::seconds(patience_with_door).count(), 0};
    ::setsockopt(connection.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    socklen_t size = 0;
    const sockaddr_un address = door.address(size);
    const As as_user(door.user);
    if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        if (errno == ECONNREFUSED) return usage_failure(reaching, "it is not under way");
        return system_failure(reaching, "is it stopped? kill -CONT its process");
    }
    NETCUT_TRY(check_owner(connection.get(), door));
    return connection;
}

Result<Json> answer_in(const Message& message) {
    const bool has_status = message.kind == Message::Kind::answer || message.kind == Message::Kind::refused;
    const std::string words = has_status && message.words.size() == 2 ? message.words[0] : "";
    unsigned status = 0;
    std::from_chars(words.data(), words.data() + words.size(), status);
    if (status == 0)
        return internal_failure(reaching, "it does not answer as a run does",
                                "is it of the same version of netcut-fl?");
    if (status >= 400) return Failure(error_of_problem(status, message.words[1]));
    return parse_json(message.words[1], "read what the run answers");
}

Result<Fd> connect_to_running(const DoorAddress& door) {
    NETCUT_ASSIGN(Fd connection, connect_to_door(door));
    NETCUT_TRY(check_it_runs(connection.get()));
    return connection;
}

Result<Json> ask_door(const DoorAddress& door, Message message, std::chrono::seconds patience) {
    NETCUT_ASSIGN(Fd connection, connect_to_running(door));
    boost::asio::io_context io;
    std::optional<Message> answer;
    bool closed = false;
    const auto channel =
        std::make_shared<Channel>(io.get_executor(), std::move(connection), longest_door_answer,
                                  Channel::Observer{[&](Message heard) {
                                                        answer = std::move(heard);
                                                        io.stop();
                                                    },
                                                    [&](bool) {
                                                        closed = true;
                                                        io.stop();
                                                    }});
    message.id = 1;
    channel->start();
    channel->send(message);
    io.run_for(patience);
    channel->close();
    if (answer) return answer_in(*answer);
    if (closed) return usage_failure(reaching, "it has ended");
    return Failure(Error{Error::Kind::machine, reaching, ETIMEDOUT, "it does not answer",
                         "is it stopped? kill -CONT its process"});
}

}  // namespace netcut::cli
