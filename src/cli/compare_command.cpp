// SPDX-License-Identifier: Apache-2.0
#include "cli/compare_command.h"

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/utf8.h"
#include "base/wrapped.h"
#include "cli/many_options.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "page/html_page.h"
#include "report/terminal.h"
#include "results/comparison.h"
#include "results/comparison_report.h"
#include "results/read.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

Result<ResultSet> results_of(const std::string& path, const char* option,
                             const std::optional<std::string>& level, const User& user) {
    NETCUT_ASSIGN(ResultSet set, read_results(path, user));
    if (!level) return set;
    const std::size_t equals = level->find('=');
    const std::string attempt = fmt::format("take {} of {} for {}", *level, path, option);
    if (equals == std::string::npos || equals == 0)
        return usage_failure(attempt, "it is not FACTOR=LEVEL", "write it like version=1.4");
    ResultSet part = set.where(level->substr(0, equals), level->substr(equals + 1));
    if (part.cells().empty())
        return usage_failure(attempt, "no run has that level",
                             fmt::format("its factors are {}", fmt::join(set.factors(), ", ")));
    return part;
}

Result<CompareOptions> compare_options(const CompareCommandOptions& given) {
    CompareOptions options;
    NETCUT_TRY(set_parsed(options.confidence, "--at", given.confidence, parse_share));
    NETCUT_TRY(set_parsed(options.least_change, "--least-change", given.least_change, parse_share));
    if (options.confidence <= 0 || options.confidence >= 1)
        return usage_failure("compare with the confidence of --at", "it is not between 0 % and 100 %",
                             "write it like 99%");
    options.more_is_worse = given.more_is_worse;
    options.less_is_worse = given.less_is_worse;
    return options;
}

Result<void> write_page(const std::string& path, const Comparison& comparison, const User& user) {
    const std::filesystem::path file(path);
    const auto parent = file.parent_path().empty() ? std::filesystem::path(".") : file.parent_path();
    NETCUT_ASSIGN(const RunFolder folder, RunFolder::around_runs(parent, user));
    return folder.write_file(file.filename(), html_page(with_about(json_of(comparison))));
}

Result<int> try_compare(const CompareCommandOptions& options) {
    NETCUT_ASSIGN(const User user, find_caller(""));
    NETCUT_ASSIGN(const CompareOptions how, compare_options(options));
    NETCUT_ASSIGN(const ResultSet before, results_of(options.before, "--old", options.level_before, user));
    NETCUT_ASSIGN(const ResultSet now, results_of(options.now, "--new", options.level_now, user));
    NETCUT_ASSIGN(const Comparison comparison, compare_results(before, now, how));
    if (options.page) NETCUT_TRY(write_page(*options.page, comparison, user));
    const std::string text =
        options.json ? json_of(comparison).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
                     : wrapped(printable_lines(text_of(comparison)), columns_of(STDOUT_FILENO));
    NETCUT_TRY(write_all(STDOUT_FILENO, text, "print the comparison"));
    return comparison.exit_status();
}

}  // namespace

void add_compare_options(CLI::App& command, CompareCommandOptions& options) {
    command
        .add_option("OLD", options.before, "The folder of a study, a matrix or experiments, or its results")
        ->type_name("")
        ->required();
    command.add_option("NEW", options.now, "The same of later runs")->type_name("")->required();
    Group what(command, "The runs to compare");
    what.add("--old", options.level_before, "FACTOR=LEVEL", "Use only these runs of the first: version=1.3");
    what.add("--new", options.level_now, "FACTOR=LEVEL", "Use only these runs of the second");
    what.add("--more-is-worse", options.more_is_worse, "MEASURE",
             "A measure of the study of which more is worse");
    what.add("--less-is-worse", options.less_is_worse, "MEASURE", "One of which less is worse");
    Group sure(command, "The size of a change");
    sure.add("--at", options.confidence, "PERCENT",
             "The confidence with which all changes together are more than chance (default: 99%)");
    sure.add("--least-change", options.least_change, "PERCENT",
             "Ignore a smaller change of a median (default: 5%)");
    command.add_flag("--json", options.json, "Print it as JSON");
    command.add_option("--page", options.page, "Also write a page for people")->type_name("FILE");
    command.footer("Exit status: 0 nothing became worse, 1 something did, 2 usage.");
}

int compare_command(const CompareCommandOptions& options) {
    return end_with(try_compare(options));
}

}  // namespace netcut::cli
