// SPDX-License-Identifier: Apache-2.0
#include "kernel/snmp.h"

#include <charconv>
#include <sstream>

#include "base/io.h"

namespace netcut {
namespace {

// /proc/net/snmp6 has a name and a value a line.
std::uint64_t value_v6(const std::string& text, const std::string& wanted) {
    std::istringstream words(text);
    std::string name;
    std::uint64_t value = 0;
    while (words >> name >> value)
        if (name == wanted) return value;
    return 0;
}

// /proc/net/snmp has a line of names, then one of values, for each protocol.
std::uint64_t value_v4(const std::string& text, const std::string& protocol, const std::string& wanted) {
    std::istringstream lines(text);
    std::string names;
    std::string values;
    while (std::getline(lines, names) && std::getline(lines, values)) {
        if (!names.starts_with(protocol + ":")) continue;
        std::istringstream name_words(names);
        std::istringstream value_words(values);
        std::string name;
        std::string value;
        while (name_words >> name && value_words >> value) {
            std::uint64_t number = 0;
            std::from_chars(value.data(), value.data() + value.size(), number);
            if (name == wanted) return number;
        }
    }
    return 0;
}

}  // namespace

Result<std::uint64_t> count_unroutable(const NetNs& where) {
    std::uint64_t unroutable = 0;
    NETCUT_TRY(where.run([&]() -> Result<void> {
        NETCUT_ASSIGN(const std::string v4, read_file("/proc/thread-self/net/snmp"));
        unroutable = value_v4(v4, "Ip", "OutNoRoutes");
        const auto v6 = read_file("/proc/thread-self/net/snmp6");
        if (v6) unroutable += value_v6(*v6, "Ip6OutNoRoutes");  // else a kernel without IPv6
        return {};
    }));
    return unroutable;
}

}  // namespace netcut
