// SPDX-License-Identifier: Apache-2.0
//
// What a node may see and do. Every function returns nullptr, or what it attempted when errno is set.
#pragma once

#include "options.h"

namespace netcut::init {

const char* enter_namespaces(const Options& options);  // net, then new mount, UTS, IPC and PID
const char* set_up_files(const Options& options);      // /etc/hosts, /etc/resolv.conf, host name
const char* set_up_syslog(const Options& options);     // /dev/log, beside all that the machine's /dev has
const char* mount_proc();                              // from inside the PID namespace
// A session keyring of its own, with nothing in it: who started the tool may have keys in his.
const char* leave_session_keyring();
// The user's ids, no capability, no way to gain one. What comes after can be signalled by the user alone.
const char* drop_privileges(const Options& options);
// The same, but for CAP_NET_RAW, which what is executed from here on has as well.
const char* drop_privileges_but_capture(const Options& options);
// SIGKILL for us when the parent dies. A change of ids clears it, so it comes after drop_privileges.
const char* die_with_parent();

}  // namespace netcut::init
