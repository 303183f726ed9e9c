// SPDX-License-Identifier: Apache-2.0
#include "cli/bisect_versions.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/command.h"
#include "base/time.h"
#include "explore/experiments.h"
#include "folder/run_files.h"
#include "stage/program.h"

namespace netcut::cli {
namespace {

constexpr std::size_t most_commits = std::size_t{16} << 20;  // bytes of the list
constexpr auto git_timeout = std::chrono::minutes(5);

// What the command printed is in the file, and it succeeded.
Result<Ran> run_and_keep(const RunFolder& folder, const std::string& file, std::vector<std::string> argv,
                         Nanoseconds timeout) {
    NETCUT_ASSIGN(Fd log, folder.create_file(file));
    const Program program{.name = "prepare",
                          .argv = std::move(argv),
                          .env = {},
                          .cwd = {},
                          .user = folder.user(),
                          .timeout = timeout};
    return run_program(program, std::move(log), {});
}

bool is_commit(std::string_view line) {
    return line.size() >= 40 && line.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Those after `from` up to `to`, the oldest first, each on the line of first parents. Empty: `to` does not come after `from`.
Result<std::vector<std::string>> commits_between(const BisectOptions& options, const RunFolder& folder,
                                                 const std::string& from, const std::string& to) {
    const std::string attempt =
        fmt::format("list the commits from {} to {} in {}", from, to, *options.commits);
    // A name that begins with a dash would be an option of git's.
    if (from.starts_with('-') || to.starts_with('-'))
        return usage_failure(attempt, "no commit begins with -");
    NETCUT_ASSIGN(const Ran ran, run_and_keep(folder, "commits.txt",
                                              {"git", "-C", *options.commits, "rev-list", "--reverse",
                                               "--first-parent", "--ancestry-path", from + ".." + to, "--"},
                                              git_timeout));
    if (!ran.status.success())
        return usage_failure(attempt, fmt::format("git rev-list {}", ran.status.text()),
                             last_line(ran.output));
    std::vector<std::string> commits;
    NETCUT_ASSIGN(const std::string text, read_whole(folder, "commits.txt", most_commits));
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (const std::string line = text.substr(begin, end - begin); is_commit(line))
            commits.push_back(line);
        begin = end + 1;
    }
    return commits;
}

Result<std::vector<std::string>> commits_of(const BisectOptions& options, const RunFolder& folder) {
    std::string from = options.good, to = options.bad;
    NETCUT_ASSIGN(std::vector<std::string> commits, commits_between(options, folder, from, to));
    if (commits.empty()) {
        std::swap(from, to);
        NETCUT_ASSIGN(commits, commits_between(options, folder, from, to));
    }
    if (commits.empty())
        return usage_failure(fmt::format("bisect between {} and {}", options.good, options.bad),
                             "neither is an ancestor of the other by first parents");
    commits.back() = to;  // as it was given
    commits.insert(commits.begin(), from);
    return commits;
}

}  // namespace

std::string with_version(std::string text, const std::string& version) {
    constexpr std::string_view word = "{version}";
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + version.size()))
        text.replace(at, word.size(), version);
    return text;
}

RunOptions options_of_version(const BisectOptions& options, const std::string& version) {
    RunOptions run = options.many.run;
    run.file = with_version(run.file, version);
    for (std::optional<std::string>* one :
         {&run.template_name, &run.workspace, &run.aggregator, &run.collaborator, &run.cwd})
        if (*one) *one = with_version(**one, version);
    for (std::vector<std::string>* words : {&run.sets, &run.envs})
        for (std::string& word : *words) word = with_version(word, version);
    return run;
}

Result<std::vector<std::string>> versions_of(const BisectOptions& options, const RunFolder& folder) {
    const std::string attempt = fmt::format("bisect between {} and {}", options.good, options.bad);
    if (options.commits.has_value() == !options.versions.empty())
        return usage_failure(attempt, "it is not known what is between them, or twice",
                             "give either --versions 1.3,1.4,1.5 or --commits REPOSITORY");
    if (options.good == options.bad) return usage_failure(attempt, "both are the same");
    if (options.commits) return commits_of(options, folder);
    const auto place = [&](const std::string& name) {
        return std::find(options.versions.begin(), options.versions.end(), name);
    };
    const auto good = place(options.good), bad = place(options.bad), none = options.versions.end();
    if (good == none || bad == none)
        return usage_failure(
            attempt, fmt::format("{} is not among --versions", good == none ? options.good : options.bad));
    return std::vector<std::string>(std::min(good, bad), std::max(good, bad) + 1);
}

Result<Prepared> prepare_version(const BisectOptions& options, const std::string& version,
                                 const RunFolder& folder) {
    if (!options.prepare) return Prepared{};
    NETCUT_ASSIGN(std::vector<std::string> argv, split_command(*options.prepare));
    for (std::string& word : argv) word = with_version(word, version);
    NETCUT_ASSIGN(const Nanoseconds timeout, parse_duration(options.prepare_within.value_or("1h")));
    const std::string file = run_id("prepare", version, 1) + ".txt";
    NETCUT_ASSIGN(const Ran ran, run_and_keep(folder, file, std::move(argv), timeout));
    if (ran.signal != 0 || (ran.status.success() && !ran.timed_out)) return Prepared{{}, ran.signal};
    return Prepared{
        fmt::format("--prepare {}: {} ({}/{})",
                    ran.timed_out ? "took longer than " + duration_text(timeout) : ran.status.text(),
                    last_line(ran.output), folder.path(), file),
        0};
}

}  // namespace netcut::cli
