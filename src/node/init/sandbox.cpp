// SPDX-License-Identifier: Apache-2.0
#include "sandbox.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/securebits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace netcut::init {
namespace {

constexpr const char* scratch = "/tmp";  // hidden for a moment, in our own mount namespace
constexpr const char* no_name_server = "# No name server: the network of a node ends at its router.\n";

bool write_file(const char* path, int content_fd, const char* text) {
    const int fd = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    off_t offset = 0;
    bool ok = true;
    if (content_fd >= 0) {
        ssize_t copied = 0;
        while ((copied = ::sendfile(fd, content_fd, &offset, 1 << 20)) > 0) {
        }
        ok = copied == 0;
    } else {
        const std::string content(text);
        ok = ::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size());
    }
    ::fchmod(fd, 0644);
    ::close(fd);
    return ok;
}

// Also of a node that runs as root: its user id shall carry no capability. Ambient ones are raised before that is locked.
const char* lock_secure_bits(std::optional<int> kept) {
    if (kept) {
        __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
        __user_cap_data_struct own[2]{};
        if (::syscall(SYS_capget, &header, own) != 0) return "read the rights of a command";
        own[CAP_TO_INDEX(*kept)].inheritable |= CAP_TO_MASK(*kept);
        if (::syscall(SYS_capset, &header, own) != 0 ||
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 ||
            ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, *kept, 0, 0) != 0)
            return "let a command open raw sockets";
    }
    if (::prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED |
                                       SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                       SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED) != 0)
        return "lock the node's secure bits";
    return nullptr;
}

const char* drop_all_but(const Options& options, std::optional<int> kept) {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "set no_new_privs";
    if (const char* failed = lock_secure_bits(kept)) return failed;
    for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
        if (capability != kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0)
            return "drop a capability";
    if (options.groups && ::setgroups(options.groups->size(), options.groups->data()) != 0)
        return "set the node's groups";
    if (::setresgid(options.gid, options.gid, options.gid) != 0) return "set the node's group";
    if (::setresuid(options.uid, options.uid, options.uid) != 0) return "set the node's user";
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct left[2]{};
    if (kept) {
        auto& set = left[CAP_TO_INDEX(*kept)];
        set.permitted = set.effective = set.inheritable = CAP_TO_MASK(*kept);
    }
    if (::syscall(SYS_capset, &header, left) != 0) return "drop the node's capabilities";
    return nullptr;
}

}  // namespace

const char* enter_namespaces(const Options& options) {
    if (options.netns >= 0 && ::setns(options.netns, CLONE_NEWNET) != 0)
        return "enter the node's network namespace";
    if (options.netns >= 0) ::close(options.netns);
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWPID) != 0)
        return "create the node's mount, UTS, IPC and PID namespaces";
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        return "make the node's mounts private";
    return nullptr;
}

const char* set_up_files(const Options& options) {
    if (options.hosts < 0) return nullptr;  // it keeps the machine's
    if (::sethostname(options.hostname.data(), options.hostname.size()) != 0)
        return "set the node's host name";
    if (::mount("netcut", scratch, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=0755") != 0)
        return "mount a tmpfs for the node's /etc/hosts";
    if (!write_file("/tmp/hosts", options.hosts, nullptr) ||
        !write_file("/tmp/resolv.conf", options.resolv, no_name_server))
        return "write the node's /etc/hosts";
    if (::mount("/tmp/hosts", "/etc/hosts", nullptr, MS_BIND, nullptr) != 0)
        return "put the node's /etc/hosts in place";
    // Where there is none, there is no name server either.
    if (::mount("/tmp/resolv.conf", "/etc/resolv.conf", nullptr, MS_BIND, nullptr) != 0 && errno != ENOENT)
        return "put the node's /etc/resolv.conf in place";
    if (::umount2(scratch, MNT_DETACH) != 0) return "hide the tmpfs of the node's /etc/hosts";
    return nullptr;
}

// The machine's /dev stays as it is, below the node's, in which links lead to it.
const char* set_up_syslog(const Options& options) {
    if (options.syslog < 0) return nullptr;
    const std::string folder = scratch, machines = folder + "/.machine", socket = folder + "/log";
    if (::mount("netcut", scratch, "tmpfs", MS_NOSUID | MS_NODEV, "size=16m,mode=0755") != 0)
        return "mount a tmpfs for the node's /dev";
    if (::mkdir(machines.c_str(), 0755) != 0 ||
        ::mount("/dev", machines.c_str(), nullptr, MS_BIND | MS_REC, nullptr) != 0)
        return "put the machine's /dev into the node's";
    DIR* entries = ::opendir(machines.c_str());
    if (entries == nullptr) return "read the machine's /dev";
    while (const dirent* entry = ::readdir(entries)) {
        const std::string name = entry->d_name;
        if (name == "." || name == ".." || name == "log") continue;
        if (::symlink((".machine/" + name).c_str(), (folder + "/" + name).c_str()) == 0) continue;
        ::closedir(entries);
        return "put the machine's devices into the node's /dev";
    }
    ::closedir(entries);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    socket.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (::bind(options.syslog, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::chmod(socket.c_str(), 0666) != 0)
        return "make the node's /dev/log";
    ::close(options.syslog);
    if (::mount(scratch, "/dev", nullptr, MS_MOVE, nullptr) != 0) return "put the node's /dev in place";
    return nullptr;
}

const char* mount_proc() {
    if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
        return "mount the node's /proc";
    return nullptr;
}

// Before the ids are set, so that the kernel counts it as root's where we are root: a user may have 200 keys.
const char* leave_session_keyring() {
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0) return nullptr;
    const int code = errno;
    // What no call reaches, as in most containers, the node does not reach either.
    const bool unreachable = ::syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) < 0 &&
                             errno == code && (code == ENOSYS || code == EPERM);
    errno = code;
    return unreachable ? nullptr : "make a session keyring for the node";
}

const char* drop_privileges(const Options& options) {
    return drop_all_but(options, {});
}

const char* drop_privileges_but_capture(const Options& options) {
    return drop_all_but(options, CAP_NET_RAW);
}

const char* die_with_parent() {
    if (::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) return "ask to die with the parent process";
    return nullptr;
}

}  // namespace netcut::init
