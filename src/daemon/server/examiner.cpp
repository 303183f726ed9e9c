// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/examiner.h"

#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>

namespace netcut {
namespace {

namespace process = boost::process::v2;

constexpr auto good_for = std::chrono::seconds(30);
constexpr std::size_t max_text = 256 << 10;

}  // namespace

struct Examiner::Examination {
    Examination(boost::asio::io_context& io, const Launcher& launcher, const User& user, const Limits& limits)
        : out(io),
          child(io, process::filesystem::path(launcher.program()),
                launcher.arguments(user, limits, {"netcut-fl", "doctor", "--json"}),
                process::process_stdio{nullptr, out, nullptr}, FixedEnvironment{}) {}
    boost::asio::readable_pipe out;
    process::process child;
    std::string text;
};

Examiner::Examiner(boost::asio::io_context& io, Launcher launcher)
    : io_(io), launcher_(std::move(launcher)) {}

void Examiner::examine(const User& user, const Limits& limits, HttpResponder respond) {
    const auto now = Clock::now();
    std::erase_if(known_,
                  [&](const auto& one) { return one.second.waiting.empty() && now >= one.second.until; });
    Knowledge& known = known_[user.uid];
    if (known.text) return respond({200, "application/json", *known.text, nullptr});
    known.waiting.push_back(std::move(respond));
    if (known.waiting.size() == 1) begin(user, limits);
}

void Examiner::begin(const User& user, const Limits& limits) {
    std::shared_ptr<Examination> examination;
    try {
        examination = std::make_shared<Examination>(io_, launcher_, user, limits);
    } catch (const boost::system::system_error&) {
        return finish(user.uid, {});
    }
    boost::asio::async_read(
        examination->out, boost::asio::dynamic_buffer(examination->text, max_text),
        [this, examination, uid = user.uid](boost::system::error_code, std::size_t) {
            if (examination->text.size() == max_text) ::kill(examination->child.id(), SIGKILL);
            examination->child.async_wait([this, examination, uid](boost::system::error_code, int) {
                const bool whole = !examination->text.empty() && examination->text.size() < max_text;
                finish(uid, whole ? std::optional(std::move(examination->text)) : std::nullopt);
            });
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
