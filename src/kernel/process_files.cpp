// SPDX-License-Identifier: Apache-2.0
#include "kernel/process_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>

#include "base/io.h"
#include "kernel/process_tree.h"

namespace netcut {
namespace {

constexpr std::size_t most_link = 256;  // bytes of a link that matter

// The value behind `key`, which begins a line.
std::string_view line_of(std::string_view text, std::string_view key) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with(key)) continue;
        line.remove_prefix(key.size());
        line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
        return line;
    }
    return {};
}

std::uint64_t number_of(std::string_view text, int base = 10) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number, base);
    return number;
}

std::string link_of(const std::string& path) {
    std::array<char, most_link> text;
    const ssize_t size = ::readlink(path.c_str(), text.data(), text.size());
    return size < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(size));
}

// Calls `each` with the entries of a folder that are numbers; false: it cannot be read.
template <typename Each>
bool for_numbers(const std::string& path, Each each) {
    const auto close = [](DIR* folder) { ::closedir(folder); };
    const std::unique_ptr<DIR, decltype(close)> folder(::opendir(path.c_str()), close);
    if (!folder) return false;
    while (const dirent* entry = ::readdir(folder.get()))
        if (entry->d_name[0] != '.') each(std::atoi(entry->d_name));
    return true;
}

std::int64_t option_of(int socket, int level, int name) {
    int value = 0;
    socklen_t size = sizeof(value);
    return ::getsockopt(socket, level, name, &value, &size) == 0 ? value : 0;
}

std::int64_t timeout_of(int socket, int name) {
    timeval value{};
    socklen_t size = sizeof(value);
    if (::getsockopt(socket, SOL_SOCKET, name, &value, &size) != 0) return 0;
    const std::int64_t rest = value.tv_usec > 0 ? std::max<std::int64_t>(value.tv_usec / 1000, 1) : 0;
    return value.tv_sec * 1000 + rest;
}

std::string congestion_of(int socket) {
    std::array<char, 16> name{};  // TCP_CA_NAME_MAX
    socklen_t size = name.size();
    if (::getsockopt(socket, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size) != 0) return {};
    return {name.data(), ::strnlen(name.data(), name.size())};
}

SocketOptions options_of(int socket) {
    SocketOptions options;
    options.receive_timeout_ms = timeout_of(socket, SO_RCVTIMEO);
    options.send_timeout_ms = timeout_of(socket, SO_SNDTIMEO);
    options.receive_buffer = option_of(socket, SOL_SOCKET, SO_RCVBUF);
    options.send_buffer = option_of(socket, SOL_SOCKET, SO_SNDBUF);
    if (option_of(socket, SOL_SOCKET, SO_PROTOCOL) != IPPROTO_TCP) return options;
    options.keepalive = option_of(socket, SOL_SOCKET, SO_KEEPALIVE) != 0;
    options.keepalive_idle_s = option_of(socket, IPPROTO_TCP, TCP_KEEPIDLE);
    options.keepalive_interval_s = option_of(socket, IPPROTO_TCP, TCP_KEEPINTVL);
    options.keepalive_count = option_of(socket, IPPROTO_TCP, TCP_KEEPCNT);
    options.user_timeout_ms = option_of(socket, IPPROTO_TCP, TCP_USER_TIMEOUT);
    options.congestion = congestion_of(socket);
    return options;
}

}  // namespace

ThreadStatus parse_thread_status(std::string_view text) {
    ThreadStatus status;
    if (const auto state = line_of(text, "State:"); !state.empty()) status.state = state.front();
    status.switches = number_of(line_of(text, "voluntary_ctxt_switches:")) +
                      number_of(line_of(text, "nonvoluntary_ctxt_switches:"));
    status.caught = number_of(line_of(text, "SigCgt:"), 16);
    return status;
}

// "tfd:        5 events:       19 data:                5  pos:0 ino:5b sdev:9"
std::vector<PolledDescriptor> parse_epoll(std::string_view fdinfo) {
    std::vector<PolledDescriptor> polled;
    for (std::size_t at = 0; at < fdinfo.size();) {
        const std::size_t end = std::min(fdinfo.find('\n', at), fdinfo.size());
        std::string_view line = fdinfo.substr(at, end - at);
        at = end + 1;
        if (!line.starts_with("tfd:")) continue;
        line.remove_prefix(4);
        line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
        PolledDescriptor one{.descriptor = static_cast<int>(number_of(line))};
        if (const std::size_t inode = line.find("ino:"); inode != std::string_view::npos)
            one.inode = number_of(line.substr(inode + 4), 16);
        polled.push_back(one);
    }
    return polled;
}

// "it_value: (0, 999999999)"
std::optional<Nanoseconds> parse_timer(std::string_view fdinfo) {
    constexpr std::uint64_t most = 4'000'000'000;
    const std::string_view value = line_of(fdinfo, "it_value:");
    const std::size_t comma = value.find(", ");
    if (!value.starts_with("(") || comma == std::string_view::npos) return Nanoseconds(0);  // it may run
    const std::uint64_t whole = std::min(number_of(value.substr(1)), most);
    const std::uint64_t rest = std::min<std::uint64_t>(number_of(value.substr(comma + 2)), 999'999'999);
    if (whole == 0 && rest == 0) return {};
    return std::chrono::seconds(whole) + Nanoseconds(rest);
}

std::uint64_t parse_signal_mask(std::string_view fdinfo) {
    return number_of(line_of(fdinfo, "sigmask:"), 16);
}

std::optional<std::uint64_t> inode_of(std::string_view link, std::string_view kind) {
    if (!link.starts_with(kind) || !link.substr(kind.size()).starts_with(":[")) return {};
    return number_of(link.substr(kind.size() + 2));
}

ProcessFiles::ProcessFiles(pid_t pid) : pid_(pid) {
    program_ = program_of(pid);
    const std::string folder = fmt::format("/proc/{}/fd/", pid_);
    const bool read = for_numbers(folder, [&](int descriptor) {
        descriptors_[descriptor] = link_of(folder + std::to_string(descriptor));
    });
    if (!read) failure_ = system_failure("list its descriptors").value().text();
}

std::vector<pid_t> ProcessFiles::threads() const {
    std::vector<pid_t> all;
    for_numbers(fmt::format("/proc/{}/task", pid_), [&](int thread) { all.push_back(thread); });
    return all;
}

std::string ProcessFiles::of_thread(pid_t thread, const char* file) const {
    return read_proc(fmt::format("/proc/{}/task/{}/{}", pid_, thread, file));
}

std::string ProcessFiles::text(const std::string& file) const {
    return read_proc(fmt::format("/proc/{}/{}", pid_, file));
}

std::string ProcessFiles::info_of(int descriptor) const {
    return text(fmt::format("fdinfo/{}", descriptor));
}

bool ProcessFiles::read_memory(std::uint64_t address, std::span<std::byte> bytes) const {
    const iovec here{bytes.data(), bytes.size()};
    const iovec there{reinterpret_cast<void*>(address), bytes.size()};
    return ::process_vm_readv(pid_, &here, 1, &there, 1, 0) == static_cast<ssize_t>(bytes.size());
}

// "7f1c00000000-7f1c00001000 rw-s 00000000 00:01 1026 /dev/shm/x", see proc_pid_maps(5).
bool ProcessFiles::shares_memory(std::uint64_t address) const {
    std::istringstream lines(text("maps"));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t dash = line.find('-'), space = line.find(' ');
        if (dash == std::string::npos || space == std::string::npos || line.size() < space + 5) return true;
        if (address < number_of(line, 16) ||
            address >= number_of(std::string_view(line).substr(dash + 1), 16))
            continue;
        return line[space + 4] != 'p';
    }
    return true;
}

std::string program_of(pid_t process) {
    std::string program = read_proc(fmt::format("/proc/{}/comm", process));
    while (program.ends_with('\n')) program.pop_back();
    return program;
}

std::vector<int> descriptors_of(pid_t process) {
    std::vector<int> all;
    for_numbers(fmt::format("/proc/{}/fd", process), [&](int descriptor) { all.push_back(descriptor); });
    return all;
}

std::string descriptor_link(pid_t process, int descriptor) {
    return link_of(fmt::format("/proc/{}/fd/{}", process, descriptor));
}

Result<Fd> duplicate_of(pid_t process, int descriptor) {
    const Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
    if (!handle) return system_failure("open a node's process");
    Fd ours(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), descriptor, 0)));
    if (!ours) return system_failure("duplicate a node's socket");
    return ours;
}

Result<SocketOptions> ProcessFiles::socket_options(int descriptor) const {
    NETCUT_ASSIGN(const Fd socket, duplicate_of(pid_, descriptor));
    return options_of(socket.get());
}

std::vector<pid_t> processes_below(pid_t root) {
    std::vector<pid_t> found;
    add_children(root, found);
    for (std::size_t i = 0; i < found.size(); ++i) add_children(found[i], found);
    return found;
}

}  // namespace netcut
