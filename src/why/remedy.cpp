// SPDX-License-Identifier: Apache-2.0
#include "why/cause.h"

namespace netcut {

const char* remedy_of(Cause cause) {
    switch (cause) {
        case Cause::stopped:
            return "Send it SIGCONT; the network is not to blame.";
        case Cause::fault_on:
            return "Let the fault heal (for:), or expect the hang; a limit to the time of each call ends it "
                   "in any case.";
        case Cause::address_gone:
            return "Resolve the name again for each new connection, and give connections a keepalive, so "
                   "that one "
                   "from or to an address that is gone is noticed.";
        case Cause::node_ended:
            return "Go on without a node that does not report in time (a straggler policy), or start it "
                   "again.";
        case Cause::reply_given_up:
            return "A keepalive in who waits (TCP's SO_KEEPALIVE, or HTTP/2's: gRPC's "
                   "grpc.keepalive_time_ms), or a "
                   "limit to the time of each call; a longer TCP_USER_TIMEOUT at the other end where cuts "
                   "are short.";
        case Cause::peer_gone:
            return "A keepalive in the server, or a limit to the time in which a client must say something.";
        case Cause::zero_window:
            return "Let it read while it works, or while it sends, too; a limit to the time of a call ends "
                   "it.";
        case Cause::name_server:
            return "A name server that answers, or addresses in /etc/hosts; a limit to the time of a lookup.";
        case Cause::stale_neighbour:
            return "Announce the new link address (gratuitous ARP, an unsolicited neighbour advertisement); "
                   "no permanent ARP entries, and a smaller net.ipv4.neigh.*.base_reachable_time_ms.";
        case Cause::large_packets:
            return "A smaller MTU or MSS on the link, or the sysctl net.ipv4.tcp_mtu_probing=1.";
        case Cause::resending:
            return "A TCP_USER_TIMEOUT, or a limit to the time of each call, so that it is given up and "
                   "tried anew "
                   "sooner.";
        case Cause::no_socket:
            return "Look at the threads of the program: a lock that its holder waits for, a queue that "
                   "nobody fills.";
        case Cause::all_wait:
            return "A limit to the time of each wait in the program, and a retry after it: a message was "
                   "lost or taken "
                   "by who did not use it.";
        case Cause::retries:
            return "Let the program give up after some tries, and say so; --hang-after and --timeout end the "
                   "run.";
        case Cause::unknown:
            return "See what stood in the way, and what each thread waits for, in journal.jsonl "
                   "(node.waits).";
    }
    return "";
}

}  // namespace netcut
