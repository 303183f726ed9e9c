// SPDX-License-Identifier: Apache-2.0
#include "names/name_servers.h"

#include <gtest/gtest.h>

#include "kernel/address.h"

namespace netcut::test::NETCUT_FILE {
namespace {

TEST(NameServers, TheMachinesOwnAreLeftOut) {
    EXPECT_EQ(without_own_name_servers("# by hand\nsearch example.org\nnameserver 127.0.0.53\n"
                                       "nameserver 192.0.2.1\nnameserver ::1\nnameserver 2001:db8::53\n"),
              "# by hand\nsearch example.org\nnameserver 192.0.2.1\nnameserver 2001:db8::53\n");
}

TEST(NameServers, WithoutAnyOtherThereIsNothing) {
    EXPECT_EQ(without_own_name_servers("nameserver 127.0.0.53\noptions edns0\n"), "");
    EXPECT_EQ(without_own_name_servers("nameserver nonsense\n"), "");
    EXPECT_EQ(without_own_name_servers(""), "");
}

TEST(NameServers, ThoseThatThisMachineAsks) {
    EXPECT_EQ(name_servers_in("# by hand\nnameserver 127.0.0.53\nnameserver nonsense\nsearch example.org\n"
                              "nameserver 2001:db8::53 \n"),
              (std::vector<IpAddress>{boost::asio::ip::make_address("127.0.0.53"),
                                      boost::asio::ip::make_address("2001:db8::53")}));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
