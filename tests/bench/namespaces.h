// SPDX-License-Identifier: Apache-2.0
//
// Work in network namespaces and on chosen cores.
#pragma once

#include <atomic>
#include <functional>
#include <thread>

#include "base/io.h"
#include "bench/raw_netlink.h"

namespace netcut::bench {

// Runs `work` on a thread that is in the namespace, and waits for it; what it throws is thrown here.
void in_namespace(int ns, const std::function<void()>& work);
// As above, in a namespace that lives no longer than what `work` keeps of it.
void in_new_namespace(const std::function<void()>& work);
void enter_new_namespace();  // for the calling thread
Fd own_namespace();

// Knows when a namespace is gone: a veth pair between it and a namespace of the witness goes with it.
class Witness {
  public:
    explicit Witness(int ns);
    void await_end();

  private:
    std::optional<RawNetlink> requests_;
    Fd events_;
};

// Waits until the kernel has cleaned up all namespaces that were given up before: it does so in order.
void await_clean_kernel();

// Two cores that this process may use: the one that is measured must never wait for the one that measures.
struct Cores {
    int product;
    int sender;
};
Cores choose_cores();
void pin_to(int core);  // the calling thread
// As pin_to, and no ordinary thread takes the core away: a sender that pauses does not see when losses begin.
void hold(int core);

// While it lives, the core does not sleep: it spins, and yields to whatever else wants to run. Waking a
// sleeping core can take far longer than all that is measured, above all in a virtual machine.
class KeepAwake {
  public:
    explicit KeepAwake(int core);
    ~KeepAwake();

  private:
    std::atomic<bool> enough_ = false;
    std::thread thread_;
};

}  // namespace netcut::bench
