// SPDX-License-Identifier: Apache-2.0
#include "stage/program.h"

#include <fcntl.h>

#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>

#include "node/node.h"
#include "node/stream.h"

namespace netcut {
namespace {

constexpr auto waiting_period = std::chrono::seconds(10);
constexpr std::size_t most_output = 4096;  // bytes that are kept

class Running {
  public:
    Running(const Program& program,
            const std::function<void(std::chrono::seconds, const std::string&)>& waiting)
        : waiting_(waiting),
          node_(io_, spec_of(program),
                Node::Observer{[] {},
                               [this](Stream stream, std::string_view bytes) {
                                   keep(ran_.output, bytes);
                                   if (stream == Stream::out) keep(ran_.out, bytes);
                               },
                               [this](ExitStatus status) { end(status); },
                               [this](Error error) { error_ = std::move(error); }}),
          signals_(io_, SIGINT, SIGTERM, SIGHUP),
          limit_(io_),
          ticker_(io_) {
        limit_.expires_after(program.timeout);
    }

    Result<Ran> run(Fd log) {
        Fd same(::fcntl(log.get(), F_DUPFD_CLOEXEC, 3));
        if (!same) return system_failure("duplicate the descriptor of a log");
        signals_.async_wait([this](boost::system::error_code error, int signal) {
            if (error) return;
            ran_.signal = signal;
            node_.kill();
        });
        limit_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            ran_.timed_out = true;
            node_.kill();
        });
        tick();
        NETCUT_TRY(node_.start_on_machine(std::move(log), std::move(same)));
        io_.run();
        if (error_ && ran_.signal == 0) return Failure(*error_);
        return ran_;
    }

  private:
    static NodeSpec spec_of(const Program& program) {
        NodeSpec spec;
        spec.name = program.name;
        spec.argv = program.argv;
        spec.env = program.env;
        spec.cwd = program.cwd;
        spec.user = program.user;
        return spec;
    }

    static void keep(std::string& tail, std::string_view bytes) {
        tail += bytes;
        if (tail.size() > most_output) tail.erase(0, tail.size() - most_output);
    }

    void tick() {
        ticker_.expires_after(waiting_period);
        ticker_.async_wait([this](boost::system::error_code error) {
            if (error) return;
            waited_ += waiting_period;
            if (waiting_) waiting_(waited_, ran_.output);
            tick();
        });
    }

    void end(ExitStatus status) {
        ran_.status = status;
        signals_.cancel();
        limit_.cancel();
        ticker_.cancel();
    }

    boost::asio::io_context io_;
    const std::function<void(std::chrono::seconds, const std::string&)>& waiting_;
    Ran ran_;
    std::optional<Error> error_;
    Node node_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer limit_, ticker_;
    std::chrono::seconds waited_{0};
};

}  // namespace

Result<Ran> run_program(const Program& program, Fd log,
                        const std::function<void(std::chrono::seconds, const std::string&)>& waiting) {
    return Running(program, waiting).run(std::move(log));
}

std::string last_line(const std::string& output) {
    const std::size_t end = output.find_last_not_of("\r\n\t ");
    if (end == std::string::npos) return {};
    const std::size_t begin = output.find_last_of("\r\n", end);
    return output.substr(begin == std::string::npos ? 0 : begin + 1,
                         end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

}  // namespace netcut
