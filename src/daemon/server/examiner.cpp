// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/examiner.h"

#include <fcntl.h>

#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>

#include "base/error.h"
#include "base/io.h"

namespace netcut {
namespace {

constexpr auto good_for = std::chrono::seconds(30);
constexpr std::size_t max_text = 256 << 10;

}  // namespace

void Examiner::examine(const Peer& who, const Limits& limits, HttpResponder respond) {
    const auto now = Clock::now();
    std::erase_if(known_,
                  [&](const auto& one) { return one.second.waiting.empty() && now >= one.second.until; });
    Knowledge& known = known_[who.uid];
    if (known.text) return respond({200, "application/json", *known.text, nullptr});
    known.waiting.push_back(std::move(respond));
    if (known.waiting.size() == 1) begin(who, limits);
}

void Examiner::begin(const Peer& who, const Limits& limits) {
    auto pipe = make_pipe();
    if (!pipe) return finish(who.uid, {});
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    const std::uint64_t number =
        broker_.launch(who, BrokerLink::Program::examination, limits, nothing.get(), pipe->write.get(),
                       [](BrokerLink::Ended) {});  // what it says ends with it
    const auto out = std::make_shared<boost::asio::readable_pipe>(io_, pipe->read.release());
    const auto text = std::make_shared<std::string>();
    boost::asio::async_read(*out, boost::asio::dynamic_buffer(*text, max_text),
                            [this, out, text, number, uid = who.uid](boost::system::error_code, std::size_t) {
                                broker_.kill(number);  // it may go on, and has no more to say
                                const bool whole = !text->empty() && text->size() < max_text;
                                finish(uid, whole ? std::optional(std::move(*text)) : std::nullopt);
                            });
}

void Examiner::finish(uid_t user, std::optional<std::string> text) {
    Knowledge& known = known_[user];
    known.text = std::move(text);
    known.until = Clock::now() + good_for;
    HttpReply reply{200, "application/json", known.text.value_or(""), nullptr};
    if (!known.text)
        reply = reply_of(problem_of(Error{Error::Kind::machine, "examine this machine", 0,
                                          "netcut-fl doctor does not say what it can do",
                                          "call netcut-fl doctor for the reason"}));
    for (const auto& respond : std::exchange(known.waiting, {})) respond(reply);
}

}  // namespace netcut
