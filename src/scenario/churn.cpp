// SPDX-License-Identifier: Apache-2.0
#include "scenario/churn.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <sstream>

#include "base/random.h"
#include "scenario/fault_check.h"
#include "scenario/fault_yaml.h"
#include "scenario/input.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {
namespace {

using std::chrono::milliseconds;

constexpr Nanoseconds least_absence = milliseconds(1), least_mean = milliseconds(10);
constexpr std::size_t most_churn_text = std::size_t{16} << 20;
constexpr std::size_t most_absences = 100'000;
constexpr double longest_churn_s = 7 * 24 * 3600.0;

Failure wrong_churn(const std::string& why, const std::string& hint = {}, Mistake mistake = Mistake::value) {
    return usage_failure("use churn:", why, hint, mistake);
}

// Of a Poisson process; whole milliseconds, which no machine computes otherwise.
Nanoseconds drawn_time(Random& random, Nanoseconds mean) {
    const double ms = -std::log(1 - random.next()) * seconds(mean) * 1e3;
    return std::max<Nanoseconds>(least_absence, milliseconds(std::llround(ms)));
}

std::vector<std::size_t> nodes_of(const Scenario& scenario, const ChurnSpec& spec) {
    std::vector<std::size_t> nodes;
    for (const std::string& name : expanded_nodes(scenario, spec.nodes))
        if (const auto index = node_index(scenario, name)) nodes.push_back(*index);
    return nodes;
}

std::vector<Absence> each_by_itself(const ChurnSpec& spec, const std::vector<std::size_t>& nodes) {
    std::vector<Absence> all;
    for (const std::size_t node : nodes) {
        Random random(std::uint64_t{spec.seed} + node);
        for (Nanoseconds at = drawn_time(random, spec.up); at < spec.length && all.size() <= most_absences;) {
            const Nanoseconds back = at + drawn_time(random, spec.down);
            all.push_back({node, at, back});
            at = back + drawn_time(random, spec.up);
        }
    }
    return all;
}

// Of N nodes, k are drawn each time: the first k of a shuffle.
std::vector<Absence> several_at_once(const ChurnSpec& spec, std::vector<std::size_t> nodes) {
    std::vector<Absence> all;
    Random random(spec.seed);
    for (Nanoseconds at = drawn_time(random, spec.every); at < spec.length && all.size() <= most_absences;
         at += spec.down + drawn_time(random, spec.every)) {
        for (std::size_t i = 0; i < spec.together; ++i) {
            const auto other =
                static_cast<std::size_t>(random.next() * static_cast<double>(nodes.size() - i));
            std::swap(nodes[i], nodes[i + other]);
            all.push_back({nodes[i], at, at + spec.down});
        }
    }
    return all;
}

// --- a file ---

struct ChurnLine {
    std::string_view text;
    const std::string& file;
    int number;

    Failure wrong(std::size_t column, std::string why, std::string hint = {}) const {
        Error error{Error::Kind::usage, "read who is away when", 0, std::move(why), std::move(hint)};
        error.place = {file, number, static_cast<int>(column) + 1};
        return Failure(std::move(error));
    }
};

Result<Nanoseconds> read_moment(const ChurnLine& line, std::size_t begin, std::size_t end) {
    double time = 0;
    const char* const first = line.text.data() + begin;
    const auto [stop, error] = std::from_chars(first, line.text.data() + end, time);
    if (error != std::errc() || stop != line.text.data() + end || !(time >= 0 && time <= longest_churn_s))
        return line.wrong(begin, "it is no time in seconds, of a week at most");
    return milliseconds(std::llround(time * 1e3));
}

Result<Absence> read_absence(const Scenario& scenario, const ChurnLine& line) {
    const std::size_t first = line.text.find(',');
    const std::size_t second = first == std::string_view::npos ? first : line.text.find(',', first + 1);
    if (second == std::string_view::npos)
        return line.wrong(0, "it has no three columns",
                          "write from when, until when and who: 10,25.5,collaborator2");
    Absence absence;
    NETCUT_ASSIGN(absence.from, read_moment(line, 0, first));
    NETCUT_ASSIGN(absence.to, read_moment(line, first + 1, second));
    const std::string name(line.text.substr(second + 1));
    const auto node = node_index(scenario, name);
    if (!node) return line.wrong(second + 1, "there is no node '" + name + "'");
    absence.node = *node;
    if (absence.to < absence.from + least_absence)
        return line.wrong(first + 1, "it is not back later than it goes");
    return absence;
}

Result<std::vector<Absence>> read_absences(const Scenario& scenario, const ChurnSpec& spec) {
    std::vector<Absence> all;
    std::istringstream text(spec.text);
    int number = 0;
    for (std::string line; std::getline(text, line);) {
        ++number;
        if (line.ends_with('\r')) line.pop_back();
        if (line.empty() || line.front() == '#' || line == "from,to,node") continue;
        const ChurnLine place{line, spec.file, number};
        NETCUT_ASSIGN(const Absence absence, read_absence(scenario, place));
        if (all.size() == most_absences)
            return place.wrong(0, "there are too many lines", "100,000 are the most");
        all.push_back(absence);
    }
    return all;
}

// Cycles of one fault have times between them.
Result<void> put_in_order(const Scenario& scenario, std::vector<Absence>& all) {
    std::stable_sort(all.begin(), all.end(), [](const Absence& a, const Absence& b) {
        return std::pair(a.node, a.from) < std::pair(b.node, b.from);
    });
    for (std::size_t i = 1; i < all.size(); ++i)
        if (all[i].node == all[i - 1].node && all[i].from < all[i - 1].to + least_absence)
            return wrong_churn(fmt::format("{} goes at {} and is not back then",
                                           node_names(scenario)[all[i].node], duration_text(all[i].from)),
                               "let it be back a millisecond before at least");
    return {};
}

// --- what cannot be ---

Result<void> check_model(const Scenario& scenario, const ChurnSpec& spec) {
    const std::size_t nodes = nodes_of(scenario, spec).size();
    if (spec.down < least_mean || (spec.together == 0 ? spec.up : spec.every) < least_mean)
        return wrong_churn("how long nodes are there and away is not known, or less than 10ms",
                           "write {up: 5m, down: 30s}, or {together: 3, every: 2m, down: 20s}",
                           Mistake::missing);
    if (spec.together > nodes)
        return wrong_churn(fmt::format("{} of {} nodes cannot go", spec.together, nodes));
    if (spec.together > 0 && spec.up > Nanoseconds(0))
        return wrong_churn("nodes that go together have no up of their own",
                           "write every:", Mistake::conflict);
    return {};
}

Result<void> check_churn(const Scenario& scenario, const ChurnSpec& spec) {
    for (const std::string& name : expanded_nodes(scenario, spec.nodes))
        NETCUT_TRY(check_node(scenario, name, "let come and go"));
    if (spec.file.empty()) return check_model(scenario, spec);
    if (spec.up + spec.down + spec.every > Nanoseconds(0) || spec.together > 0)
        return wrong_churn("it has a trace and a model", "give one of them", Mistake::conflict);
    return {};
}

std::string free_name(const Scenario& scenario, const std::string& wanted) {
    const auto is_taken = [&](const std::string& name) {
        return std::any_of(scenario.faults.begin(), scenario.faults.end(),
                           [&](const FaultSpec& fault) { return fault.name == name; });
    };
    std::string name = wanted;
    for (int i = 2; is_taken(name); ++i) name = fmt::format("{}-{}", wanted, i);
    return name;
}

// Of one node. The last cycle is followed by nothing: it is off as long as the least absence.
void add_fault(Scenario& scenario, const FaultKind& kind, const Absence* first, const Absence* end) {
    FaultSpec fault;
    const std::string node = node_names(scenario)[first->node];
    fault.name = free_name(scenario, "away-" + node);
    fault.kind = &kind;
    fault.nodes = {node};
    fault.trigger.kind = FaultTrigger::Kind::start;
    fault.trigger.delay = first->from;
    FlapSpec& flap = fault.flap.emplace();
    for (const Absence* one = first; one != end; ++one)
        flap.list.push_back(
            {one->to - one->from, one + 1 == end ? least_absence : (one + 1)->from - one->to});
    flap.count = static_cast<unsigned>(flap.list.size());
    scenario.faults.push_back(std::move(fault));
}

}  // namespace

Result<std::vector<Absence>> absences(const Scenario& scenario, const ChurnSpec& spec) {
    NETCUT_TRY(check_churn(scenario, spec));
    std::vector<Absence> all;
    if (!spec.file.empty()) {
        NETCUT_ASSIGN(all, read_absences(scenario, spec));
    } else if (spec.together > 0) {
        all = several_at_once(spec, nodes_of(scenario, spec));
    } else {
        all = each_by_itself(spec, nodes_of(scenario, spec));
    }
    if (all.size() > most_absences)
        return wrong_churn(fmt::format("nodes would go more than {} times", most_absences),
                           "shorten its length");
    NETCUT_TRY(put_in_order(scenario, all));
    return all;
}

void read_churn(YamlSection& section, Scenario& scenario) {
    bool first = true;
    section.section_or_sections("churn", [&](YamlSection& one) {
        if (std::exchange(first, false)) scenario.churn.clear();
        ChurnSpec& spec = scenario.churn.emplace_back();
        one.list("nodes", spec.nodes);
        one.text("kind", spec.kind);
        one.text("trace", spec.file);
        one.duration("up", spec.up);
        one.duration("down", spec.down);
        one.count("together", spec.together, 1, max_nodes);
        one.duration("every", spec.every);
        one.count("seed", spec.seed, 0, std::numeric_limits<std::uint32_t>::max());
        one.duration("length", spec.length);
    });
}

Result<void> read_churn_traces(Scenario& scenario) {
    for (ChurnSpec& spec : scenario.churn)
        if (!spec.file.empty()) {
            NETCUT_ASSIGN(spec.text, read_input(spec.file, Input::file, most_churn_text));
        }
    return {};
}

Result<void> make_churn(Scenario& scenario) {
    for (const ChurnSpec& spec : scenario.churn) {
        NETCUT_ASSIGN(const FaultKind* kind, parse_kind(spec.kind));
        NETCUT_ASSIGN(const auto all, absences(scenario, spec));
        for (std::size_t begin = 0, end = 0; begin < all.size(); begin = end) {
            while (end < all.size() && all[end].node == all[begin].node) ++end;
            add_fault(scenario, *kind, all.data() + begin, all.data() + end);
        }
    }
    scenario.churn.clear();
    return {};
}

}  // namespace netcut
