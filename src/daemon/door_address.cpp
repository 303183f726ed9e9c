// SPDX-License-Identifier: Apache-2.0
#include "daemon/door_address.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <charconv>
#include <cstddef>
#include <sstream>

#include "base/io.h"
#include "base/sha256.h"

namespace netcut {
namespace {

constexpr std::string_view door_prefix = "netcut-fl/";
constexpr std::size_t digits_of_id = 12;

// "netcut-fl/1000/0123456789ab"
std::optional<DoorAddress> read_door_name(std::string_view name) {
    if (!name.starts_with(door_prefix)) return {};
    name.remove_prefix(door_prefix.size());
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || name.size() != slash + 1 + digits_of_id) return {};
    DoorAddress door;
    const auto [end, error] = std::from_chars(name.data(), name.data() + slash, door.user);
    door.id = name.substr(slash + 1);
    const bool plain = door.id.find_first_not_of("0123456789abcdef") == std::string::npos;
    if (error != std::errc() || end != name.data() + slash || !plain) return {};
    return door;
}

}  // namespace

Result<DoorAddress> DoorAddress::of_folder(unsigned user, int folder) {
    struct stat info {};
    if (::fstat(folder, &info) != 0) return system_failure("look at the run's folder");
    const std::string identity = fmt::format("{}:{}", info.st_dev, info.st_ino);
    return DoorAddress{user, sha256_hex(identity).substr(0, digits_of_id)};
}

sockaddr_un DoorAddress::address(socklen_t& size) const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = fmt::format("{}{}/{}", door_prefix, user, id);
    name.copy(address.sun_path + 1, sizeof(address.sun_path) - 1);
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    return address;
}

// Lines of /proc/net/unix: "0000000000000000: 00000002 00000000 00010000 0001 01 12345 @name".
std::vector<DoorAddress> doors_of_machine() {
    std::vector<DoorAddress> doors;
    std::istringstream lines(read_file("/proc/net/unix").value_or(""));
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, references, protocol, flags, type, state, inode, name;
        words >> number >> references >> protocol >> flags >> type >> state >> inode >> name;
        constexpr const char* accepts_connections = "00010000";
        if (flags != accepts_connections || !name.starts_with('@')) continue;
        if (auto door = read_door_name(std::string_view(name).substr(1))) doors.push_back(std::move(*door));
    }
    return doors;
}

}  // namespace netcut
