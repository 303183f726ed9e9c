// SPDX-License-Identifier: Apache-2.0
#include "cli/twins_option.h"

#include <charconv>

#include "cli/many_options.h"
#include "cli/screen.h"
#include "explore/twin_runs.h"

namespace netcut::cli {
namespace {

constexpr unsigned most_twins = 100;

Result<unsigned> number_of_twins(const std::string& text) {
    unsigned count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error == std::errc() && end == text.data() + text.size() && count >= 1 && count <= most_twins)
        return count;
    return usage_failure(fmt::format("compare with {} twins", text),
                         fmt::format("it is no whole number from 1 to {}", most_twins),
                         "3 is enough for most");
}

}  // namespace

Result<int> TwinsOption::compare(Scenario& scenario, const User& user) {
    if (!options_.twins) return 0;
    NETCUT_ASSIGN(const unsigned count, number_of_twins(*options_.twins));
    NETCUT_ASSIGN(const std::string program, this_program());
    NETCUT_ASSIGN(const std::string key, twin_key(scenario, user, program));
    if (const auto known = known_.find(key); known != known_.end()) {
        scenario.twins = known->second;
        return 0;
    }
    const auto tell = [&](const RunOutcome& outcome) {
        if (!quiet_ && !outcome.reused) show("twin    {}: {}\n", outcome.id, outcome.word());
    };
    NETCUT_ASSIGN(TwinRuns made, make_twins(scenario, count, user, program, options_.local, tell));
    if (made.signal != 0) return made.signal;
    scenario.twins = known_[key] = std::move(made.facts);
    if (!quiet_ && made.reused > 0) show("twins   {} made before, in {}\n", made.reused, made.path);
    return 0;
}

}  // namespace netcut::cli
