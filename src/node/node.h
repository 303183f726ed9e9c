// SPDX-License-Identifier: Apache-2.0
//
// One process tree in its own namespaces, as the user who asked, without any right; and its output.
//
// Ownership: a Node owns its process tree; destroying it kills the tree. Threads: all on the thread that runs
// the io_context; that thread must outlive the nodes, since the kernel kills them when it ends.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "kernel/netns.h"
#include "node/exit_status.h"
#include "node/stream.h"
#include "user/user.h"

namespace netcut {

struct NodeSpec {
    std::string name;
    std::vector<std::string> argv;  // argv[0] is looked up in PATH
    Environment env;                // added to the user's environment
    std::string cwd;
    User user;
    // A pseudo-terminal, 200 columns wide, instead of pipes; standard error joins the output.
    bool tty = false;
    bool joined = false;       // standard error joins the output
    bool syslog = false;       // it has a /dev/log, which the observer is told from
    std::string hosts;         // contents of /etc/hosts
    std::string name_servers;  // contents of /etc/resolv.conf; empty: there is none
};

// A pause, as the node's first process saw it.
struct Pause {
    Clock::time_point signalled;  // the stop was sent to all of them, in one step; a lease counts from here
    Clock::time_point stopped;    // all of them had been seen to stand still
    int processes = 0;            // of the tree
    int unstopped = 0;            // of these, seen to go on after a second, or when the lease was over
};

class Node {
  public:
    // Called from the io_context, never from inside a member function of Node.
    struct Observer {
        std::function<void()> started;
        std::function<void(Stream, std::string_view)> output;  // bytes as they came
        std::function<void(ExitStatus)> exited;  // after the last output, also when it never ran
        std::function<void(Error)> failed;       // it never ran, or its log cannot be written
        std::function<void(Pause)> paused = {};  // once for each pause(); this and what follows may be empty
        std::function<void(Clock::time_point)> resumed =
            {};  // by resume(), by its lease or by a request to end
        // Before `exited`: so many processes of the tree were still there when the command had ended, and are killed.
        std::function<void(int)> left_behind = {};
        std::function<void(std::string_view)> syslog = {};  // a message as a line, without its priority
    };

    Node(boost::asio::io_context& io, NodeSpec spec, Observer observer);
    ~Node();
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    // Starts a life of the node: its first, or another one after `exited`, also from inside of that callback.
    // Each begins anew, with a tree, namespaces and files of its own; only /etc/hosts is as it was last
    // rewritten. `out_log` and `err_log` receive every byte, unchanged: open them with O_APPEND to go on in
    // the logs of an earlier life.
    Result<void> start(const NetNs& ns, Fd out_log, Fd err_log);
    // The same with the machine's network, hosts files and host name: for what runs before a run.
    Result<void> start_on_machine(Fd out_log, Fd err_log);

    const NodeSpec& spec() const { return spec_; }
    bool running() const;
    pid_t pid() const;  // of its outermost process, above all others; 0 when it does not run
    // To the whole tree for SIGTERM, SIGINT, SIGHUP and SIGQUIT, which also resume it, to the command for
    // others. SIGCONT does not end a pause.
    void signal(int number);
    // Ends the whole tree at once; `exited` follows when it is gone, and until then it is running.
    void kill();
    // Stops every process of the tree until resume() or until `lease` is over, whichever comes first. The
    // node's first process keeps the lease, also while this process is stopped. A further pause() replaces
    // the lease of the one before. `paused` follows, or `exited` when the node is just ending.
    // What a pause leaves alone: the kernel still acknowledges what comes in on the node's connections and
    // sends what is in their buffers. What a process may notice of it: signal(7), "Interruption of system
    // calls [...] by stop signals"; SIGCONT if it has a handler; and it resumes what was stopped before.
    Result<void> pause(std::optional<Nanoseconds> lease);
    // `resumed` follows. Without a pause it does nothing.
    Result<void> resume();
    // While they are held nothing is read of its outputs, so that it waits when its pipes are full; it has not
    // ended before all of them is read. Also from inside `output`.
    void hold_outputs(bool held);
    bool paused() const;  // as reported; false when not running
    // Sends any signal but SIGSTOP and SIGCONT to every process of the tree in one step. After SIGKILL, also
    // in a pause, `exited` has signal 9.
    Result<void> signal_tree(int number);
    // Replaces the contents of the node's /etc/hosts, of this life and of later ones.
    Result<void> rewrite_hosts(const std::string& hosts);

  private:
    class Life;
    Result<void> start_in(const NetNs* ns, Fd out_log, Fd err_log);
    boost::asio::io_context& io_;
    NodeSpec spec_;
    std::shared_ptr<const Observer> observer_;
    std::shared_ptr<Life> life_;  // the last one; there is always one
};

}  // namespace netcut
