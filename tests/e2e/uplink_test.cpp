// SPDX-License-Identifier: Apache-2.0
//
// A way out of the run. The outside is made here: a namespace in which the tool is started, and another one
// behind it, with a server that knows no way back but to the outside's own address. No packet leaves them.
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "e2e/tool.h"
#include "kernel/address.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"

namespace netcut::test::NETCUT_FILE {
namespace {

constexpr std::uint16_t port = 7000;

template <typename T>
T must(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text());
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void set_up_link(const NetNs& ns, int link, const std::vector<std::string>& addresses) {
    NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_ROUTE, &ns));
    Batch batch;
    set_link(batch, link, true);
    for (const std::string& text : addresses) {
        const IpAddress address = boost::asio::ip::make_address(text);
        add_address(batch, link, address, address.is_v6() ? 64 : 24);
    }
    must(socket.commit(batch));
}

// Answers datagrams, and remembers who has asked.
class Server {
  public:
    explicit Server(const NetNs& where) {
        must(where.run([this]() -> Result<void> {
            socket_ = Fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            const timeval patience{0, 50000};
            ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_port = htons(port);
            if (::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0)
                return system_failure("bind the server");
            return {};
        }));
        thread_ = std::thread([this] { serve(); });
    }
    ~Server() {
        over_ = true;
        thread_.join();
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::set<std::string> askers() const {
        const std::lock_guard lock(mutex_);
        return askers_;
    }

  private:
    void serve() {
        std::array<char, 64> bytes{};
        while (!over_) {
            sockaddr_in6 from{};
            socklen_t size = sizeof(from);
            auto* address = reinterpret_cast<sockaddr*>(&from);
            const ssize_t count = ::recvfrom(socket_.get(), bytes.data(), bytes.size(), 0, address, &size);
            if (count < 0) continue;
            (void)::sendto(socket_.get(), bytes.data(), static_cast<std::size_t>(count), 0, address, size);
            std::array<char, INET6_ADDRSTRLEN> text{};
            const std::lock_guard lock(mutex_);
            askers_.insert(::inet_ntop(AF_INET6, &from.sin6_addr, text.data(), text.size()));
        }
    }

    Fd socket_;
    mutable std::mutex mutex_;
    std::set<std::string> askers_;
    std::atomic<bool> over_ = false;
    std::thread thread_;
};

class UplinkTest : public testing::Test {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        outside_.emplace(must(NetNs::create()));
        beyond_.emplace(must(NetNs::create()));
        const MacAddress near{2, 0, 0, 0, 0, 1}, far{2, 0, 0, 0, 0, 2};
        NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_ROUTE, &*outside_));
        Batch batch;
        add_veth(batch, {"wan", 70, near}, {"wan", 71, far}, *beyond_, 1500);
        must(socket.commit(batch));
        set_up_link(*outside_, 70, {"203.0.113.1", "2001:db8::1"});
        set_up_link(*beyond_, 71, {"203.0.113.2", "2001:db8::2"});
        server_.emplace(*beyond_);
    }

    void forward() const {
        must(outside_->run([] {
            return set_sysctls(std::array<std::pair<std::string, std::string>, 2>{
                {{"net/ipv4/ip_forward", "1"}, {"net/ipv6/conf/all/forwarding", "1"}}});
        }));
    }
    // Links and tables, among others.
    std::string outside_state() const {
        std::string state;
        must(outside_->run([&]() -> Result<void> {
            state = host_state();
            return {};
        }));
        return state;
    }
    std::unique_ptr<Tool> begin(Arguments arguments, const std::string& name = "run",
                                const std::function<void()>& and_then = {}) const {
        arguments.insert(arguments.begin(), {"run", "--aggregator", "true", "--out", folder_ / name});
        return std::make_unique<Tool>(arguments, [this, and_then] {
            if (::setns(outside_->fd(), CLONE_NEWNET) != 0) ::_exit(126);
            if (and_then) and_then();
        });
    }
    // A node that gives up when it is not answered for so long.
    static std::string asks(const std::string& whom, int beats, int deadline_ms) {
        return std::string(NETCUT_BUILD_DIR) + "/netcut_heartbeat " + whom + " " + std::to_string(port) +
               " " + std::to_string(beats) + " " + std::to_string(deadline_ms * time_scale());
    }
    std::string output_of(const std::string& node) const {
        return slurp(folder_ / ("run/logs/" + node + ".out"));
    }

    const Folder folder_;
    std::optional<NetNs> outside_, beyond_;
    std::optional<Server> server_;
};

struct Family {
    const char* server;
    const char* outside;  // as the server sees it
};

class UplinkFamilyTest : public UplinkTest, public testing::WithParamInterface<Family> {};
INSTANTIATE_TEST_SUITE_P(Ip, UplinkFamilyTest,
                         testing::Values(Family{"203.0.113.2", "::ffff:203.0.113.1"},
                                         Family{"2001:db8::2", "2001:db8::1"}),
                         [](const auto& info) { return info.index == 0 ? "4" : "6"; });

TEST_P(UplinkFamilyTest, ANodeReachesTheOutsideAndACutActsOnThatToo) {
    forward();
    const std::string before = outside_state();
    const Finished finished =
        begin({"--cols", "1", "--uplink", "collaborator1", "--collaborator",
               asks(GetParam().server, 100, 9000), "--cut-on", "beat 20", "--reconnect-after", "1s"})
            ->wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_TRUE(contains(output_of("collaborator1"), "beat 100\n"));
    EXPECT_EQ(server_->askers(), std::set<std::string>{GetParam().outside});
    bool healed = false;
    for (const Json& event : read_journal(folder_ / "run")) {
        if (event.at("event") != "fault.healed") continue;
        healed = true;
        EXPECT_GT(event.at("details").at("packets_lost").at("collaborator1"), 0);
    }
    EXPECT_TRUE(healed);
    EXPECT_EQ(outside_state(), before);
}

TEST_F(UplinkTest, LossOfWhatComesFromOutsideIsVerified) {
    forward();
    const Finished finished = begin({"--cols", "1", "--uplink", "collaborator1", "--pcap", "--collaborator",
                                     asks("203.0.113.2", 60, 9000), "--fault",
                                     "{kind: loss, model: every 4, on: {log: beat 10}, for: 2s}"})
                                  ->wait();
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    const Finished verified = run_tool({"verify", folder_ / "run"});
    EXPECT_EQ(verified.status, 0) << verified.out;
    EXPECT_TRUE(contains(verified.out, "came in from beyond the nodes")) << verified.out;
}

TEST_F(UplinkTest, OtherNodesHaveNone) {
    forward();
    const Finished finished =
        begin({"--cols", "2", "--uplink", "collaborator2", "--collaborator", asks("203.0.113.2", 5, 2000)})
            ->wait();
    EXPECT_EQ(finished.status, 1) << finished.out << finished.err;
    EXPECT_TRUE(contains(output_of("collaborator1"), "no answer for too long")) << finished.out;
    EXPECT_TRUE(contains(output_of("collaborator2"), "beat 5\n")) << finished.out;
}

TEST_F(UplinkTest, TwoRunsAtOnceHaveOneEach) {
    forward();
    const Arguments arguments = {
        "--cols", "1", "--uplink", "all", "--collaborator", asks("203.0.113.2", 50, 9000)};
    const auto one = begin(arguments, "one");
    const auto other = begin(arguments, "other");
    for (const auto* run : {&one, &other}) {
        const Finished finished = (*run)->wait();
        EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    }
}

TEST_F(UplinkTest, NothingOfItIsLeftOutsideAfterSigkill) {
    forward();
    const std::string before = outside_state();
    const auto tool = begin(
        {"--cols", "1", "--uplink", "collaborator1", "--collaborator", asks("203.0.113.2", 100000, 9000)});
    const auto wait_until = [](const std::function<bool()>& is_so) {
        const auto deadline = std::chrono::steady_clock::now() + 20s * time_scale();
        while (!is_so() && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(20ms);
        return is_so();
    };
    ASSERT_TRUE(wait_until([&] { return !server_->askers().empty(); }));
    EXPECT_NE(outside_state(), before);
    tool->signal(SIGKILL);
    EXPECT_TRUE(wait_until([&] { return outside_state() == before; })) << outside_state();
}

TEST_F(UplinkTest, AMachineThatDoesNotForwardIsNotMadeTo) {
    const std::string before = outside_state();
    const Finished finished = begin({"--uplink", "all", "--collaborator", "true"})->wait();
    EXPECT_EQ(finished.status, 3);
    EXPECT_TRUE(contains(finished.err, "sysctl -w net.ipv4.ip_forward=1")) << finished.err;
    EXPECT_EQ(outside_state(), before);
}

TEST_F(UplinkTest, WhereItCannotBeHadItIsRefusedWithTheReason) {
    forward();
    const Finished bridge =
        begin({"--uplink", "all", "--fabric", "bridge", "--collaborator", "true"})->wait();
    EXPECT_EQ(bridge.status, 2);
    EXPECT_TRUE(contains(bridge.err, "--fabric routed")) << bridge.err;
    const Finished unknown = begin({"--uplink", "collaborator9", "--collaborator", "true"})->wait();
    EXPECT_EQ(unknown.status, 2);
    EXPECT_TRUE(contains(unknown.err, "there is no such node")) << unknown.err;
    const Finished rootless =
        begin({"--uplink", "all", "--collaborator", "true"}, "rootless", become_ordinary_user)->wait();
    EXPECT_EQ(rootless.status, 3);
    EXPECT_TRUE(contains(rootless.err, "user namespace")) << rootless.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
