// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/account.h"

#include "base/thread.h"

namespace netcut {
namespace {

std::shared_ptr<Account> payer;  // of the handler that is running

}  // namespace

void CpuShare::refill() {
    const auto now = Clock::now();
    left_ = std::min(burst, left_ + (now - filled_) / one_in);
    filled_ = now;
}

void CpuShare::charge(Nanoseconds time) {
    refill();
    left_ -= time;
}

Nanoseconds CpuShare::wait() {
    refill();
    return std::clamp(-left_ * one_in, Nanoseconds(0), longest);
}

bool CpuShare::is_full() {
    refill();
    return left_ == burst;
}

std::shared_ptr<Account> Accounts::of(uid_t user) {
    if (const auto known = accounts_.find(user); known != accounts_.end()) return known->second;
    std::erase_if(accounts_,
                  [](const auto& one) { return one.second.use_count() == 1 && one.second->cpu.is_full(); });
    return accounts_.emplace(user, std::make_shared<Account>()).first->second;
}

void Bill::to(std::shared_ptr<Account> account) {
    payer = std::move(account);
}

void Bill::run(boost::asio::io_context& io) {
    Nanoseconds begin = thread_cpu_time();
    while (io.run_one() > 0) {
        const Nanoseconds end = thread_cpu_time();
        if (const auto account = std::exchange(payer, nullptr)) account->cpu.charge(end - begin);
        begin = end;
    }
}

}  // namespace netcut
