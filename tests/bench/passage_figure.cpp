// SPDX-License-Identifier: Apache-2.0
//
// What traffic pays for faults that are prepared and not fired, and for the tap from a firing to the recovery from it.
#include <fmt/format.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <future>
#include <numeric>
#include <thread>

#include "base/io.h"
#include "base/time.h"
#include "bench/figures.h"
#include "bench/floor_network.h"
#include "bench/passage.h"
#include "bench/scene.h"
#include "fabric/fabric.h"
#include "fault/plan.h"
#include "fault/table.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "kernel/sockdiag.h"
#include "recovery/work_tap.h"

namespace netcut::bench {
namespace {

constexpr std::uint32_t lost_packets = 3000, period = 100'000;

FaultPlan plan_with(PacketAction action) {
    FaultPlan plan = Scene::cut_plan(std::chrono::seconds(20));
    plan.action = std::move(action);
    return plan;
}

// Of each kind that nftables does, one.
std::vector<FaultPlan> all_plans() {
    Lose lose{std::vector<std::uint32_t>(lost_packets), std::vector<std::uint32_t>(lost_packets), period};
    for (auto* list : {&lose.up, &lose.down})
        for (std::uint32_t i = 0; i < lost_packets; ++i) (*list)[i] = 1 + i * (period / lost_packets);
    FaultPlan established = plan_with(Drop{});
    established.filter.only = PacketFilter::Connections::established;
    FaultPlan partition = plan_with(Drop{});
    partition.pairs = {{0, victim}, {victim, 0}};
    return {plan_with(Drop{}),
            plan_with(std::move(lose)),
            plan_with(ResetConnection{}),
            plan_with(Refuse{}),
            plan_with(ForgetIdle{std::chrono::seconds(5)}),
            plan_with(LoseLarge{1000}),
            std::move(established),
            std::move(partition)};
}

struct Prepared {
    explicit Prepared(std::vector<FaultPlan> plans)
        : fabric(must(Fabric::build({}, {"aggregator", "collaborator1"}))),
          table(must(FaultTable::lay(fabric, std::move(plans)))) {}
    Fabric fabric;
    FaultTable table;
};

void measure(std::vector<FaultPlan> plans, std::size_t repeats, Figure& trip, Figure* bulk) {
    Prepared product(std::move(plans));
    FloorNetwork floor(2);
    const auto measure_one = [&](int collaborator, int aggregator, Samples Figure::*side) {
        Traffic(collaborator, aggregator).await_both_ways();
        Connection connection(collaborator, aggregator);
        (trip.*side).add(round_trip(connection));
        if (bulk != nullptr) (bulk->*side).add(bytes_per_second(connection));
    };
    for (std::size_t i = 0; i < repeats; ++i) {
        measure_one(product.fabric.node(victim).ns.fd(), product.fabric.node(0).ns.fd(), &Figure::product);
        measure_one(floor.node(victim), floor.node(0), &Figure::floor);
    }
}

// The tap of a run, on, and read as often as the run reads it.
class TapOn {
  public:
    explicit TapOn(WorkTap& tap) : tap_(tap) { must(tap.begin()); }
    ~TapOn() {
        ends_ = true;
        if (reader_.joinable()) reader_.join();
        must(tap_.end());
    }
    void leave_out(const NetNs& node) {
        NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_SOCK_DIAG, &node));
        must(tap_.leave_out(must(list_tcp_sockets(socket))));
    }
    void read() {
        reader_ = std::thread([this] {
            while (!ends_) {
                must(tap_.read());
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        });
    }

  private:
    WorkTap& tap_;
    std::atomic<bool> ends_ = false;
    std::thread reader_;
};

// `there_before`: the connection was there when the fault was fired, so that the tap leaves it out.
void measure_tapped(Prepared& scene, WorkTap& tap, bool there_before, Figure& bulk, Figure& trip) {
    const NetNs &collaborator = scene.fabric.node(victim).ns, &aggregator = scene.fabric.node(0).ns;
    for (const bool on : {true, false}) {
        Traffic(collaborator.fd(), aggregator.fd()).await_both_ways();
        std::optional<TapOn> tapped;
        if (on) tapped.emplace(tap);
        Connection connection(collaborator.fd(), aggregator.fd());
        if (tapped && there_before) tapped->leave_out(collaborator);
        if (tapped) tapped->read();
        Samples Figure::*const side = on ? &Figure::product : &Figure::floor;
        (trip.*side).add(round_trip(connection));
        (bulk.*side).add(bytes_per_second(connection));
    }
}

}  // namespace

std::vector<Figure> measure_tap(std::size_t repeats) {
    Prepared scene({Scene::cut_plan(std::chrono::seconds(20))});
    WorkTap tap(scene.fabric);
    must(tap.prepare());
    std::vector<Figure> figures;
    for (const bool there_before : {false, true}) {
        const char* which = there_before ? "beside_tap" : "tapped";
        Figure bulk{fmt::format("throughput_{}", which), Unit::gigabytes_per_second, {}, {}};
        Figure trip{fmt::format("round_trip_{}", which), Unit::microseconds, {}, {}};
        for (std::size_t i = 0; i < repeats; ++i) measure_tapped(scene, tap, there_before, bulk, trip);
        figures.insert(figures.end(), {bulk, trip});
    }
    return figures;
}

std::vector<Figure> measure_passage(std::size_t repeats) {
    Figure bulk{"throughput_prepared", Unit::gigabytes_per_second, {}, {}};
    Figure trip{"round_trip_prepared", Unit::microseconds, {}, {}};
    measure(all_plans(), repeats, trip, &bulk);
    return {bulk, trip};
}

std::vector<Figure> measure_passage_of(std::size_t faults, std::size_t repeats) {
    Figure trip{fmt::format("round_trip_{}_faults", faults), Unit::microseconds, {}, {}};
    trip.series = "round trip, us, by prepared faults";
    trip.size = static_cast<double>(faults);
    measure(std::vector<FaultPlan>(faults, plan_with(Drop{})), repeats, trip, nullptr);
    return {trip};
}

}  // namespace netcut::bench
