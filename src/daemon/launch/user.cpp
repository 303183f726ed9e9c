// SPDX-License-Identifier: Apache-2.0
#include "user.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "kernel/capabilities.h"

namespace netcut::launch {
namespace {

// Only these, as far as we have them: SETUID and SETGID to write maps of more than one id, SETFCAP to map
// root, SYS_ADMIN since some machines let nobody else make a user namespace.
bool keep_rights_to_map() {
    auto own = Capabilities::own();
    if (!own) return false;
    constexpr unsigned kept[] = {CAP_SETUID, CAP_SETGID, CAP_SETFCAP, CAP_SYS_ADMIN};
    own->keep_only(kept);
    return own->apply();
}

// The maps of a parent that says when it is in its namespace.
[[noreturn]] void write_maps_of_parent(const Options& options, int ready) {
    char byte = 0;
    if (::read(ready, &byte, 1) != 1) ::_exit(ESRCH);
    ::_exit(write_id_maps(::getppid(), options.user) ? 0 : errno);
}

// Tells the child, and waits for its end: false, with errno, when it has failed.
bool have_maps_written(pid_t child, int ready) {
    int status = 0;
    if (::write(ready, "", 1) != 1) return false;
    while (::waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return false;
    errno = WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
    return errno == 0;
}

}  // namespace

const char* become_user(const Options& options) {
    // A login's keys are not the run's. Before the ids are set, so that the kernel counts it as root's: a user may have
    // 200 keys. Where no call reaches keys, as in most containers, there are none to keep apart.
    if (::syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0 && errno != ENOSYS && errno != EPERM)
        return "give the run a keyring of its own";
    const auto& [uid, gid, groups] = options.user;
    if (::setgroups(groups.size(), groups.data()) != 0) return "set the user's groups";
    if (::setresgid(gid, gid, gid) != 0) return "set the user's group";
    if (::prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return "keep rights until the namespace is made";
    if (::setresuid(uid, uid, uid) != 0) return "become the user";
    if (!keep_rights_to_map()) return "give up rights over this machine";
    return nullptr;
}

const char* enter_user_namespace(const Options& options) {
    int ready[2];
    if (::pipe2(ready, O_CLOEXEC) != 0) return "create a pipe";
    // Until the namespace is made the user's other processes may not look into us: we have rights that they
    // have not.
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) return "keep the user's processes out";
    const pid_t child = ::fork();
    if (child < 0) return "start a process that maps the user";
    if (child == 0) {
        ::close(ready[1]);
        write_maps_of_parent(options, ready[0]);
    }
    ::close(ready[0]);
    if (::unshare(CLONE_NEWUSER) != 0) return "make a user namespace";
    // The child is the namespace's owner: it may do what needs that from here on.
    if (::prctl(PR_SET_DUMPABLE, 1) != 0) return "let the user's maps be written";
    if (!have_maps_written(child, ready[1])) return "map the user into the user namespace";
    ::close(ready[1]);
    return nullptr;
}

const char* let_program_inherit() {
    auto own = Capabilities::own();
    if (!own || !own->hand_down()) return "hand down the rights over the user namespace";
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "set no_new_privs";
    return nullptr;
}

}  // namespace netcut::launch
