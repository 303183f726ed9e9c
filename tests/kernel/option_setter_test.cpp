// SPDX-License-Identifier: Apache-2.0
//
// Options of sockets of other processes, set from outside of them.
#include "kernel/option_setter.h"

#include <gmock/gmock.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <csignal>

#include "fabric/fabric.h"
#include "kernel/each_fabric.h"
#include "kernel/flow.h"
#include "kernel/netlink.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<SocketOption> wanted = {{SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE"},
                                          {IPPROTO_TCP, TCP_KEEPIDLE, 11, "TCP_KEEPIDLE"},
                                          {IPPROTO_TCP, TCP_USER_TIMEOUT, 31'000, "TCP_USER_TIMEOUT"}};

int option(const Fd& socket, int level, int name) {
    int value = -1;
    socklen_t size = sizeof(value);
    ::getsockopt(socket.get(), level, name, &value, &size);
    return value;
}

bool has_all(const Fd& socket) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const SocketOption& one) {
        return option(socket, one.level, one.name) == one.value;
    });
}

// An outer process, one that stands for process 1 of a node, and below it one or more that have all that the test has
// open when they begin.
class Tree {
  public:
    explicit Tree(unsigned programs = 1) : ready_(must(make_pipe())) {
        outer_ = start([&] {
            start([&] {
                for (unsigned i = 0; i < programs; ++i)
                    start([&] { [[maybe_unused]] const auto written = ::write(ready_.write.get(), "x", 1); });
            });
        });
        char byte = 0;
        for (unsigned i = 0; i < programs; ++i)
            if (::read(ready_.read.get(), &byte, 1) != 1) throw std::runtime_error("read");
    }
    ~Tree() {
        ::kill(outer_, SIGKILL);
        ::waitpid(outer_, nullptr, 0);
    }
    pid_t outermost() const { return outer_; }

  private:
    static pid_t start(const std::function<void()>& work) {
        const pid_t child = ::fork();
        if (child != 0) return child;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        work();
        for (;;) ::pause();
    }
    Pipe ready_;
    pid_t outer_ = 0;
};

class OptionSetterTest : public EachFabricTest {
  protected:
    void SetUp() override {
        NETCUT_NEEDS_ROOT();
        fabric.emplace(must(Fabric::build(options(), names(1))));
        diag.emplace(must(NetlinkSocket::open(NETLINK_SOCK_DIAG, &fabric->node(1).ns)));
    }
    TcpPair connect(std::uint16_t port = 6001) { return TcpPair(*fabric, 1, 0, v6(), port); }
    std::vector<OptionsTried> look(const Tree& tree, Nanoseconds later = {}) {
        return must(setter.look(tree.outermost(), *diag, begun + later));
    }

    std::optional<Fabric> fabric;
    std::optional<NetlinkSocket> diag;
    OptionSetter setter{wanted};
    const Clock::time_point begun = Clock::now();
};
INSTANTIATE_TEST_SUITE_P(OptionSetter, OptionSetterTest, each_fabric(), fabric_name);

TEST_P(OptionSetterTest, ConnectionsOfANodeHaveThemAndThoseOfAnotherDoNot) {
    const TcpPair pair = connect();
    const Tree tree;
    const auto tried = look(tree);
    ASSERT_EQ(tried.size(), 1U);
    EXPECT_THAT(tried[0].why, IsEmpty());
    EXPECT_THAT(tried[0].socket, HasSubstr(" 6001"));
    EXPECT_FALSE(tried[0].inherited || tried[0].again || tried[0].listens);
    EXPECT_TRUE(has_all(pair.client));
    EXPECT_EQ(option(pair.server, SOL_SOCKET, SO_KEEPALIVE), 0) << "the server's end is of another node";
    EXPECT_THAT(look(tree, 1s), IsEmpty()) << "they are as they were set";
}

TEST_P(OptionSetterTest, WhatAProgramSetsLaterIsSetAgain) {
    const TcpPair pair = connect();
    const Tree tree;
    look(tree);
    const int off = 0;
    ASSERT_EQ(::setsockopt(pair.client.get(), SOL_SOCKET, SO_KEEPALIVE, &off, sizeof(off)), 0);
    const auto tried = look(tree, 60ms);
    ASSERT_EQ(tried.size(), 1U);
    EXPECT_TRUE(tried[0].again);
    EXPECT_TRUE(has_all(pair.client));
}

TEST_P(OptionSetterTest, WhatListensHandsThemOn) {
    Fd listener = open_socket(fabric->node(1), SOCK_STREAM, v6(), 3000);
    const Endpoint at(UdpProbe::address(*fabric, 1, v6()), 6002);
    ASSERT_EQ(::bind(listener.get(), at.get(), at.size), 0);
    ASSERT_EQ(::listen(listener.get(), 5), 0);
    std::optional<Tree> tree(std::in_place);
    const auto tried = look(*tree);
    ASSERT_EQ(tried.size(), 1U);
    EXPECT_TRUE(tried[0].listens);
    EXPECT_THAT(tried[0].why, IsEmpty());
    const Fd client = open_socket(fabric->node(0), SOCK_STREAM, v6(), 3000);
    ASSERT_EQ(::connect(client.get(), at.get(), at.size), 0);
    const Fd accepted(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(has_all(accepted));
    tree.emplace();  // whose processes have what was accepted
    const auto inherited = look(*tree, 1s);
    ASSERT_EQ(inherited.size(), 1U);
    EXPECT_TRUE(inherited[0].inherited);
}

TEST_P(OptionSetterTest, OneThatSeveralProcessesHaveIsSetOnce) {
    const TcpPair pair = connect();
    const Tree tree(4);
    EXPECT_EQ(look(tree).size(), 1U);
    EXPECT_TRUE(has_all(pair.client));
}

TEST_P(OptionSetterTest, OneThatNobodyIsSeenToHaveIsToldAfterAWhile) {
    const Tree tree;
    const TcpPair pair = connect();  // of the test, which is no process of the node
    EXPECT_THAT(look(tree), IsEmpty());
    EXPECT_THAT(look(tree, 1s), IsEmpty()) << "it may be on its way from one process to another";
    const auto tried = look(tree, 3s);
    ASSERT_EQ(tried.size(), 1U);
    EXPECT_THAT(tried[0].why, HasSubstr("no process of the node"));
    EXPECT_THAT(look(tree, 9s), IsEmpty()) << "once";
    EXPECT_FALSE(has_all(pair.client));
}

TEST_P(OptionSetterTest, WhatCannotBeSetIsTold) {
    setter = OptionSetter({{IPPROTO_TCP, TCP_KEEPIDLE, 40'000, "TCP_KEEPIDLE"}});  // MAX_TCP_KEEPIDLE: 32,767
    const TcpPair pair = connect();
    const Tree tree;
    const auto tried = look(tree);
    ASSERT_EQ(tried.size(), 1U);
    EXPECT_THAT(tried[0].why, HasSubstr("set TCP_KEEPIDLE to 40000"));
}

TEST_P(OptionSetterTest, FiveHundredConnectionsHaveThemAtOneLook) {
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    std::vector<TcpPair> pairs;
    for (std::uint16_t i = 0; i < 500; ++i) pairs.push_back(connect(static_cast<std::uint16_t>(6100 + i)));
    const Tree tree;
    EXPECT_EQ(look(tree).size(), pairs.size());
    for (const TcpPair& pair : pairs) ASSERT_TRUE(has_all(pair.client));
    EXPECT_THAT(look(tree, 1s), IsEmpty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
