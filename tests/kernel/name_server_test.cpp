// SPDX-License-Identifier: Apache-2.0
//
// The name server of a run: asked from a node over UDP and TCP, with faults in between.
#include "names/name_server.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <linux/netlink.h>
#include <resolv.h>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "fabric/options.h"
#include "fault/plan.h"
#include "kernel/address.h"
#include "kernel/fault_scene.h"
#include "kernel/links.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "names/dns_message.h"
#include "time_scale.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;

DnsBytes question_for(const char* name, int type) {
    DnsBytes message(512);
    const int size = ::res_mkquery(ns_o_query, name, ns_c_in, type, nullptr, 0, nullptr, message.data(),
                                   static_cast<int>(message.size()));
    message.resize(static_cast<std::size_t>(size));
    return message;
}

class NameServerTest : public EachFabricTest {
  protected:
    FabricOptions with_server() const {
        FabricOptions wanted = options();
        wanted.name_server = true;
        return wanted;
    }
    Names names_of(Fabric& fabric) const {
        Names names;
        for (std::size_t node = 0; node < fabric.size(); ++node)
            names.addresses[fabric.node(node).name] = fabric.node(node).addresses;
        names.nobody = fabric.addresses_of_nobody();
        names.ttl = 5s;
        return names;
    }
    std::unique_ptr<NameServer> start(Fabric& fabric, std::vector<IpAddress> upstream = {}) const {
        return must(NameServer::start(*fabric.name_server(), names_of(fabric), std::move(upstream)));
    }
    int type() const { return v6() ? ns_t_aaaa : ns_t_a; }

    Fd connected(Fabric& fabric, int kind) const {
        Fd fd = open_socket(fabric.node(1), kind, v6(), 1500);
        const Endpoint server(fabric.name_server()->addresses.front(), 53);
        if (::connect(fd.get(), server.get(), server.size) != 0) throw std::runtime_error("connect");
        return fd;
    }
    static DnsBytes received(const Fd& fd) {
        DnsBytes message(4096);
        const ssize_t size = ::recv(fd.get(), message.data(), message.size(), 0);
        message.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return message;
    }
    // "NOERROR 10.99.0.2"; empty: no answer.
    static std::string text_of(const DnsBytes& answer) {
        ns_msg parsed{};
        if (::ns_initparse(answer.data(), static_cast<int>(answer.size()), &parsed) != 0) return {};
        const int code = ns_msg_getflag(parsed, ns_f_rcode);
        std::string text = code == ns_r_noerror ? "found" : code == ns_r_nxdomain ? "no such name" : "failed";
        for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
            ns_rr record{};
            if (::ns_parserr(&parsed, ns_s_an, i, &record) != 0) return {};
            std::array<char, INET6_ADDRSTRLEN> address{};
            ::inet_ntop(ns_rr_rdlen(record) == 16 ? AF_INET6 : AF_INET, ns_rr_rdata(record), address.data(),
                        address.size());
            text += std::string(" ") + address.data();
        }
        return text;
    }
    std::string ask(Fabric& fabric, const char* name) const {
        const Fd fd = connected(fabric, SOCK_DGRAM);
        const DnsBytes message = question_for(name, type());
        if (::send(fd.get(), message.data(), message.size(), 0) < 0) return {};
        return text_of(received(fd));
    }
    std::string ask_by_tcp(const Fd& connection, const char* name) const {
        DnsBytes message = question_for(name, type());
        message.insert(message.begin(), {0, static_cast<std::uint8_t>(message.size())});
        if (::send(connection.get(), message.data(), message.size(), 0) < 0) return {};
        DnsBytes answer = received(connection);
        if (answer.size() == 2) {
            const DnsBytes rest = received(connection);
            answer.insert(answer.end(), rest.begin(), rest.end());
        }
        if (answer.size() < 2) return {};
        answer.erase(answer.begin(), answer.begin() + 2);
        return text_of(answer);
    }
    std::string ask_by_tcp(Fabric& fabric, const char* name) const {
        return ask_by_tcp(connected(fabric, SOCK_STREAM), name);
    }
    std::string found(Fabric& fabric, std::size_t node) const {
        return "found " + fabric.node(node).addresses.front().to_string();
    }
};
INSTANTIATE_TEST_SUITE_P(Fabrics, NameServerTest, each_fabric(), fabric_name);

TEST_P(NameServerTest, NodesAreFoundOverUdpAndTcp) {
    Fabric fabric = must(Fabric::build(with_server(), names(2)));
    const auto server = start(fabric);
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    EXPECT_EQ(ask(fabric, "COLLABORATOR2"), found(fabric, 2));
    EXPECT_EQ(ask(fabric, "example.org"), "no such name");
    const Fd connection = connected(fabric, SOCK_STREAM);
    for (int i = 0; i < 2; ++i)  // one after the other
        EXPECT_EQ(ask_by_tcp(connection, "aggregator"), found(fabric, 0));
}

TEST_P(NameServerTest, WhatIsSaidDependsOnWhoAsks) {
    Fabric fabric = must(Fabric::build(with_server(), names(2)));
    const auto server = start(fabric);
    const auto serve = [&](NameRule rule, std::size_t client) {
        Names all = names_of(fabric);
        for (const IpAddress& address : fabric.node(client).addresses)
            all.of_client[address].emplace("aggregator", rule);
        server->serve(std::move(all));
    };
    serve({NameRule::Kind::none}, 1);
    EXPECT_EQ(ask(fabric, "aggregator"), "no such name");
    EXPECT_EQ(ask(fabric, "collaborator2"), found(fabric, 2));
    serve({NameRule::Kind::none}, 2);
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    serve({NameRule::Kind::old}, 1);
    EXPECT_EQ(ask(fabric, "aggregator"), "found " + fabric.addresses_of_nobody().front().to_string());
    constexpr auto delay = 400ms;
    serve({NameRule::Kind::late, delay}, 1);
    const auto begin = Clock::now();
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    EXPECT_GE(Clock::now() - begin, delay);
    EXPECT_LT(Clock::now() - begin, delay + 500ms * time_scale());
    server->serve(names_of(fabric));
    const auto after = Clock::now();
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    EXPECT_LT(Clock::now() - after, delay);
}

TEST_P(NameServerTest, FaultsActOnWhatIsAsked) {
    FaultPlan lost, refused;
    lost.nodes = refused.nodes = {1};
    lost.filter.port = refused.filter.port = 53;
    refused.action = Refuse{};
    FaultScene at(with_server(), {lost, refused});
    const auto server = start(at.fabric);
    must(at.fault(0).fire());
    EXPECT_EQ(ask(at.fabric, "aggregator"), "");
    EXPECT_EQ(must(at.fault(0).losses()).at(1).up, 1U);
    must(at.fault(0).heal());
    EXPECT_EQ(ask(at.fabric, "aggregator"), found(at.fabric, 0));
    if (bridged()) return;  // there the answer is sent by the engine
    must(at.fault(1).fire());
    const Fd fd = connected(at.fabric, SOCK_DGRAM);
    const DnsBytes message = question_for("aggregator", type());
    ASSERT_GT(::send(fd.get(), message.data(), message.size(), 0), 0);
    char byte = 0;
    EXPECT_EQ(::recv(fd.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_P(NameServerTest, HostileClientsAreBoundedAndOthersAreAnswered) {
    Fabric fabric = must(Fabric::build(with_server(), names(2)));
    const auto server = start(fabric);
    Names all = names_of(fabric);
    for (const IpAddress& address : fabric.node(2).addresses)
        all.of_client[address].emplace("aggregator", NameRule{NameRule::Kind::late, 1h});
    server->serve(std::move(all));
    const Fd hostile = open_socket(fabric.node(2), SOCK_DGRAM, v6());
    const Endpoint to(fabric.name_server()->addresses.front(), 53);
    const DnsBytes message = question_for("aggregator", type());
    for (int i = 0; i < 5000; ++i)
        ::sendto(hostile.get(), message.data(),
                 i % 2 == 0 ? message.size() : static_cast<std::size_t>(i) % message.size(), 0, to.get(),
                 to.size);
    std::vector<Fd> connections;
    for (int i = 0; i < 30; ++i) {
        connections.push_back(open_socket(fabric.node(2), SOCK_STREAM, v6()));
        (void)::connect(connections.back().get(), to.get(), to.size);
    }
    char byte = 0;
    EXPECT_EQ(::recv(connections.back().get(), &byte, 1, 0), 0) << "one too many is closed";
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    EXPECT_TRUE(connected(fabric, SOCK_STREAM));
}

// Plays a name server of the machine, which knows one address, in a namespace that plays the machine.
class OtherServer {
  public:
    explicit OtherServer(const NetNs& machine) {
        must(machine.run([&]() -> Result<void> {
            for (const int kind : {SOCK_DGRAM, SOCK_STREAM}) {
                Fd& fd = kind == SOCK_DGRAM ? datagrams_ : listener_;
                fd = Fd(::socket(AF_INET, kind | SOCK_CLOEXEC, 0));
                const Endpoint own(boost::asio::ip::make_address("127.0.0.1"), 53);
                if (::bind(fd.get(), own.get(), own.size) != 0) return system_failure("bind");
            }
            return ::listen(listener_.get(), 4) == 0 ? Result<void>{} : system_failure("listen");
        }));
        threads_.emplace_back([this] { by_udp(); });
        threads_.emplace_back([this] { by_tcp(); });
    }
    ~OtherServer() {
        ::shutdown(datagrams_.get(), SHUT_RDWR);
        ::shutdown(listener_.get(), SHUT_RDWR);
        for (std::thread& thread : threads_) thread.join();
    }
    static constexpr const char *v4 = "192.0.2.7", *v6 = "2001:db8::7";

  private:
    static DnsBytes answer(std::span<const std::uint8_t> message) {
        const auto question = read_question(message);
        if (!question) return {};
        return answer_to(message, *question,
                         {{boost::asio::ip::make_address(v4), boost::asio::ip::make_address(v6)}, {}}, 7);
    }
    void by_udp() const {
        for (;;) {
            DnsBytes message(512);
            sockaddr_storage from{};
            socklen_t size = sizeof(from);
            const ssize_t bytes = ::recvfrom(datagrams_.get(), message.data(), message.size(), 0,
                                             reinterpret_cast<sockaddr*>(&from), &size);
            if (bytes <= 0) return;
            message.resize(static_cast<std::size_t>(bytes));
            const DnsBytes found = answer(message);
            ::sendto(datagrams_.get(), found.data(), found.size(), 0, reinterpret_cast<sockaddr*>(&from),
                     size);
        }
    }
    void by_tcp() const {
        for (;;) {
            const Fd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!connection) return;
            DnsBytes message(512);
            const ssize_t bytes = ::recv(connection.get(), message.data(), message.size(), 0);
            if (bytes <= 2) continue;
            DnsBytes found = answer(std::span(message).subspan(2, static_cast<std::size_t>(bytes) - 2));
            found.insert(found.begin(), {0, static_cast<std::uint8_t>(found.size())});
            ::send(connection.get(), found.data(), found.size(), MSG_NOSIGNAL);
        }
    }
    Fd datagrams_, listener_;
    std::vector<std::thread> threads_;
};

TEST_P(NameServerTest, WhatItDoesNotKnowItAsksTheMachinesServersForThoseWithAWayOut) {
    const NetNs machine = must(NetNs::create());
    NetlinkSocket socket = must(NetlinkSocket::open(NETLINK_ROUTE, &machine));
    Batch up;
    set_link(up, 1, true);
    must(socket.commit(up));
    OtherServer other(machine);
    Fabric fabric = must(Fabric::build(with_server(), names(2)));
    std::unique_ptr<NameServer> server;
    must(machine.run([&]() -> Result<void> {  // its thread is where this one is
        server = start(fabric, {boost::asio::ip::make_address("127.0.0.2"),  // nobody
                                boost::asio::ip::make_address("127.0.0.1")});
        return {};
    }));
    EXPECT_EQ(ask(fabric, "example.org"), "no such name") << "it has no way out";
    Names all = names_of(fabric);
    for (const IpAddress& address : fabric.node(1).addresses) all.forwarded.insert(address);
    server->serve(std::move(all));
    EXPECT_EQ(ask(fabric, "aggregator"), found(fabric, 0));
    const std::string answer = std::string("found ") + (v6() ? OtherServer::v6 : OtherServer::v4);
    EXPECT_EQ(ask(fabric, "example.org"), answer);
    EXPECT_EQ(ask_by_tcp(fabric, "example.org"), answer);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
