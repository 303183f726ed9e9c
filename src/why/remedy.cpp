// SPDX-License-Identifier: Apache-2.0
#include "why/remedy.h"

#include <fmt/format.h>

#include <algorithm>

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

namespace {

std::string at(const std::string& node) {
    return node.empty() ? "all" : node;
}

// Of whole seconds, and over when a good part of the time is left in which the run may go on.
class Times {
  public:
    explicit Times(Nanoseconds hang_after)
        : idle_(std::clamp<Nanoseconds>(hang_after / 4, std::chrono::seconds(1), std::chrono::seconds(10))) {
        idle_ = std::chrono::duration_cast<std::chrono::seconds>(idle_);
    }
    std::string idle() const { return duration_text(idle_); }
    std::string between() const {
        return duration_text(std::max<Nanoseconds>(
            std::chrono::duration_cast<std::chrono::seconds>(idle_ / 3), std::chrono::seconds(1)));
    }

  private:
    Nanoseconds idle_;
};

Trial keepalive(const std::string& node, const Times& times, Hope hope) {
    return {
        fmt::format("keepalive {} at {}", times.idle(), at(node)),
        hope == Hope::cannot_help ? "it asks only when nothing is on its way"
                                  : "it asks the other end whether the connection is still there",
        hope,
        {{at(node)},
         {{"keepalive", times.idle()}, {"keepalive_interval", times.between()}, {"keepalive_probes", "3"}}}};
}

Trial user_timeout(const std::string& node, const std::string& time, Hope hope, const char* what) {
    return {fmt::format("user_timeout {} at {}", time, at(node)),
            what,
            hope,
            {{at(node)}, {{"user_timeout", time}}}};
}

Trial one_key(const std::string& node, const std::string& key, const std::string& value, const char* what) {
    return {
        fmt::format("{} {} at {}", key, value, at(node)), what, Hope::helps, {{at(node)}, {{key, value}}}};
}

constexpr const char* longer_than_cuts = "10m";

}  // namespace

std::vector<Trial> trials_of(const Explanation& why, Nanoseconds hang_after) {
    const Times times(hang_after);
    const std::string& node = why.node;
    constexpr const char* sooner = "what is not acknowledged is given up sooner";
    constexpr const char* nothing_sent = "it has nothing to send that could time out";
    switch (why.cause) {
        case Cause::reply_given_up:
            return {keepalive(node, times, Hope::helps),
                    user_timeout(why.peer, longer_than_cuts, Hope::helps,
                                 "the other end still sends its reply when the cut is over"),
                    user_timeout(node, times.idle(), Hope::cannot_help, nothing_sent)};
        case Cause::peer_gone:
            return {keepalive(node, times, Hope::helps),
                    user_timeout(node, times.idle(), Hope::cannot_help, nothing_sent)};
        case Cause::address_gone:
            return {keepalive(node, times, Hope::helps),
                    user_timeout(node, times.idle(), Hope::may_help, sooner)};
        case Cause::resending:
            return {user_timeout(node, times.idle(), Hope::helps, sooner),
                    one_key(node, "rto_max", "2s",
                            "it is sent again every two seconds, and not every two minutes"),
                    one_key(node, "syn_retries", "2", "who connects gives up sooner, and may try anew"),
                    keepalive(node, times, Hope::cannot_help)};
        case Cause::zero_window:
            return {user_timeout(node, times.idle(), Hope::helps,
                                 "a window that stays full is given up, and the program learns of it"),
                    keepalive(node, times, Hope::cannot_help)};
        case Cause::large_packets:
            return {one_key(node, "mtu_probing", "always", "TCP finds the size of packets that get through"),
                    keepalive(node, times, Hope::cannot_help)};
        case Cause::retries:
        case Cause::all_wait:
        case Cause::unknown:
            return {keepalive({}, times, Hope::may_help),
                    user_timeout({}, times.idle(), Hope::may_help, sooner)};
        default:
            return {};
    }
}

std::string untried_of(const Explanation& why) {
    switch (why.cause) {
        case Cause::reply_given_up:
        case Cause::address_gone:
            return "a limit to the time of each call, HTTP/2's own keepalive (gRPC's "
                   "grpc.keepalive_time_ms), "
                   "and what the program does when a connection ends: they are the program's";
        case Cause::peer_gone:
            return "a limit to the time in which a client must say something: it is the program's";
        case Cause::resending:
        case Cause::zero_window:
            return "a limit to the time of each call: it is the program's";
        case Cause::large_packets:
            return "a smaller MTU on the link (--mtu): it is the network's";
        default:
            return "a change of the program or of its surroundings: " + why.remedy;
    }
}

std::string text_of(const TcpSpec& change) {
    std::string text = fmt::format("nodes: [{}]", fmt::join(change.nodes, ", "));
    for (const auto& [key, value] : change.keys) text += fmt::format(", {}: {}", key, value);
    return "tcp: [{" + text + "}]";
}

}  // namespace netcut
