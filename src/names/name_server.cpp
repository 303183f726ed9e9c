// SPDX-License-Identifier: Apache-2.0
#include "names/name_server.h"

#include <arpa/nameser.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <random>

#include "base/io.h"
#include "base/thread.h"
#include "kernel/netns.h"
#include "names/dns_message.h"

namespace netcut {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t longest_question = 1024, longest_message = 65'535;
// What clients can make it keep: answers that wait, and connections, of all and of each client.
constexpr std::size_t most_waiting_answers = 1024, most_clients = 256, most_connections_each = 16;
constexpr auto idle_connection = std::chrono::seconds(10);
constexpr auto patience_upstream = std::chrono::seconds(2);  // of each server
constexpr std::size_t most_upstream = 3;                     // as resolv.conf(5)

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

std::array<std::uint8_t, 2> length_of(const DnsBytes& message) {
    return {static_cast<std::uint8_t>(message.size() >> 8), static_cast<std::uint8_t>(message.size())};
}

}  // namespace

class NameServer::Service {
  public:
    Service(Names names, std::vector<IpAddress> upstream)
        : names_(std::make_shared<const Names>(std::move(names))), upstream_(std::move(upstream)) {
        upstream_.resize(std::min(upstream_.size(), most_upstream));
    }

    Result<void> open(const NodeLink& place) {
        for (const IpAddress& address : place.addresses) {
            NETCUT_ASSIGN(Fd datagrams, bound(place.ns, address, SOCK_DGRAM));
            NETCUT_ASSIGN(Fd connections, bound(place.ns, address, SOCK_STREAM));
            const bool v6 = address.is_v6();
            datagrams_.emplace_back(io_, v6 ? udp::v6() : udp::v4(), datagrams.release());
            acceptors_.emplace_back(io_, v6 ? tcp::v6() : tcp::v4(), connections.release());
        }
        for (udp::socket& socket : datagrams_) asio::co_spawn(io_, serve_datagrams(socket), asio::detached);
        for (tcp::acceptor& acceptor : acceptors_) asio::co_spawn(io_, accept(acceptor), asio::detached);
        return {};
    }

    void run() { io_.run(); }
    void stop() { io_.stop(); }

    void set(Names names) {
        auto fresh = std::make_shared<const Names>(std::move(names));
        const std::lock_guard lock(mutex_);
        names_.swap(fresh);
    }

  private:
    // What is to be done with a question.
    struct Step {
        std::optional<DnsBytes> answer;
        Nanoseconds delay{0};  // before it is looked at again
        bool forward = false;
    };

    static Result<Fd> bound(const NetNs& ns, const IpAddress& address, int type) {
        Fd fd;
        const std::string attempt = "open the run's name server";
        NETCUT_TRY(ns.run([&]() -> Result<void> {
            fd = Fd(::socket(address.is_v6() ? AF_INET6 : AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
            return fd ? Result<void>{} : system_failure(attempt);
        }));
        const udp::endpoint end(address, dns_port);
        if (::bind(fd.get(), end.data(), static_cast<socklen_t>(end.size())) != 0 ||
            (type == SOCK_STREAM && ::listen(fd.get(), SOMAXCONN) != 0))
            return system_failure(attempt);
        return fd;
    }

    std::shared_ptr<const Names> names() {
        const std::lock_guard lock(mutex_);
        return names_;
    }

    // `waited`: its time to be late is over.
    Step step(std::span<const std::uint8_t> message, const IpAddress& client, bool waited) {
        const auto question = read_question(message);
        const auto code = [&](DnsCode why) { return Step{answer_to(message, question, why)}; };
        if (!question) return is_question_header(message) ? code(DnsCode::format_error) : Step{};
        if (!question->is_query) return code(DnsCode::not_implemented);
        const auto all = names();
        const auto records = [&](const DnsRecords& found) {
            return Step{answer_to(message, *question, found, static_cast<std::uint32_t>(all->ttl.count()))};
        };
        if (const auto found = all->addresses.find(question->name); found != all->addresses.end()) {
            const NameRule* rule = rule_of(*all, client, question->name);
            if (rule == nullptr || (rule->kind == NameRule::Kind::late && waited))
                return records({found->second, {}});
            if (rule->kind == NameRule::Kind::none) return code(DnsCode::name_error);
            if (rule->kind == NameRule::Kind::old) return records({all->nobody, {}});
            return {{}, rule->delay};
        }
        if (const auto found = all->by_reverse.find(question->name); found != all->by_reverse.end())
            return records({{}, found->second});
        if (upstream_.empty() || !all->forwarded.contains(client)) return code(DnsCode::name_error);
        return {{}, Nanoseconds(0), true};
    }

    static const NameRule* rule_of(const Names& names, const IpAddress& client, const std::string& name) {
        const auto rules = names.of_client.find(client);
        if (rules == names.of_client.end()) return nullptr;
        const auto rule = rules->second.find(name);
        return rule == rules->second.end() ? nullptr : &rule->second;
    }

    // Empty: there is none.
    asio::awaitable<DnsBytes> answer(DnsBytes message, IpAddress client, bool by_tcp) {
        Step next = step(message, client, false);
        if (next.answer) co_return *next.answer;
        if ((next.delay == Nanoseconds(0) && !next.forward) || waiting_ >= most_waiting_answers)
            co_return DnsBytes{};
        ++waiting_;
        if (next.delay > Nanoseconds(0)) {
            asio::steady_timer timer(io_, next.delay);
            co_await timer.async_wait(as_result);
            next = step(message, client, true);
        }
        DnsBytes found = next.answer.value_or(DnsBytes{});
        if (next.forward) found = co_await ask_upstream(message, by_tcp);
        --waiting_;
        co_return found;
    }

    asio::awaitable<void> serve_datagrams(udp::socket& socket) {
        std::array<std::uint8_t, longest_question> buffer;
        udp::endpoint client;
        for (;;) {
            const auto [error, size] =
                co_await socket.async_receive_from(asio::buffer(buffer), client, as_result);
            if (error == asio::error::operation_aborted) co_return;
            if (error) continue;  // an ICMP error of an answer before
            asio::co_spawn(io_,
                           answer_datagram(socket, DnsBytes(buffer.begin(), buffer.begin() + size), client),
                           asio::detached);
        }
    }

    asio::awaitable<void> answer_datagram(udp::socket& socket, DnsBytes message, udp::endpoint client) {
        const DnsBytes found = co_await answer(std::move(message), client.address(), false);
        if (!found.empty()) co_await socket.async_send_to(asio::buffer(found), client, as_result);
    }

    asio::awaitable<void> accept(tcp::acceptor& acceptor) {
        for (;;) {
            auto [error, socket] = co_await acceptor.async_accept(as_result);
            if (error == asio::error::operation_aborted) co_return;
            if (error) {  // no descriptor is left: others end
                asio::steady_timer timer(io_, std::chrono::milliseconds(100));
                co_await timer.async_wait(as_result);
                continue;
            }
            boost::system::error_code gone;
            const IpAddress client = socket.remote_endpoint(gone).address();
            std::size_t& of_client = connections_[client];
            if (gone || connected_ >= most_clients || of_client >= most_connections_each) continue;
            ++of_client;
            ++connected_;
            asio::co_spawn(io_, serve_connection(std::make_shared<tcp::socket>(std::move(socket)), client),
                           asio::detached);
        }
    }

    asio::awaitable<void> serve_connection(std::shared_ptr<tcp::socket> socket, IpAddress client) {
        bool goes_on = true;  // GCC 12 breaks a co_await that is in a condition itself
        while (goes_on) goes_on = co_await answer_one(socket, client);
        --connected_;
        if (--connections_[client] == 0) connections_.erase(client);
    }

    // Whether another question may follow.
    asio::awaitable<bool> answer_one(std::shared_ptr<tcp::socket> socket, IpAddress client) {
        const DnsBytes message = co_await read_message(socket, longest_question, idle_connection);
        if (message.empty()) co_return false;
        const DnsBytes found = co_await answer(message, client, true);
        if (found.empty()) co_return false;
        const bool written = co_await write_message(socket, found, idle_connection);
        co_return written;
    }

    // A socket that is closed when so much time is over, unless what waits for it has ended by then.
    template <typename Socket>
    std::shared_ptr<asio::steady_timer> close_after(const std::shared_ptr<Socket>& socket,
                                                    std::chrono::seconds patience) {
        auto timer = std::make_shared<asio::steady_timer>(io_, patience);
        timer->async_wait([socket, timer](boost::system::error_code cancelled) {
            boost::system::error_code ignored;
            if (!cancelled) socket->close(ignored);
        });
        return timer;
    }

    // Empty: it ended, was silent for too long, or the message is too long.
    asio::awaitable<DnsBytes> read_message(std::shared_ptr<tcp::socket> socket, std::size_t longest,
                                           std::chrono::seconds patience) {
        const auto timer = close_after(socket, patience);
        std::array<std::uint8_t, 2> length{};
        DnsBytes message;
        auto [error, size] = co_await asio::async_read(*socket, asio::buffer(length), as_result);
        const std::size_t wanted = static_cast<std::size_t>(length[0]) << 8 | length[1];
        if (!error && wanted <= longest) {
            message.resize(wanted);
            std::tie(error, size) = co_await asio::async_read(*socket, asio::buffer(message), as_result);
        }
        timer->cancel();
        if (error) message.clear();
        co_return message;
    }

    asio::awaitable<bool> write_message(std::shared_ptr<tcp::socket> socket, const DnsBytes& message,
                                        std::chrono::seconds patience) {
        const auto timer = close_after(socket, patience);
        const auto length = length_of(message);
        const std::array<asio::const_buffer, 2> parts = {asio::buffer(length), asio::buffer(message)};
        const auto [error, size] = co_await asio::async_write(*socket, parts, as_result);
        timer->cancel();
        co_return !error;
    }

    // In the machine's own network, one server after the other.
    asio::awaitable<DnsBytes> ask_upstream(DnsBytes message, bool by_tcp) {
        const std::array<std::uint8_t, 2> id = {message[0], message[1]};
        for (const IpAddress& server : upstream_) {
            message[0] = static_cast<std::uint8_t>(random_());
            message[1] = static_cast<std::uint8_t>(random_());
            DnsBytes found;
            if (by_tcp)
                found = co_await ask_by_tcp(server, message);
            else
                found = co_await ask_by_udp(server, message);
            const bool is_answer =
                found.size() > 2 && std::equal(found.begin(), found.begin() + 2, message.begin());
            if (!is_answer) continue;
            std::copy(id.begin(), id.end(), found.begin());
            co_return found;
        }
        std::copy(id.begin(), id.end(), message.begin());
        co_return answer_to(message, read_question(message), DnsCode::server_failure);
    }

    asio::awaitable<DnsBytes> ask_by_udp(const IpAddress& server, const DnsBytes& message) {
        const auto socket = std::make_shared<udp::socket>(io_);
        boost::system::error_code failed;
        socket->connect({server, dns_port}, failed);  // from a port of its own, which the kernel chooses
        if (failed) co_return DnsBytes{};
        const auto timer = close_after(socket, patience_upstream);
        DnsBytes found(longest_message);
        auto [error, size] = co_await socket->async_send(asio::buffer(message), as_result);
        if (!error) std::tie(error, size) = co_await socket->async_receive(asio::buffer(found), as_result);
        timer->cancel();
        found.resize(error ? 0 : size);
        co_return found;
    }

    asio::awaitable<DnsBytes> ask_by_tcp(const IpAddress& server, const DnsBytes& message) {
        const auto socket = std::make_shared<tcp::socket>(io_);
        const auto timer = close_after(socket, patience_upstream);
        const auto [error] = co_await socket->async_connect({server, dns_port}, as_result);
        timer->cancel();
        if (error) co_return DnsBytes{};
        const bool written = co_await write_message(socket, message, patience_upstream);
        if (!written) co_return DnsBytes{};
        DnsBytes found = co_await read_message(socket, longest_message, patience_upstream);
        co_return found;
    }

    asio::io_context io_{1};
    std::mutex mutex_;
    std::shared_ptr<const Names> names_;
    std::vector<IpAddress> upstream_;
    std::vector<udp::socket> datagrams_;
    std::vector<tcp::acceptor> acceptors_;
    std::size_t waiting_ = 0, connected_ = 0;
    std::map<IpAddress, std::size_t> connections_;
    std::random_device random_;
};

NameServer::NameServer(std::unique_ptr<Service> service) : service_(std::move(service)) {}

Result<std::unique_ptr<NameServer>> NameServer::start(const NodeLink& place, Names names,
                                                      std::vector<IpAddress> upstream) {
    auto service = std::make_unique<Service>(std::move(names), std::move(upstream));
    auto* raw = service.get();
    std::unique_ptr<NameServer> server(new NameServer(std::move(service)));
    NETCUT_TRY(raw->open(place));
    NETCUT_ASSIGN(server->thread_, start_thread("answer questions for names", [raw] { raw->run(); }));
    return server;
}

NameServer::~NameServer() {
    service_->stop();
    if (thread_.joinable()) thread_.join();
}

void NameServer::serve(Names names) {
    service_->set(std::move(names));
}

}  // namespace netcut
