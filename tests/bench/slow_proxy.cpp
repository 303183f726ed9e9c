// SPDX-License-Identifier: Apache-2.0
#include "bench/slow_proxy.h"

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
    Way(int from, int to, Slowness slowness) : from_(from), to_(to), slowness_(slowness) {}
    void run() {
        std::thread reader([this] { read(); });
        write();
        end();
        reader.join();
    }

  private:
    void read() {
        std::string buffer(most_at_once, '\0');
        for (;;) {
            const auto size = ::recv(from_, buffer.data(), buffer.size(), 0);
            std::unique_lock lock(mutex_);
            waiting_.emplace_back(Clock::now() + slowness_.delay,
                                  buffer.substr(0, size > 0 ? static_cast<std::size_t>(size) : 0));
            changed_.notify_all();
            if (size <= 0) return;
            if (is_limited()) changed_.wait(lock, [this] { return waiting_.empty() || ended_; });
            if (ended_) return;
        }
    }
    void write() {
        ::prctl(PR_SET_TIMERSLACK, 1UL);
        for (;;) {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return !waiting_.empty(); });
            const auto [due, bytes] = std::move(waiting_.front());
            waiting_.pop_front();
            changed_.notify_all();
            lock.unlock();
            std::this_thread::sleep_until(due);
            if (bytes.empty()) {
                ::shutdown(to_, SHUT_WR);
                return;
            }
            if (!pass(bytes)) return;
        }
    }
    // Nothing is written any more: then nothing need be read.
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        ::shutdown(from_, SHUT_RD);
        changed_.notify_all();
    }
    bool is_limited() const { return slowness_.bytes_per_second > 0; }
    // A hundredth of a second's worth at once, if that is limited.
    bool pass(std::string_view bytes) {
        if (!is_limited()) return write_all(to_, bytes, "send").has_value();
        const auto most = static_cast<std::size_t>(slowness_.bytes_per_second / 100);
        for (; !bytes.empty(); bytes.remove_prefix(std::min(most, bytes.size()))) {
            std::this_thread::sleep_until(next_);
            if (!write_all(to_, bytes.substr(0, most), "send")) return false;
            next_ =
                std::max(next_, Clock::now() - std::chrono::milliseconds(20)) + std::chrono::milliseconds(10);
        }
        return true;
    }

    static constexpr std::size_t most_at_once = 256 * 1024;
    int from_, to_;
    Slowness slowness_;
    std::mutex mutex_;
    bool ended_ = false;
    std::condition_variable changed_;
    std::deque<std::pair<Clock::time_point, std::string>> waiting_;
    Clock::time_point next_{};  // when the next bytes may pass
};

void serve(const Fd& listener, const Fd& onward, Slowness slowness) {
    const Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    const sockaddr_in target = passage_at(aggregator_address);
    if (::connect(onward.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)) != 0) return;
    const int on = 1;
    for (const Fd* end : {&client, &onward})
        ::setsockopt(end->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    Way up(client.get(), onward.get(), slowness), down(onward.get(), client.get(), slowness);
    std::thread other([&] { down.run(); });
    up.run();
    other.join();
}

}  // namespace

SlowProxy::SlowProxy(int ns, Slowness slowness) {
    Fd listener, onward;
    in_namespace(ns, [&] {
        listener = listen_at(port);
        onward = open_passage();
    });
    thread_ = std::thread([listener = std::move(listener), onward = std::move(onward), slowness] {
        serve(listener, onward, slowness);
    });
}

}  // namespace netcut::bench
