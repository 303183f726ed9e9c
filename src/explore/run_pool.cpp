// SPDX-License-Identifier: Apache-2.0
#include "explore/run_pool.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>

#include "base/io.h"
#include "base/json.h"
#include "folder/run_files.h"
#include "scenario/yaml.h"

namespace netcut {
namespace {

namespace process = boost::process::v2;

constexpr auto between_looks = std::chrono::milliseconds(50);  // the shortest run is seen
constexpr unsigned looks_a_tick = 4;
constexpr unsigned most_tries = 3;  // of a run that a launcher lost

// A run of its own group hears of a signal from the pool alone, once; and it ends when the pool does.
struct OwnGroup {
    template <typename Launcher>
    process::error_code on_exec_setup(Launcher&, const process::filesystem::path&, const char* const*&) {
        ::setpgid(0, 0);
        ::prctl(PR_SET_PDEATHSIG, SIGTERM);
        return {};
    }
};

int status_of(int native) {
    return WIFSIGNALED(native) ? 128 + WTERMSIG(native) : WEXITSTATUS(native);
}

std::string last_line(const std::string& text) {
    const std::size_t end = text.find_last_not_of('\n');
    if (end == std::string::npos) return {};
    const std::size_t begin = text.rfind('\n', end);
    return text.substr(begin == std::string::npos ? 0 : begin + 1,
                       end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

// Whole minutes when there are many of them: it is no promise.
std::string rough_text(Nanoseconds time) {
    const double s = seconds(time);
    if (s < 90) return fmt::format("{:.0f} s", std::max(1.0, s));
    if (s < 90 * 60) return fmt::format("{:.0f} min", s / 60);
    return fmt::format("{:.1f} h", s / 3600);
}

}  // namespace

std::string progress_text(const RunPool::Progress& progress, bool open_ended) {
    const std::size_t all = progress.done + progress.under_way + progress.waiting;
    std::string text = open_ended ? fmt::format("{} runs done", progress.done)
                                  : fmt::format("{} of {} runs", progress.done, all);
    if (progress.under_way > 0) text += fmt::format(", {} under way", progress.under_way);
    if (progress.left)
        text += open_ended ? fmt::format(", these and {} more take about {}", progress.waiting,
                                         rough_text(*progress.left))
                           : fmt::format(", about {} left", rough_text(*progress.left));
    return text;
}

struct RunPool::Child {
    Child(boost::asio::io_context& io, Waiting one) : what(std::move(one)), process(io) {}
    Waiting what;
    process::process process;
    Clock::time_point begun = Clock::now();
};

RunPool::RunPool(const RunFolder& folder, std::string program, unsigned jobs, bool local)
    : folder_(folder), program_(std::move(program)), jobs_(std::max(1U, jobs)), local_(local) {}
RunPool::~RunPool() = default;

void RunPool::submit(RunRequest request, std::function<void(const RunOutcome&)> done) {
    waiting_.push_back({std::move(request), std::move(done)});
}

Result<int> RunPool::run() {
    bool over =
        false;  // what is due already when we cancel it comes without an error, and must not begin again
    boost::asio::signal_set signals(io_, SIGINT, SIGTERM, SIGHUP);
    const std::function<void()> listen = [&] {
        signals.async_wait([&](boost::system::error_code error, int signal) {
            if (error) return;
            stop(signal);
            if (!over) listen();
        });
    };
    listen();
    boost::asio::steady_timer ticker(io_);
    const std::function<void()> tick = [&, number = 0U]() mutable {
        ticker.expires_after(between_looks);
        ticker.async_wait([&, shows = ++number % looks_a_tick == 0](boost::system::error_code error) {
            if (error || over) return;
            if (manager_.look) manager_.look();
            fill();
            if (tick_ && shows) tick_();
            tick();
        });
    };
    tick();
    fill();
    while (!children_.empty()) io_.run_one();
    over = true;
    signals.cancel();
    ticker.cancel();
    io_.run();
    io_.restart();
    if (error_) return Failure(*error_);
    return signal_;
}

void RunPool::fill() {
    while (children_.size() < jobs_ && !waiting_.empty() && signal_ == 0 && !error_)
        if (auto started = start_next(); !started) error_ = std::move(started).error();
}

Result<void> RunPool::start_next() {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    const std::string id = next.request.id;
    const std::string asked = write_yaml(next.request.scenario);
    if (next.request.prepare) next.request.prepare(next.request.scenario);
    const std::string yaml = write_yaml(next.request.scenario);
    if (const auto earlier = outcome_of_earlier(id, {yaml, asked}); earlier && !next.request.afresh) {
        ++done_;
        next.done(*earlier);
        return {};
    }
    NETCUT_TRY(folder_.write_file("runs/" + id + ".yaml", yaml));
    NETCUT_ASSIGN(const Fd screen, folder_.create_file("runs/" + id + ".txt"));
    const Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    auto child = std::make_unique<Child>(io_, std::move(next));
    const std::string at = folder_.path() + "/runs/" + id;
    std::vector<std::string> words = launcher_;
    words.insert(words.end(), {program_, "run", at + ".yaml", "--out", at, "--quiet", "--no-annotate"});
    if (local_) words.push_back("--local");
    const std::string program = words.front();
    words.erase(words.begin());
    ++child->what.tries;
    try {
        child->process =
            process::process(io_, process::filesystem::path(program), words,
                             process::process_stdio{nothing.get(), screen.get(), screen.get()}, OwnGroup{});
    } catch (const boost::system::system_error& error) {
        return system_failure("start " + program, error.code().value(), "use fewer --jobs");
    }
    Child* raw = child.get();
    if (manager_.started) manager_.started(id, raw->process.id());
    children_.push_back(std::move(child));
    // What the handler is given has lost the signal.
    raw->process.async_wait([this, raw](boost::system::error_code, int) {
        on_end(*raw, status_of(raw->process.native_exit_code()));
    });
    return {};
}

void RunPool::on_end(Child& child, int exit_status) {
    Waiting ended = std::move(child.what);
    const Nanoseconds took = Clock::now() - child.begun;
    std::erase_if(children_, [&](const auto& one) { return one.get() == &child; });
    RunOutcome outcome = read_outcome(ended.request.id, exit_status);
    if (!launcher_.empty() && outcome.verdict.is_null() && signal_ == 0 && ended.tries < most_tries) {
        waiting_.push_front(std::move(ended));
        return fill();
    }
    ++done_;
    ++made_;
    made_in_ += took;
    if (signal_ == 0 && !error_) {
        outcome.took_s = seconds(took);
        ended.done(outcome);
    }
    fill();
}

RunPool::Progress RunPool::progress() const {
    Progress progress{done_, children_.size(), waiting_.size(), {}, signal_ != 0};
    if (made_ > 0) progress.left = time_left();
    if (manager_.correct) manager_.correct(progress);
    return progress;
}

Nanoseconds RunPool::time_left() const {
    const Nanoseconds mean = made_in_ / static_cast<std::int64_t>(made_);
    Nanoseconds work = mean * static_cast<std::int64_t>(waiting_.size());
    // One that takes longer than the others may be about to end.
    for (const auto& child : children_) work += std::max(mean - (Clock::now() - child->begun), mean / 10);
    return work / static_cast<std::int64_t>(jobs_);
}

void RunPool::stop(int signal) {
    signal_ = signal;
    for (const auto& child : children_) ::kill(child->process.id(), signal);
    if (tick_) tick_();  // people want to know at once
}

// Of a run that was made from one of these.
std::optional<RunOutcome> RunPool::outcome_of_earlier(const std::string& id,
                                                      const std::vector<std::string>& yamls) const {
    const bool is_same = std::any_of(yamls.begin(), yamls.end(), [&](const std::string& yaml) {
        return read_whole(folder_, "runs/" + id + ".yaml", yaml.size()).value_or("") == yaml;
    });
    if (!is_same) return {};
    RunOutcome earlier = read_outcome(id, 0);
    if (!earlier.judged()) return {};
    earlier.exit_status = earlier.verdict.value("exit_status", 0);
    earlier.reused = true;
    return earlier;
}

RunOutcome RunPool::read_outcome(const std::string& id, int exit_status) const {
    constexpr std::size_t most = std::size_t{64} << 20;  // bytes
    RunOutcome outcome{.id = id, .exit_status = exit_status};
    const auto text = read_whole(folder_, "runs/" + id + "/verdict.json", most);
    if (text) outcome.verdict = parse_json(*text, "read a verdict").value_or(nullptr);
    if (!outcome.verdict.is_object()) {
        outcome.verdict = nullptr;
        outcome.message = last_line(read_whole(folder_, "runs/" + id + ".txt", most).value_or(""));
    }
    return outcome;
}

}  // namespace netcut
