// SPDX-License-Identifier: Apache-2.0
#include "bench/delay_proxy.h"

#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>

#include "bench/namespaces.h"
#include "bench/passage.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

// One direction: a thread reads, this one writes what has waited.
class Way {
  public:
    Way(int from, int to, Nanoseconds delay) : from_(from), to_(to), delay_(delay) {}
    void run() {
        std::thread reader([this] { read(); });
        write();
        reader.join();
    }

  private:
    void read() {
        constexpr std::size_t most_at_once = 256 * 1024;
        std::string buffer(most_at_once, '\0');
        for (;;) {
            const auto size = ::recv(from_, buffer.data(), buffer.size(), 0);
            const std::lock_guard lock(mutex_);
            waiting_.emplace_back(Clock::now() + delay_,
                                  buffer.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0));
            changed_.notify_one();
            if (size <= 0) return;
        }
    }
    void write() {
        ::prctl(PR_SET_TIMERSLACK, 1UL);
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty(); });
            const auto [due, bytes] = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            std::this_thread::sleep_until(due);
            if (bytes.empty()) {
                ::shutdown(to_, SHUT_WR);
                return;
            }
            if (!write_all(to_, bytes, "send")) return;
        }
    }

    int from_, to_;
    Nanoseconds delay_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::pair<Clock::time_point, std::string>> waiting_;
};

void serve(const Fd& listener, const Fd& onward, Nanoseconds delay) {
    const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    const sockaddr_in target = passage_at(aggregator_address);
    if (::connect(onward.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) return;
    const int on = 1;
    for (const Fd* end : {&client, &onward})
        ::setsockopt(end->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Way up(client.get(), onward.get(), delay), down(onward.get(), client.get(), delay);
    std::thread other([&] { down.run(); });
    up.run();
    other.join();
}

}  // namespace

DelayProxy::DelayProxy(int ns, Nanoseconds delay) {
    Fd listener, onward;
    in_namespace(ns, [&] {
        listener = listen_at(port);
        onward = open_passage();
    });
    thread_ = std::thread([listener = std::move(listener), onward = std::move(onward), delay] {
        serve(listener, onward, delay);
    });
}

}  // namespace netcut::bench
