// SPDX-License-Identifier: Apache-2.0
#include "names/name_servers.h"

#include <boost/asio/ip/address.hpp>
#include <sstream>

#include "base/io.h"

namespace netcut {

std::string without_own_name_servers(const std::string& resolv_conf) {
    std::istringstream lines(resolv_conf);
    std::string kept;
    bool any = false;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key, value;
        words >> key >> value;
        if (key == "nameserver") {
            boost::system::error_code error;
            const auto address = boost::asio::ip::make_address(value, error);
            if (error || address.is_loopback()) continue;
            any = true;
        }
        kept += line + "\n";
    }
    return any ? kept : std::string();
}

std::vector<IpAddress> name_servers_in(const std::string& resolv_conf) {
    std::istringstream lines(resolv_conf);
    std::vector<IpAddress> servers;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key, value;
        boost::system::error_code error;
        if (!(words >> key >> value) || key != "nameserver") continue;
        const auto address = boost::asio::ip::make_address(value, error);
        if (!error) servers.push_back(address);
    }
    return servers;
}

std::vector<IpAddress> name_servers_of_this_machine() {
    return name_servers_in(read_file("/etc/resolv.conf").value_or(""));
}

std::string name_servers_beyond_this_machine() {
    // The second one is where systemd-resolved keeps what it asks itself.
    for (const char* file : {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"})
        if (std::string text = without_own_name_servers(read_file(file).value_or("")); !text.empty())
            return text;
    return {};
}

}  // namespace netcut
