// SPDX-License-Identifier: Apache-2.0
//
// How the TCP of a node works where it differs from what its kernel and its programs choose, as data.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace netcut {

// As setsockopt(2) takes it: an int.
struct SocketOption {
    int level = 0, name = 0, value = 0;
    const char* text = "";  // "TCP_KEEPIDLE"
    bool operator==(const SocketOption&) const = default;
};

struct TcpSettings {
    std::map<std::string, std::string> keys{};  // as they were asked for: {"keepalive", "10s"}
    // Of its network namespace, as /proc/sys has them: {"net/ipv4/tcp_keepalive_time", "10"}.
    std::vector<std::pair<std::string, std::string>> sysctls{};
    std::vector<SocketOption> options{};  // of each of its sockets, in the order in which they are set
};

}  // namespace netcut
