// SPDX-License-Identifier: Apache-2.0
#include "daemon/door.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/io.h"
#include "daemon/channel.h"
#include "daemon/door_address.h"
#include "daemon/problem.h"

namespace netcut {
namespace {

constexpr int connections_in_line = 16;
constexpr std::size_t most_clients = 32;
constexpr std::size_t max_request = 160 << 10;  // a fault, or a piece of a command's input, and a little more
// Of answers that a client has not read, before it is heard again.
constexpr std::size_t most_unread_answers = 256 << 10;
// A client that says much shares the thread that cuts.
constexpr Nanoseconds between_reads = std::chrono::milliseconds(1);
constexpr auto until_accepted = std::chrono::milliseconds(100);

std::optional<uid_t> uid_of_peer(int connection) {
    ucred peer{};
    socklen_t size = sizeof(peer);
    if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
    return peer.uid;
}

// In a user namespace, everybody whom it does not know seems to have this id.
uid_t id_of_unknown_users() {
    return static_cast<uid_t>(std::atol(read_file("/proc/sys/kernel/overflowuid").value_or("65534").c_str()));
}

}  // namespace

struct Door::Client {
    std::shared_ptr<Channel> channel;
    std::optional<RunRequests> requests;
    bool gone = false;
};

Result<void> Door::open() {
    const std::string attempt = "let the run be looked into while it is under way";
    const uid_t user = folder_.user().uid;
    if (user == id_of_unknown_users())
        return usage_failure(attempt, "its user cannot be told from others", "run it as another user");
    const Fd folder(::open(folder_.path_that_stays().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    NETCUT_ASSIGN(const DoorAddress door, DoorAddress::of_folder(user, folder.get()));
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    socklen_t size = 0;
    const sockaddr_un address = door.address(size);
    if (!socket || ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(socket.get(), connections_in_line) != 0)
        return system_failure(attempt, errno == EADDRINUSE ? "another process has taken its name" : "");
    id_ = door.id;
    listener_.assign(socket.release());
    await();
    return {};
}

void Door::await() {
    listener_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this](boost::system::error_code error) {
                             if (error) return;
                             if (accept()) return await();
                             // Too many open files, say: it gets better when somebody goes.
                             pause_.expires_after(until_accepted);
                             pause_.async_wait([this](boost::system::error_code ended) {
                                 if (!ended) await();
                             });
                         });
}

bool Door::accept() {
    std::erase_if(clients_, [](const auto& client) { return client->gone && client->requests->over(); });
    Fd connection(::accept4(listener_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) return errno == EAGAIN || errno == ECONNABORTED;
    const auto peer = uid_of_peer(connection.get());
    if (!peer || (*peer != folder_.user().uid && *peer != 0)) return true;  // it is told nothing
    if (clients_.size() < most_clients) {
        admit(std::move(connection));
        return true;
    }
    const Problem problem =
        problem_of(429, "Too many clients", "32 ask this run for something; wait for their end");
    const std::string bytes =
        encoded({Message::Kind::refused, 0, {std::to_string(problem.status), problem.body}});
    (void)!::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return true;
}

void Door::admit(Fd connection) {
    const auto client = std::make_shared<Client>();
    const std::weak_ptr<Client> weak = client;
    Channel::Observer observer;
    observer.message = [this, weak](const Message& message) {
        if (const auto self = weak.lock()) take(*self, message);
    };
    observer.closed = [this, weak](bool) {
        if (const auto self = weak.lock()) leave(*self);
    };
    observer.pause = [] { return between_reads; };
    observer.most_unread = most_unread_answers;
    client->channel = std::make_shared<Channel>(io_.get_executor(), std::move(connection), max_request,
                                                std::move(observer));
    client->requests.emplace(engine_, client->channel);
    clients_.push_back(client);
    client->channel->start();
}

void Door::take(Client& client, const Message& message) {
    if (message.kind == Message::Kind::show && message.words.empty())
        return client.channel->send(
            {Message::Kind::answer,
             message.id,
             {"200", description().dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"}});
    if (client.requests->take(message)) return;
    client.channel->close();
    leave(client);
}

void Door::leave(Client& client) {
    client.gone = true;
    client.requests->leave();
}

Json Door::description() const {
    return {{"id", id_},
            {"name", name_},
            {"folder", folder_.path()},
            {"user", folder_.user().name},
            {"state", "running"},
            {"created", created_},
            {"process", ::getpid()}};
}

}  // namespace netcut
