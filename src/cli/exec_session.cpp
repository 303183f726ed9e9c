// SPDX-License-Identifier: Apache-2.0
#include "cli/exec_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdlib>

#include "base/json.h"
#include "cli/daemon_client.h"
#include "cli/raw_terminal.h"
#include "cli/screen.h"
#include "daemon/json_text.h"
#include "daemon/output_lines.h"
#include "node/stream.h"

namespace netcut::cli {
namespace {

class ExecSession {
  public:
    ExecSession(RunAccess& run, const ExecOptions& options)
        : run_(run),
          options_(options),
          lines_([this](std::string_view line) { take(line); }),
          input_(io_),
          resized_(io_) {}

    ~ExecSession() { run_.leave(); }
    ExecSession(const ExecSession&) = delete;
    ExecSession& operator=(const ExecSession&) = delete;

    Result<int> carry_out() {
        if (options_.terminal) follow_size();
        run_.execute(io_, options_.node, request(),
                     {[this](std::string_view bytes) { lines_.take(bytes); },
                      [this](Result<void> ended) {
                          outcome_ = std::move(ended);
                          io_.stop();
                      }});
        io_.run();
        NETCUT_TRY(outcome_);
        if (status_) return *status_;
        return machine_failure("see the command through", "the run was over before it",
                               "netcut-fl inspect says what became of it");
    }

  private:
    Json request() const {
        Json request = {{"command", options_.command}};
        if (options_.captures) request["captures"] = true;
        if (options_.input) request["input"] = true;
        if (!options_.terminal) return request;
        const TerminalSize size = size_of_terminal(STDIN_FILENO);
        const char* kind = std::getenv("TERM");
        request.update({{"tty", true},
                        {"rows", size.rows},
                        {"columns", size.columns},
                        {"terminal", kind != nullptr ? kind : ""}});
        return request;
    }

    void take(std::string_view line) {
        const auto message = parse_json(line, "read what the command says");
        if (!message || !message->is_object()) return;
        if (message->contains("exec")) return begin(message->value("exec", std::uint64_t{0}));
        if (options_.json) return print(std::string(line) + '\n', stdout);
        if (const auto output = output_of(*message))
            print(output->bytes, output->stream == Stream::err ? stderr : stdout);
        if (message->contains("problem"))
            complain("{}", printable(message->at("problem").value("text", ""), 1000));
        if (!message->contains("exit")) return;
        const Json& exit = message->at("exit");
        status_ = exit.contains("signal") ? 128 + exit.value("signal", 0) : exit.value("exit_code", 5);
    }

    // Where nobody reads it any more, there is nothing to go on for.
    void print(std::string_view bytes, std::FILE* where) {
        const std::size_t written = std::fwrite(bytes.data(), 1, bytes.size(), where);
        if (written == bytes.size() && std::fflush(where) == 0) return;
        status_ = 128 + SIGPIPE;
        io_.stop();
    }

    void begin(std::uint64_t command) {
        command_ = command;
        if (options_.terminal) run_.resize(io_, *command_, size_of_terminal(STDIN_FILENO));
        if (!options_.input || reading_) return;
        reading_ = true;
        input_.assign(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
        await_input();
    }

    void await_input() {
        input_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this](boost::system::error_code error) {
                              // A regular file, or /dev/null, cannot be waited for; it need not be, either.
                              if (!error || error == boost::asio::error::operation_not_supported)
                                  read_input();
                          });
    }

    // More is read when the command has taken what was.
    void read_input() {
        const ssize_t count = ::read(input_.native_handle(), piece_.data(), piece_.size());
        if (count < 0 && (errno == EINTR || errno == EAGAIN)) return await_input();
        const bool end = count <= 0;
        run_.write_input(io_, *command_,
                         std::string(piece_.data(), end ? 0 : static_cast<std::size_t>(count)),
                         [this, end](const Result<void>& written) {
                             if (written && !end) await_input();  // else it has closed it
                         });
    }

    void follow_size() {
        resized_.add(SIGWINCH);
        resized_.async_wait([this](boost::system::error_code error, int) {
            if (error) return;
            if (command_) run_.resize(io_, *command_, size_of_terminal(STDIN_FILENO));
            follow_size();
        });
    }

    RunAccess& run_;
    const ExecOptions& options_;
    boost::asio::io_context io_;
    Lines lines_;
    boost::asio::posix::stream_descriptor input_;
    boost::asio::signal_set resized_;
    std::array<char, 16384> piece_;
    std::optional<std::uint64_t> command_;
    bool reading_ = false;
    std::optional<int> status_;
    Result<void> outcome_;
};

}  // namespace

Result<int> run_exec_session(RunAccess& run, const ExecOptions& options) {
    if (!options.terminal) return ExecSession(run, options).carry_out();
    if (::isatty(STDIN_FILENO) == 0)
        return usage_failure("give the command a terminal", "standard input is none", "leave out -t");
    const RawTerminal raw(STDIN_FILENO);
    return ExecSession(run, options).carry_out();
}

}  // namespace netcut::cli
