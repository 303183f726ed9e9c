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

constexpr std::uint32_t aggregator_address = 0x0a630002;  // 10.99.0.2
constexpr std::uint16_t port = 5000;
constexpr std::uint32_t lost_packets = 3000, period = 100'000;
constexpr auto bulk_time = std::chrono::milliseconds(500);
constexpr int round_trips = 500;

sockaddr_in endpoint(std::uint32_t address) {
    return {AF_INET, htons(port), {htonl(address)}, {}};
}

struct Connection {
    Connection(int collaborator_ns, int aggregator_ns) {
        Fd listener;
        in_namespace(aggregator_ns, [&] { listener = open_socket(); });
        in_namespace(collaborator_ns, [&] { collaborator = open_socket(); });
        const int on = 1;
        ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
        const sockaddr_in any = endpoint(INADDR_ANY), target = endpoint(aggregator_address);
        must(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&any), sizeof(any)), "bind a socket");
        must(::listen(listener.get(), 1), "listen");
        must(::connect(collaborator.get(), reinterpret_cast<const sockaddr*>(&target), sizeof(target)),
             "connect");
        aggregator = Fd(must(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC), "accept"));
        for (const Fd* end : {&collaborator, &aggregator})
            ::setsockopt(end->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    }
    static Fd open_socket() {
        return Fd(must(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "open a socket"));
    }

    Fd collaborator, aggregator;
};

double bytes_per_second(Connection& connection) {
    auto reader = std::async(std::launch::async, [&] {
        std::vector<char> buffer(1 << 20);
        double bytes = 0;
        for (;;) {
            const auto size =
                must(::recv(connection.aggregator.get(), buffer.data(), buffer.size(), 0), "receive");
            if (size == 0) return bytes;
            bytes += static_cast<double>(size);
        }
    });
    const std::string data(256 * 1024, 'x');
    const auto begin = Clock::now();
    while (Clock::now() - begin < bulk_time) must(write_all(connection.collaborator.get(), data, "send"));
    must(::shutdown(connection.collaborator.get(), SHUT_WR), "end a stream");
    const double bytes = reader.get();
    return bytes / std::chrono::duration<double>(Clock::now() - begin).count();
}

void pass_byte(const Fd& from, const Fd& to) {
    char byte = 'x';
    must(::send(from.get(), &byte, 1, 0), "send a byte");
    must(::recv(to.get(), &byte, 1, 0), "receive a byte");
}

// The median of many.
Nanoseconds round_trip(Connection& connection) {
    Samples all;
    for (int i = 0; i < round_trips; ++i) {
        const auto begin = Clock::now();
        pass_byte(connection.collaborator, connection.aggregator);
        pass_byte(connection.aggregator, connection.collaborator);
        all.add(Clock::now() - begin);
    }
    return Nanoseconds(static_cast<std::int64_t>(all.quantile(0.5)));
}

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
