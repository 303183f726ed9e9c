// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl-proxy ADDRESS...: the proxy of a site. It listens at each of these addresses, and says on its standard output what it
// relays (proxy/relay.h). Whoever started it ends it.
#include <fcntl.h>
#include <sys/resource.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/io.h"
#include "proxy/program/tunnel.h"

namespace netcut::proxy {
namespace {

namespace asio = boost::asio;
constexpr auto awaiting = asio::as_tuple(asio::use_awaitable);
// A connection takes two descriptors, and two buffers.
constexpr std::size_t most_tunnels = 4096;

class Server {
  public:
    Server(asio::io_context& io, std::vector<IpAddress> own) : io_(io), own_(std::move(own)) {}

    void listen() {
        for (const IpAddress& address : own_) {
            auto& acceptor = *acceptors_.emplace_back(std::make_unique<Tcp::acceptor>(io_));
            acceptor.open(address.is_v6() ? Tcp::v6() : Tcp::v4());
            acceptor.set_option(Tcp::acceptor::reuse_address(true));
            acceptor.bind({address, proxy_port});
            acceptor.listen();
            asio::co_spawn(io_, accept(acceptor), asio::detached);
        }
    }

  private:
    // Those that there is no room for wait until others have ended.
    asio::awaitable<void> accept(Tcp::acceptor& acceptor) {
        asio::steady_timer pause(io_);
        while (true) {
            if (tunnels_ < most_tunnels) {
                auto [error, socket] = co_await acceptor.async_accept(awaiting);
                if (!error) {
                    asio::co_spawn(io_, serve(std::move(socket)), asio::detached);
                    continue;
                }
            }
            pause.expires_after(std::chrono::milliseconds(50));
            co_await pause.async_wait(awaiting);
        }
    }

    asio::awaitable<void> serve(Tcp::socket socket) {
        ++tunnels_;
        auto tunnel =
            std::shared_ptr<Tunnel>(new Tunnel(++last_, std::move(socket), own_), [this](Tunnel* one) {
                delete one;
                --tunnels_;
            });
        co_await tunnel->serve();
    }

    asio::io_context& io_;
    const std::vector<IpAddress> own_;
    std::vector<std::unique_ptr<Tcp::acceptor>> acceptors_;
    std::size_t tunnels_ = 0;
    std::uint64_t last_ = 0;
};

void raise_limit_of_files() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int count, char** words) {
    std::vector<IpAddress> own;
    for (int i = 1; i < count; ++i) own.push_back(asio::ip::make_address(words[i]));
    raise_limit_of_files();
    asio::io_context io(1);
    Server server(io, std::move(own));
    server.listen();
    if (!write_all(STDOUT_FILENO, std::string(proxy_listens) + "\n", "tell that it listens"))
        return EXIT_FAILURE;
    io.run();
    return EXIT_SUCCESS;
}

}  // namespace
}  // namespace netcut::proxy

int main(int count, char** words) {
    try {
        return netcut::proxy::run(count, words);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "netcut-fl-proxy: cannot relay at these addresses: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
