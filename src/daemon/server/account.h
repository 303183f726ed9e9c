// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>

#include "base/time.h"
#include "daemon/limits.h"

namespace netcut {

// CPU time of the daemon that one user may take: a quarter of one CPU, and half a second at once after a rest. Who
// has taken more waits until it is paid for, so that nobody else does.
class CpuShare {
  public:
    void charge(Nanoseconds time);
    // How long the user's next request has to wait; not longer than a second, then it is to ask again.
    Nanoseconds wait();
    bool is_full();

  private:
    void refill();
    static constexpr Nanoseconds burst = std::chrono::milliseconds(500);
    static constexpr Nanoseconds longest = std::chrono::seconds(1);
    static constexpr int one_in = 4;
    Nanoseconds left_ = burst;
    Clock::time_point filled_ = Clock::now();
};

// What one user has of the daemon at this moment.
struct Account {
    unsigned connections = 0;    // that are served
    std::size_t body_bytes = 0;  // of requests that no worker has taken yet
    unsigned looks = 0;          // at files, each on a thread of its own
    CpuShare cpu;
    std::optional<Limits> limits;  // once they were looked up
};

// By uid, as long as they are in use or in debt.
class Accounts {
  public:
    std::shared_ptr<Account> of(uid_t user);

  private:
    std::map<uid_t, std::shared_ptr<Account>> accounts_;
};

// Holds a part of a count while it lives.
template <typename Count>
class Held {
  public:
    Held(std::shared_ptr<Account> account, Count Account::*count, Count amount)
        : account_(std::move(account)), count_(count), amount_(amount) {
        (*account_).*count_ += amount_;
    }
    ~Held() { (*account_).*count_ -= amount_; }
    Held(const Held&) = delete;
    Held& operator=(const Held&) = delete;

  private:
    std::shared_ptr<Account> account_;
    Count Account::*count_;
    Count amount_;
};

// Whom the handlers of the daemon's thread work for: each says so itself, and what it took is charged to that
// user when it returns.
class Bill {
  public:
    static void to(std::shared_ptr<Account> account);
    // As io.run().
    static void run(boost::asio::io_context& io);
};

}  // namespace netcut
