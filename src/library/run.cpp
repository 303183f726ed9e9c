// SPDX-License-Identifier: Apache-2.0
#include <dlfcn.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "base/error.h"
#include "library/child.h"
#include "library/journal_tail.h"
#include "library/record.h"
#include "netcut/netcut.h"
#include "record/event.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"

namespace netcut::v1 {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds look_every(10);  // for events
constexpr auto longest_patience = std::chrono::hours(24 * 365 * 10);

// The one that is installed with this library, or else the one of PATH.
std::string program_of(const RunOptions& options) {
    if (!options.program.empty()) return options.program;
    Dl_info library{};
    static const char here = 0;
    if (::dladdr(&here, &library) != 0 && library.dli_fname != nullptr) {
        std::error_code error;
        const auto folder = std::filesystem::canonical(library.dli_fname, error).parent_path();
        const auto program = (folder / NETCUT_PROGRAM_FROM_LIBRARY).lexically_normal();
        if (!error && std::filesystem::exists(program, error)) return program;
    }
    return "netcut-fl";
}

std::vector<std::string> command(const std::string& file, const std::string& folder,
                                 const RunOptions& options) {
    std::vector<std::string> words = {program_of(options), "run",           file,    "--local",
                                      "--quiet",           "--no-annotate", "--out", folder};
    for (const auto& [name, value] : options.parameters) {
        words.emplace_back("--set");
        words.push_back(name + "=" + value);
    }
    return words;
}

}  // namespace

class Run::Process {
  public:
    Process(const std::string& file, const std::string& yaml, const std::string& folder,
            const RunOptions& options)
        : folder_(folder),
          journal_(JournalTail::of_next(folder)),
          child_(command(file, folder, options), yaml) {}
    ~Process() {
        stop();
        stop();
    }

    // Of this run alone: its journal has another identity than that of an earlier one.
    std::optional<Event> next(std::chrono::nanoseconds patience) {
        const auto until =
            Clock::now() + std::clamp<std::chrono::nanoseconds>(patience, {}, longest_patience);
        for (;;) {
            const bool over = ended();  // asked first, so that what it wrote last is seen
            if (auto event = journal_.next()) return event;
            const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
            if (over || left <= milliseconds(0)) return {};
            child_.has_ended(std::min(look_every, left));
        }
    }
    bool ended() { return child_.has_ended(milliseconds(0)); }
    void stop() {
        if (!ended()) child_.signal(SIGTERM);
    }
    Verdict verdict() {
        const int status = child_.await_end();
        if (journal_.is_there())
            if (auto verdict = read_verdict(folder_)) return *verdict;
        const auto kind = status == 2   ? Error::Kind::usage
                          : status == 3 ? Error::Kind::machine
                                        : Error::Kind::internal;
        throw Error(kind, child_.said());
    }
    const std::string& folder() const { return folder_; }

  private:
    const std::string folder_;
    JournalTail journal_;
    Child child_;
};

Run::Run(std::unique_ptr<Process> process) : process_(std::move(process)) {}
Run::Run(const Scenario& scenario, const std::string& folder, const RunOptions& options)
    : process_(std::make_unique<Process>("/dev/stdin", scenario.to_yaml(), folder, options)) {}
Run::~Run() = default;
Run::Run(Run&& other) noexcept = default;
Run& Run::operator=(Run&& other) noexcept = default;

Run Run::of_file(const std::string& file, const std::string& folder, const RunOptions& options) {
    return Run(std::make_unique<Process>(file, "", folder, options));
}

std::optional<Event> Run::next(std::chrono::nanoseconds patience) {
    return process_->next(patience);
}

bool Run::ended() {
    return process_->ended();
}

void Run::stop() {
    process_->stop();
}

Verdict Run::verdict() {
    return process_->verdict();
}

const std::string& Run::folder() const {
    return process_->folder();
}

}  // namespace netcut::v1
