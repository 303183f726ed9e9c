// SPDX-License-Identifier: Apache-2.0
#include "why/seen.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "kernel/sockdiag.h"
#include "why/giving_up.h"

namespace netcut {
namespace {

std::string connection_text(const std::string& ends, const std::string& peer) {
    if (ends.empty()) return "its connection";
    return peer.empty() ? "its connection " + ends : fmt::format("its connection to {} ({})", peer, ends);
}

std::string target_text(const ThreadFacts& thread, const std::string& peer) {
    const WaitTarget* target = target_of(thread);
    if (target == nullptr) return {};
    if (target->object == WaitObject::connection) return ", on " + connection_text(target->what, peer);
    return fmt::format(", on {}{}", word_of(target->object), target->what.empty() ? "" : " " + target->what);
}

std::string options_text(const std::optional<SocketOptions>& options) {
    if (!options) return "its options could not be read";
    const std::string keepalive = options->keepalive
                                      ? fmt::format("keepalive after {} s", options->keepalive_idle_s)
                                      : "no keepalive (SO_KEEPALIVE is off)";
    return keepalive + (options->user_timeout_ms > 0
                            ? fmt::format(", TCP_USER_TIMEOUT {} ms", options->user_timeout_ms)
                            : ", no TCP_USER_TIMEOUT");
}

}  // namespace

std::string name_of(const ThreadFacts& thread) {
    return fmt::format("{} ({}){}", thread.program, thread.process,
                       thread.call.empty() ? "" : ", " + thread.call);
}

const WaitTarget* target_of(const ThreadFacts& thread) {
    const auto found = std::find_if(thread.on.begin(), thread.on.end(), [](const WaitTarget& target) {
        return target.object != WaitObject::event && target.object != WaitObject::memory;
    });
    return found == thread.on.end() ? nullptr : &*found;
}

std::string text_of(const ThreadFacts& thread, const std::string& peer) {
    const std::string doing = thread.doing == ThreadDoing::runs ? "at work" : word_of(thread.doing);
    std::string text =
        fmt::format("{} ({}): {} thread{} {}", thread.program, thread.process, thread.count,
                    thread.count == 1 ? "" : "s", thread.call.empty() ? doing : "in " + thread.call);
    text += target_text(thread, peer);
    if (thread.doing != ThreadDoing::waits) return text;
    if (thread.end == WaitEnd::never) return text + ", for ever";
    if (thread.ends_in) return text + fmt::format(", for {:.1f} s at most", seconds(*thread.ends_in));
    return text;
}

std::string name_of(const TcpSocket& socket, const std::string& peer) {
    return connection_text(ends_of(socket), peer);
}

std::vector<std::string> lines_of(const std::string& node, const std::string& peer,
                                  const ConnectionFacts& connection, const TcpTries& tries) {
    const TcpSocket& socket = connection.socket;
    const TcpTimers& timers = connection.timers;
    std::string text = fmt::format("{}: {} is {}", node, name_of(socket, peer), socket.state);
    if (timers.timer != TcpTimer::none)
        text += fmt::format(", timer {} in {:.1f} s, {} attempts", word_of(timers.timer),
                            timers.expires_ms / 1e3, timers.attempts);
    if (socket.send_queue > 0) text += fmt::format(", {} bytes not acknowledged", socket.send_queue);
    if (socket.receive_queue > 0) text += fmt::format(", {} bytes not read", socket.receive_queue);
    std::vector<std::string> lines{text + ", " + options_text(connection.options)};
    if (const auto time = gives_up_in(connection, tries))
        lines.push_back(
            fmt::format("{}: TCP gives it up in {:.1f} s, if nobody answers", node, seconds(*time)));
    return lines;
}

}  // namespace netcut
