// SPDX-License-Identifier: Apache-2.0
//
// How late packets are that are held: by us, by netem where the kernel has it, and by Mahimahi's mm-delay where it is
// installed.
#include <atomic>
#include <thread>
#include <vector>

#include "bench/arrivals.h"
#include "bench/figures.h"
#include "bench/held.h"
#include "bench/mahimahi.h"
#include "fault/needs.h"
#include "fault/probe.h"
#include "kernel/netns.h"

namespace netcut::bench {
namespace {

constexpr auto apart = std::chrono::milliseconds(1);  // 1,000 packets a second

// Keeps all processors busy, at ordinary priority.
class Busy {
  public:
    explicit Busy(bool wanted) {
        for (unsigned i = 0; wanted && i < std::thread::hardware_concurrency(); ++i)
            threads_.emplace_back([this] {
                while (!enough_) continue;
            });
    }
    ~Busy() {
        enough_ = true;
        for (std::thread& one : threads_) one.join();
    }

  private:
    std::atomic<bool> enough_ = false;
    std::vector<std::thread> threads_;
};

Samples lateness(const std::vector<Arrivals::Arrival>& arrivals) {
    Samples late;
    for (const auto& [sent, came] : arrivals) late.add(came - sent - held_for);
    return late;
}

Samples lateness_in(Held& network, std::size_t packets) {
    Arrivals arrivals(network.fabric.node(0).ns.fd());
    Sender(network.fabric.node(victim).ns.fd()).send_paced(packets, apart);
    return lateness(arrivals.read(std::chrono::milliseconds(200)));
}

}  // namespace

std::vector<Figure> measure_late(std::size_t packets) {
    std::vector<Figure> figures;
    const bool netem = probe(Need::netem, must(NetNs::create())).has_value();
    for (const bool busy : {false, true}) {
        Figure late{busy ? "late_of_held_busy" : "late_of_held", Unit::microseconds, {}, {}};
        Held product(held_by_us());
        std::optional<Held> peer;
        if (netem) peer.emplace(held_by_netem());
        const Busy others(busy);
        late.product = lateness_in(product, packets);
        if (peer) late.peers["netem"] = lateness_in(*peer, packets);
        if (has_mahimahi("mm-delay"))
            late.peers["mm-delay"] = lateness(through_mahimahi({"mm-delay", std::to_string(held_for.count())},
                                                               {std::to_string(packets)}, packets * apart));
        figures.push_back(std::move(late));
    }
    return figures;
}

}  // namespace netcut::bench
