// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>

#include "base/io.h"
#include "node/exit_status.h"

namespace netcut {
namespace {

constexpr std::size_t max_message = 128 << 10;  // of a worker's
constexpr auto longest_silence = std::chrono::seconds(10);
// For what a worker that has exited had sent before; somebody else may hold its end of the channel open.
constexpr auto drain_time = std::chrono::seconds(2);

// A worker ends its run in time by itself. One that has not, so long after the limit, does not mean to: to start
// and to end a run takes time, too.
Nanoseconds longest_life(Nanoseconds run_time) {
    constexpr Nanoseconds most = std::chrono::hours(24 * 365);
    return std::min(run_time, most) * 11 / 10 + std::chrono::seconds(10);
}

std::string end_text(int native) {
    const bool signaled = WIFSIGNALED(native);
    return ExitStatus{signaled, signaled ? WTERMSIG(native) : WEXITSTATUS(native)}.text();
}

std::optional<int> number_of(const std::string& text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

// How many words a worker's message of this kind has.
std::size_t words_of(Message::Kind kind) {
    switch (kind) {
        case Message::Kind::node:
        case Message::Kind::refused:
        case Message::Kind::unlaunched:
        case Message::Kind::answer:
            return 2;
        case Message::Kind::fault:
        case Message::Kind::accepted:
            return 4;
        case Message::Kind::output:
            return 1;
        case Message::Kind::ended:
            return 3;
        default:
            return 0;
    }
}

HttpReply over_already() {
    return reply_of(problem_of(usage_failure("ask the run for something", "the run is over").value()));
}

// Nothing if it is no answer of a worker's: only the status says how the body is to be read.
std::optional<HttpReply> reply_in(const Message& message) {
    const auto status = number_of(message.words[0]);
    if (status == 200) return HttpReply{200, "application/json", message.words[1], nullptr};
    if (!status || *status < 400 || *status > 599) return {};
    return reply_of({static_cast<unsigned>(*status), message.words[1]});
}

std::optional<HttpReply> reply_of_launch(const Message& message) {
    const auto code = number_of(message.words[1]);
    if (!code) return {};
    return reply_of(problem_of(Error{Error::Kind::machine, message.words[0] + ", to run as the user", *code,
                                     "", "ask whoever runs the daemon"}));
}

}  // namespace

struct Run::Child {
    std::uint64_t number = 0;           // by which the broker knows it
    boost::asio::steady_timer silence;  // of one that ought to answer, or to end
    boost::asio::steady_timer drain;    // of one that has exited
    boost::asio::steady_timer limit;    // of one that runs for too long
};

Run::Run(boost::asio::io_context& io, BrokerLink& broker, RunRecord record, std::shared_ptr<Account> account,
         Observer observer)
    : io_(io),
      broker_(broker),
      record_(std::move(record)),
      account_(std::move(account)),
      observer_(std::move(observer)) {}
Run::~Run() {
    if (channel_) channel_->close();
}

Result<void> Run::start(const Peer& who, const WorkerOrder& order, std::string body,
                        std::shared_ptr<void> hold, Begun begun) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return system_failure("create a socket pair", "raise the daemon's limit on open files");
    Fd ours(ends[0]);
    const Fd theirs(ends[1]);
    const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
    child_ = std::make_unique<Child>(Child{0, boost::asio::steady_timer(io_), boost::asio::steady_timer(io_),
                                           boost::asio::steady_timer(io_)});
    begun_ = std::move(begun);
    const std::weak_ptr<Run> weak = weak_from_this();
    channel_ =
        std::make_shared<Channel>(io_.get_executor(), std::move(ours), max_message,
                                  Channel::Observer{[weak](Message message) {
                                                        if (const auto self = weak.lock())
                                                            self->hear(std::move(message));
                                                    },
                                                    [weak](bool broken) {
                                                        if (const auto self = weak.lock())
                                                            self->take_end_of_channel(broken);
                                                    },
                                                    [account = account_] { return account->cpu.wait(); }});
    child_->number =
        broker_.launch(who, BrokerLink::Program::worker, order.limits, theirs.get(), nothing.get(),
                       [self = shared_from_this()](BrokerLink::Ended ended) { self->take_exit(ended); });
    channel_->start();
    kill_when_overdue(order.limits.run_time);
    channel_->send({Message::Kind::run, 0, WorkerOrder::words(order, std::move(body))}, std::move(hold));
    return {};
}

void Run::hear(Message message) {
    heard_ = true;
    if (broken_) return;
    Bill::to(account_);
    broken_ = message.words.size() != words_of(message.kind);
    if (!broken_) take(std::move(message));
    if (broken_) kill();
}

void Run::take(Message message) {
    const auto& words = message.words;
    switch (message.kind) {
        case Message::Kind::node:
            return record_.set_node(words[0], words[1]);
        case Message::Kind::fault:
            return record_.set_fault(words[0], words[1], words[2], !words[3].empty());
        case Message::Kind::accepted:
            if (record_.state != RunRecord::State::starting || stopped_) return;
            record_.attached = !words[3].empty();
            record_.accept(words[0], words[1], words[2]);
            observer_.changed(*this);
            if (begun_) std::exchange(begun_, nullptr)({});
            return;
        case Message::Kind::refused:
        case Message::Kind::unlaunched: {
            auto refusal =
                message.kind == Message::Kind::refused ? reply_in(message) : reply_of_launch(message);
            broken_ = !refusal;
            if (refusal && begun_) std::exchange(begun_, nullptr)(std::move(refusal));
            return kill_if_silent();
        }
        case Message::Kind::answer:
        case Message::Kind::opened:
            return take_answer(message);
        case Message::Kind::output:
        case Message::Kind::closed:
            return take_output(std::move(message));
        case Message::Kind::ended:
            if (record_.over()) return;
            record_.end(number_of(words[0]).value_or(5), words[1], words[2]);
            kill_if_silent();
            return let_go();
        default:
            broken_ = true;  // it is for workers
    }
}

void Run::take_answer(const Message& message) {
    const auto found = answers_.find(message.id);
    if (found == answers_.end()) return;
    const Answer answer = std::move(found->second);
    answers_.erase(found);
    if (message.kind == Message::Kind::opened)
        return answer({200, "application/x-ndjson", {}, open_stream(message.id)});
    auto reply = reply_in(message);
    broken_ = !reply;
    answer(reply ? std::move(*reply) : over_already());
}

std::shared_ptr<CommandStream> Run::open_stream(std::uint64_t id) {
    const std::weak_ptr<Run> weak = weak_from_this();
    auto stream = std::make_shared<CommandStream>(
        CommandStream::Observer{[weak, id](std::size_t bytes) {
                                    if (const auto self = weak.lock())
                                        self->send({Message::Kind::taken, id, {std::to_string(bytes)}});
                                },
                                [weak, id] {
                                    const auto self = weak.lock();
                                    if (!self) return;
                                    self->streams_.erase(id);
                                    self->send({Message::Kind::leave, id, {}});
                                }});
    streams_[id] = stream;
    return stream;
}

void Run::take_output(Message message) {
    const auto found = streams_.find(message.id);
    if (found == streams_.end()) return;  // its client has left
    const auto stream = found->second;
    if (message.kind == Message::Kind::output) {
        broken_ = !stream->put(message.words[0]);
        return;
    }
    streams_.erase(found);
    stream->finish();
}

void Run::send(Message message) {
    if (channel_) channel_->send(message);
}

void Run::kill_when_overdue(Nanoseconds run_time) {
    child_->limit.expires_after(longest_life(run_time));
    child_->limit.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        const auto self = weak.lock();
        if (error || !self) return;
        self->overdue_ = true;
        self->kill();
    });
}

void Run::kill() {
    if (child_ && end_.empty()) broker_.kill(child_->number);
}

void Run::take_exit(BrokerLink::Ended ended) {
    end_ = end_text(ended.status);
    unstarted_ = std::move(ended.unstarted);
    if (channel_ended_) return conclude();
    await_end_of_channel();
}

void Run::await_end_of_channel() {
    heard_ = false;
    child_->drain.expires_after(drain_time);
    child_->drain.async_wait([self = shared_from_this()](boost::system::error_code error) {
        if (error) return;
        if (self->heard_) return self->await_end_of_channel();
        self->conclude();
    });
}

void Run::take_end_of_channel(bool broken) {
    broken_ = broken_ || broken;
    channel_ended_ = true;
    if (!end_.empty()) return conclude();
    kill();  // without its channel it is of no use
}

void Run::conclude() {
    if (!child_) return;
    std::string why = "its worker ended with " + end_;
    if (broken_) why = "its worker sent what no worker sends";
    if (overdue_) why = "it has gone on for longer than the limit `run-time` allows";
    if (stopped_) why = "it was stopped before it had begun";
    if (!record_.over()) record_.lose(why);
    Error error{stopped_ ? Error::Kind::usage : Error::Kind::internal, "start the run", 0, why, ""};
    if (unstarted_) error = *unstarted_;
    if (begun_) std::exchange(begun_, nullptr)(reply_of(problem_of(error)));
    channel_->close();
    channel_.reset();
    // Not from inside a callback of its own.
    boost::asio::post(io_, [child = std::shared_ptr<Child>(std::move(child_))] {});
    let_go();
}

void Run::kill_if_silent() {
    child_->silence.expires_after(longest_silence);
    child_->silence.async_wait([weak = weak_from_this()](boost::system::error_code error) {
        if (const auto self = weak.lock(); !error && self) self->kill();
    });
}

void Run::let_go() {
    for (const auto& [id, answer] : std::exchange(answers_, {})) answer(over_already());
    for (const auto& [id, stream] : std::exchange(streams_, {})) stream->finish();
    if (!std::exchange(told_over_, true)) observer_.over(*this);
    for (const auto& then : std::exchange(when_over_, {})) then();
}

void Run::ask(Message request, std::shared_ptr<void> hold, Answer answer) {
    if (record_.over() || !channel_) return answer(over_already());
    request.id = ++last_id_;
    answers_.emplace(last_id_, std::move(answer));
    channel_->send(request, std::move(hold));
}

void Run::when_over(std::function<void()> then) {
    if (record_.over()) return then();
    when_over_.push_back(std::move(then));
}

void Run::stop(std::string body, Answer answer) {
    if (record_.state == RunRecord::State::starting) {
        // It takes no request yet, and may be busy or wait for a disk.
        stopped_ = true;
        when_over([answer] { answer({200, "application/json", "{\"forgotten\": true}\n", nullptr}); });
        return kill();
    }
    if (child_) kill_if_silent();
    ask({Message::Kind::stop, 0, {std::move(body)}}, nullptr,
        [weak = weak_from_this(), answer = std::move(answer)](HttpReply reply) {
            const auto self = weak.lock();
            if (self && self->child_ && !self->record_.over()) self->child_->silence.cancel();
            answer(std::move(reply));
        });
}

}  // namespace netcut
