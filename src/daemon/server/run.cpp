// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>

#include "daemon/server/registry.h"

namespace netcut {
namespace {

namespace process = boost::process::v2;

constexpr auto longest_silence = std::chrono::seconds(10);

std::string end_text(int native) {
    const bool signaled = WIFSIGNALED(native);
    return ExitStatus{signaled, signaled ? WTERMSIG(native) : WEXITSTATUS(native)}.text();
}

}  // namespace

struct Run::Child {
    process::process process;
    boost::asio::steady_timer silence;  // of one that was asked to stop
};

Run::Run(boost::asio::io_context& io, RunRecord record, Observer observer)
    : io_(io), record_(std::move(record)), observer_(std::move(observer)) {}
Run::~Run() {
    if (channel_) channel_->close();
}

Result<void> Run::start(const Launcher& launcher, const WorkerOrder& order,
                        std::function<void(Result<void>)> accepted) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return system_failure("create a socket pair", "raise the daemon's limit on open files");
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    try {
        child_ = std::make_unique<Child>(
            Child{process::process(io_, process::filesystem::path(launcher.program()),
                                   launcher.arguments(order.user, order.limits, {"netcut-fl-worker"}),
                                   // What the user's process prints is not for the daemon's terminal.
                                   process::process_stdio{theirs.get(), nothing.get(), nothing.get()},
                                   FixedEnvironment{}),
                  boost::asio::steady_timer(io_)});
    } catch (const boost::system::system_error& error) {
        return system_failure("start " + launcher.program(), error.code().value(),
                              "install the program whole");
    }
    accepted_ = std::move(accepted);
    const std::weak_ptr<Run> weak = weak_from_this();
    channel_ = std::make_shared<LineChannel>(
        io_, std::move(ours),
        LineChannel::Observer{[weak](const Json& message) {
                                  if (const auto self = weak.lock()) self->take_from_user(message);
                              },
                              [] {}});  // its exit status, which follows, says more
    child_->process.async_wait([self = shared_from_this()](boost::system::error_code, int) {
        self->lose("its worker ended with " + end_text(self->child_->process.native_exit_code()));
    });
    channel_->start();
    channel_->send({{"run", order.to_json()}});
    return {};
}

// A worker is a process of its user, who may make it say anything.
void Run::take_from_user(const Json& message) {
    try {
        take(message);
    } catch (const Json::exception&) {
        ::kill(child_->process.id(), SIGKILL);
    }
}

void Run::take(const Json& message) {
    if (message.contains("event")) {
        record_.take_event(message.at("event"));
    } else if (message.contains("id")) {
        take_answer(message);
    } else if (message.contains("accepted")) {
        record_.accept(message.at("accepted"));
        observer_.changed(*this);
        take_accepted({});
    } else if (message.contains("refused")) {
        take_accepted(Failure(error_of_json(message.at("refused"))));
    } else if (message.contains("ended")) {
        record_.end(message.at("ended"));
        let_go();
    }
}

void Run::take_answer(const Json& message) {
    const auto id = message.at("id").get<std::uint64_t>();
    if (const auto found = answers_.find(id);
        found != answers_.end() && (message.contains("done") || message.contains("failed"))) {
        const Answer answer = std::move(found->second);
        answers_.erase(found);
        if (message.contains("done")) return answer(message.at("done"));
        sinks_.erase(id);
        return answer(Failure(error_of_json(message.at("failed"))));
    }
    const auto sink = sinks_.find(id);
    if (sink == sinks_.end()) return;
    sink->second(message);
    if (message.contains("exit")) sinks_.erase(id);
}

void Run::take_accepted(Result<void> result) {
    if (accepted_) std::exchange(accepted_, nullptr)(std::move(result));
}

// The worker is gone; if it has not said that the run is over, nobody knows.
void Run::lose(const std::string& why) {
    if (!record_.over()) record_.lose(why);
    take_accepted(Failure(Error{Error::Kind::internal, "start the run", 0, why, ""}));
    let_go();
}

void Run::let_go() {
    const auto answers = std::exchange(answers_, {});
    for (const auto& [id, answer] : answers)
        answer(usage_failure("ask the run for something", "the run is over"));
    const auto sinks = std::exchange(sinks_, {});
    for (const auto& [id, sink] : sinks) sink(nullptr);
    if (!std::exchange(told_over_, true)) observer_.over(*this);
}

void Run::ask(Json request, Answer answer) {
    if (record_.over() || !channel_)
        return answer(usage_failure("ask the run for something", "the run is over"));
    request["id"] = ++last_id_;
    answers_.emplace(last_id_, std::move(answer));
    channel_->send(request);
}

void Run::execute(Json request, Answer answer, Sink sink) {
    sinks_.emplace(last_id_ + 1, std::move(sink));
    ask(std::move(request), std::move(answer));
    if (record_.over()) sinks_.clear();
}

void Run::stop(int signal, Answer answer) {
    const std::weak_ptr<Run> weak = weak_from_this();
    ask({{"do", "stop"}, {"signal", signal}}, [weak, answer = std::move(answer)](Result<Json> done) {
        if (const auto self = weak.lock(); self && self->child_) self->child_->silence.cancel();
        answer(std::move(done));
    });
    if (record_.over() || !child_) return;
    // It may be waiting for a disk.
    child_->silence.expires_after(longest_silence);
    child_->silence.async_wait([weak](boost::system::error_code error) {
        const auto self = weak.lock();
        if (!error && self && !self->record_.over()) ::kill(self->child_->process.id(), SIGKILL);
    });
}

}  // namespace netcut
