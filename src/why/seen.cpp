// SPDX-License-Identifier: Apache-2.0
#include "why/seen.h"

#include <fmt/format.h>

#include "base/time.h"
#include "kernel/sockdiag.h"
#include "why/giving_up.h"

namespace netcut {
namespace {

// Of the first thing that is not just another thread's business.
std::string target_text(const ThreadFacts& thread) {
    for (const WaitTarget& target : thread.on) {
        if (target.object == WaitObject::event || target.object == WaitObject::memory) continue;
        return fmt::format(", on {}{}", word_of(target.object), target.what.empty() ? "" : " " + target.what);
    }
    return {};
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
    return fmt::format("{} ({}), {}", thread.program, thread.process,
                       thread.call.empty() ? word_of(thread.doing) : thread.call);
}

std::string text_of(const ThreadFacts& thread) {
    std::string text =
        fmt::format("{} ({}): {} thread{} in {}", thread.program, thread.process, thread.count,
                    thread.count == 1 ? "" : "s", thread.call.empty() ? word_of(thread.doing) : thread.call);
    text += target_text(thread);
    if (thread.doing != ThreadDoing::waits) return text;
    if (thread.end == WaitEnd::never) return text + ", for ever";
    if (thread.ends_in) return text + fmt::format(", for {:.1f} s at most", seconds(*thread.ends_in));
    return text;
}

std::vector<std::string> lines_of(const std::string& node, const ConnectionFacts& connection,
                                  const TcpTries& tries) {
    const TcpSocket& socket = connection.socket;
    const TcpTimers& timers = connection.timers;
    std::string text = fmt::format("{}: {} is {}", node, ends_of(socket), socket.state);
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
