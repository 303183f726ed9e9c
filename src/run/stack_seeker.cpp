// SPDX-License-Identifier: Apache-2.0
#include "run/stack_seeker.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <csignal>

#include "base/error.h"
#include "kernel/process_files.h"
#include "kernel/rights.h"
#include "why/traceback.h"

namespace netcut {
namespace {

namespace process = boost::process::v2;

constexpr const char* eu_stack = "/usr/bin/eu-stack";
constexpr std::size_t most_processes = 16, most_traced = 4, most_traced_of_all = 32;  // of a node; of the run
constexpr std::size_t most_printed = 256 << 10, most_unread_stacks = 8;

// It dies with us, and asks no server for debug information.
struct Alone {
    template <typename Launcher>
    process::error_code on_setup(Launcher& launcher, const process::filesystem::path&, const char* const*&) {
        static const char* const variables[] = {"LC_ALL=C", nullptr};
        launcher.env = variables;
        return {};
    }
    template <typename Launcher>
    process::error_code on_exec_setup(Launcher&, const process::filesystem::path&, const char* const*&) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        return {};
    }
};

std::string beginning_of(int file) {
    std::string text(most_printed, '\0');
    const ssize_t count = ::pread(file, text.data(), text.size(), 0);
    text.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
    return text;
}

}  // namespace

class StackSeeker::Trace {
  public:
    Trace(boost::asio::io_context& io, std::size_t node, ProcessHandle traced)
        : node_(node),
          traced_(std::move(traced)),
          output_(::memfd_create("stacks", MFD_CLOEXEC)),
          child_(io) {}
    ~Trace() {
        if (ended_ || !begun_) return;
        boost::system::error_code ignored;
        child_.terminate(ignored);
        traced_.signal(SIGCONT);  // whoever ends a tracer may leave its process stopped
    }

    Result<void> start(boost::asio::io_context& io, std::function<void()> done) {
        const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
        const std::vector<std::string> words = {"-s", "-m", "-n", "24", "-p", std::to_string(traced_.pid())};
        try {
            child_ = process::process(io, process::filesystem::path(eu_stack), words,
                                      process::process_stdio{nothing.get(), output_.get(), nothing.get()},
                                      Alone{});
        } catch (const boost::system::system_error& error) {
            return system_failure(std::string("start ") + eu_stack, error.code().value());
        }
        begun_ = true;
        child_.async_wait([this, alive = std::weak_ptr<char>(alive_), done = std::move(done)](
                              boost::system::error_code error, int) {
            if (alive.expired() || error == boost::asio::error::operation_aborted) return;
            ended_ = true;
            done();
        });
        return {};
    }
    std::size_t node() const { return node_; }
    const ProcessHandle& traced() const { return traced_; }
    std::string printed() const { return beginning_of(output_.get()); }

  private:
    std::size_t node_;
    ProcessHandle traced_;
    Fd output_;
    process::process child_;
    bool begun_ = false, ended_ = false;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

StackSeeker::StackSeeker(boost::asio::io_context& io, std::vector<NodeProcess> nodes, Nanoseconds within)
    : io_(io), nodes_(std::move(nodes)), end_(Clock::now() + within), end_timer_(io) {}
StackSeeker::~StackSeeker() = default;

void StackSeeker::could_not(Subject& subject, const std::string& what, const Error& why) {
    if (subject.sum.unread.size() < most_unread_stacks)
        subject.sum.unread.push_back(what + ": " + why.text());
    else
        ++subject.sum.left_out;
}

void StackSeeker::find_processes(const NodeProcess& node) {
    Subject& subject = subjects_[node.node];
    std::vector<pid_t> all = processes_below(node.outermost);
    // The first is netcut-fl-init, as process 1 of the node. What others have started ends before them.
    for (std::size_t i = all.size(); i-- > 1;) {
        auto handle = ProcessHandle::open(all[i]);
        if (!handle) continue;  // it has just ended
        auto& list = handle->catches(SIGABRT) ? subject.to_abort : subject.to_trace;
        list.size() < most_processes ? list.push_back(std::move(*handle)) : void(++subject.sum.left_out);
    }
}

void StackSeeker::start(std::function<void()> done) {
    done_ = std::move(done);
    for (const NodeProcess& node : nodes_) find_processes(node);
    std::size_t traced = 0;
    // It reads files of the node's making, which nobody with rights over the machine should.
    const bool can_trace = ::access(eu_stack, X_OK) == 0 && !may_set_groups();
    for (auto& [node, subject] : subjects_) {
        // The command itself is the last one.
        while (subject.to_trace.size() > (can_trace ? most_traced : 0)) subject.to_trace.pop_front();
        while (!subject.to_trace.empty() && traced + subject.to_trace.size() > most_traced_of_all)
            subject.to_trace.pop_front();
        traced += subject.to_trace.size();
    }
    end_timer_.expires_at(end_);
    end_timer_.async_wait([this, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
        if (!error && !alive.expired()) give_up();
    });
    trace_next();
}

// While all still wait.
void StackSeeker::trace_next() {
    trace_.reset();
    const Nanoseconds left = end_ - Clock::now();
    for (auto& [node, subject] : subjects_) {
        if (subject.to_trace.empty() || left < Nanoseconds(0)) continue;
        trace_ = std::make_unique<Trace>(io_, node, std::move(subject.to_trace.front()));
        subject.to_trace.pop_front();
        const auto ended = [this] {
            on_traced(trace_->node(), trace_->traced(), trace_->printed());
            boost::asio::post(io_, [this, alive = std::weak_ptr<char>(alive_)] {
                if (!alive.expired() && done_) trace_next();
            });
        };
        if (auto started = trace_->start(io_, ended); started)
            return;
        else
            could_not(subject, "the stack of a process", started.error());
    }
    stop_all();
}

void StackSeeker::on_traced(std::size_t node, const ProcessHandle& process, const std::string& printed) {
    Subject& subject = subjects_[node];
    ++subject.sum.traced;
    for (event::NodeStack& stack : machine_stacks(printed)) {
        stack.process = process.pid();
        stack.program = process.program();
        subject.traced.push_back(std::move(stack));
    }
}

void StackSeeker::stop_all() {
    for (auto& [node, subject] : subjects_)
        for (const ProcessHandle& process : subject.to_abort) process.signal(SIGSTOP);
    for (auto& [node, subject] : subjects_) abort_next(node);
    finish_if_done();
}

// One after another: they may print to the same pipe.
void StackSeeker::abort_next(std::size_t node) {
    Subject& subject = subjects_[node];
    while (!subject.to_abort.empty()) {
        ProcessHandle process = std::move(subject.to_abort.front());
        subject.to_abort.pop_front();
        if (auto set = process.leave_no_core(); !set) {
            could_not(subject, "the stack of " + process.program(), set.error());
            process.signal(SIGCONT);
            continue;
        }
        return abort(node, std::move(process));
    }
}

void StackSeeker::abort(std::size_t node, ProcessHandle process) {
    Subject& subject = subjects_[node];
    ++subject.sum.aborted;
    subject.aborted.emplace_back(process.pid(), process.program());
    // What it waits for may come meanwhile: the end of a peer that was aborted before it.
    process.signal_first_thread(SIGABRT);
    process.signal(SIGCONT);
    auto& ended = dying_[node];
    ended = std::make_unique<boost::asio::posix::stream_descriptor>(
        io_, ::fcntl(process.fd(), F_DUPFD_CLOEXEC, 3));
    ended->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, node, alive = std::weak_ptr<char>(alive_)](boost::system::error_code error) {
                          if (error || alive.expired()) return;
                          dying_.erase(node);
                          abort_next(node);
                          finish_if_done();
                      });
}

void StackSeeker::finish_if_done() {
    if (!done_ || !dying_.empty()) return;
    end_timer_.cancel();
    boost::asio::post(io_, std::exchange(done_, nullptr));
}

// Its nodes are ended all the same.
void StackSeeker::give_up() {
    trace_.reset();
    for (auto& [node, subject] : subjects_) {
        for (const ProcessHandle& process : subject.to_abort) process.signal(SIGCONT);
        if (!subject.to_abort.empty() || !subject.to_trace.empty() || dying_.contains(node))
            could_not(subject, "all stacks",
                      {Error::Kind::machine, "read them", 0, "that took too long", ""});
        subject.to_abort.clear();
        subject.to_trace.clear();
    }
    dying_.clear();
    finish_if_done();
}

void StackSeeker::take(std::size_t node, std::string_view bytes) {
    const auto found = subjects_.find(node);
    if (found == subjects_.end()) return;
    std::string& printed = found->second.printed;
    printed += bytes.substr(0, most_printed - std::min(most_printed, printed.size()));
}

std::vector<event::NodeStack> StackSeeker::stacks_of(std::size_t node) const {
    const auto found = subjects_.find(node);
    if (found == subjects_.end()) return {};
    const Subject& subject = found->second;
    std::vector<event::NodeStack> all = subject.traced;
    auto processes = python_stacks(subject.printed);
    for (std::size_t i = 0; i < processes.size() && i < subject.aborted.size(); ++i)
        for (event::NodeStack& stack : processes[i]) {
            std::tie(stack.process, stack.program) = subject.aborted[i];
            all.push_back(std::move(stack));
        }
    return all;
}

event::StacksSought StackSeeker::sum_of(std::size_t node) const {
    const auto found = subjects_.find(node);
    return found == subjects_.end() ? event::StacksSought{} : found->second.sum;
}

}  // namespace netcut
