// SPDX-License-Identifier: Apache-2.0
#include "scenario/link.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "base/random.h"
#include "base/sha256.h"
#include "link/pacer.h"
#include "link/rate.h"
#include "link/trace_model.h"
#include "link/trace_text.h"
#include "scenario/expand.h"
#include "scenario/fault_check.h"
#include "scenario/fault_yaml.h"
#include "scenario/input.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {
namespace {

namespace files = std::filesystem;

constexpr std::size_t most_entries_of_links = 4096;
constexpr std::size_t most_files_of_folder = 10'000;
constexpr std::size_t most_text_of_traces = std::size_t{512} << 20;
constexpr std::string_view up_file = ".up", down_file = ".down";

Failure wrong_link(const std::string& why, const std::string& hint = {}, Mistake mistake = Mistake::value) {
    return usage_failure("use link:", why, hint, mistake);
}

ExpandContext context_of(const std::string& node, std::size_t index) {
    return {node, static_cast<unsigned>(index), {}, {}, {}};
}

// What counts for a node in one direction.
const LinkSource* source_of(const Scenario& scenario, const std::string& node, bool up) {
    const LinkSource* source = nullptr;
    for (const LinkSpec& spec : scenario.link) {
        const auto& side = up ? spec.up : spec.down;
        if (side && std::find(spec.nodes.begin(), spec.nodes.end(), node) != spec.nodes.end())
            source = &*side;
    }
    return source;
}

std::vector<std::string> names_ending(const std::vector<std::string>& names, std::string_view end) {
    std::vector<std::string> some;
    for (const std::string& name : names)
        if (name.ends_with(end)) some.push_back(name);
    return some;
}

// Where each X.up has its X.down, both directions of a node have those of one draw; else each has its own.
std::string drawn_file(const std::vector<std::string>& names, unsigned seed, std::size_t node, bool up) {
    const auto ups = names_ending(names, up_file), downs = names_ending(names, down_file);
    const bool in_pairs =
        !ups.empty() && ups.size() == downs.size() && ups.size() + downs.size() == names.size();
    const auto& all = !in_pairs ? names : up ? ups : downs;
    Random random(std::uint64_t{seed} + node);
    if (!in_pairs && !up) random.next();
    return all[static_cast<std::size_t>(random.next() * static_cast<double>(all.size()))];
}

Result<std::string> path_of(const Scenario& scenario, const LinkSource& source, const std::string& node,
                            std::size_t index, bool up) {
    if (source.folder.empty()) return expand_text(source.file, scenario, context_of(node, index));
    const auto listed = scenario.trace_folders.find(source.folder);
    if (listed == scenario.trace_folders.end() || listed->second.empty())
        return internal_failure("draw a trace from " + source.folder, "it was not listed");
    return source.folder + "/" + drawn_file(listed->second, source.seed, index, up);
}

Result<std::uint64_t> queue_bytes(const LinkSource& source, double bits_per_second, unsigned mtu) {
    const std::uint64_t least = std::uint64_t{mtu} + ethernet_header;
    if (const auto time = parse_duration(source.queue))
        return std::max(bytes_in(static_cast<std::uint64_t>(bits_per_second), *time), least);
    NETCUT_ASSIGN(const std::uint64_t bytes, parse_bytes(source.queue));
    return std::max(bytes, least);
}

std::string name_of_node(std::size_t index) {
    return index == 0 ? aggregator_name : collaborator_name(static_cast<unsigned>(index));
}

Result<LinkSide> side_of(const Scenario& scenario, const LinkSource& source, std::size_t index, bool up) {
    LinkSide side;
    if (source.bits_per_second) {
        side.play.trace =
            std::make_shared<LinkTrace>(LinkTrace::constant(static_cast<double>(*source.bits_per_second)));
        side.what = fmt::format("{}bit", *source.bits_per_second);
    } else if (const TraceModel* model = trace_model(source.model)) {
        const std::uint64_t seed = std::uint64_t{source.seed} + index;
        side.play.trace = std::make_shared<LinkTrace>(
            make_trace(*model, seed, source.length, static_cast<double>(source.mean.value_or(0))));
        side.what = fmt::format("{}, seed {}", model->name, seed);
    } else {
        NETCUT_ASSIGN(side.file, path_of(scenario, source, name_of_node(index), index, up));
        const auto read = scenario.traces.find(side.file);
        if (read == scenario.traces.end())
            return internal_failure("use the trace " + side.file, "it was not read");
        side.play.trace = read->second.trace;
        side.what = files::path(side.file).filename();
        side.sha256 = read->second.sha256;
    }
    side.play.loop = source.loop;
    side.play.speed = source.speed;
    if (side.play.trace->has_loss()) {
        side.loss_seed = 2 * (std::uint64_t{source.loss_seed} + index) + (up ? 0 : 1);
        side.losses = LossDraws(side.play.trace->most_loss(), side.loss_seed);
    }
    NETCUT_ASSIGN(side.queue_bytes, queue_bytes(source, side.play.trace->mean(), scenario.fabric.mtu));
    return side;
}

// --- files ---

Result<void> read_trace(Scenario& scenario, const std::string& path, std::size_t& bytes) {
    if (scenario.traces.contains(path)) return {};
    const auto kept = scenario.kept_traces.find(path);
    NETCUT_ASSIGN(std::string text, read_input(kept == scenario.kept_traces.end() ? path : kept->second,
                                               Input::file, most_trace_text));
    bytes += text.size();
    if (bytes > most_text_of_traces)
        return wrong_link(fmt::format("its traces have more than {} MiB in all", most_text_of_traces >> 20));
    NETCUT_ASSIGN(LinkTrace trace, parse_trace(text, path));
    std::string digest = sha256_hex(text);
    scenario.traces[path] = {std::move(text), std::move(digest),
                             std::make_shared<LinkTrace>(std::move(trace))};
    return {};
}

Result<void> list_folder(Scenario& scenario, const std::string& folder) {
    if (scenario.trace_folders.contains(folder)) return {};
    std::error_code error;
    std::vector<std::string> names;
    for (files::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().filename();
        if (name.starts_with('.') || !entry->is_regular_file(error)) continue;
        if (names.size() == most_files_of_folder)
            return wrong_link(fmt::format("{} has more than {} files", folder, most_files_of_folder));
        names.push_back(std::move(name));
    }
    if (error) return usage_failure("read the traces in " + folder, error.message(), {}, Mistake::unreadable);
    if (names.empty()) return wrong_link(folder + " has no files", "put traces into it", Mistake::missing);
    std::sort(names.begin(), names.end());
    scenario.trace_folders[folder] = std::move(names);
    return {};
}

Result<void> read_traces_of(Scenario& scenario, const LinkSpec& spec, std::size_t& bytes) {
    for (const std::string& node : expanded_nodes(scenario, spec.nodes)) {
        const auto index = node_index(scenario, node);
        for (const bool up : {true, false}) {
            const auto& source = up ? spec.up : spec.down;
            if (!index || !source || (source->file.empty() && source->folder.empty())) continue;
            if (!source->folder.empty()) NETCUT_TRY(list_folder(scenario, source->folder));
            NETCUT_ASSIGN(const std::string path, path_of(scenario, *source, node, *index, up));
            NETCUT_TRY(read_trace(scenario, path, bytes));
        }
    }
    return {};
}

// --- what cannot be ---

Result<void> check_source(const LinkSource& source) {
    const int given = (source.bits_per_second ? 1 : 0) + (source.file.empty() ? 0 : 1) +
                      (source.folder.empty() ? 0 : 1) + (source.model.empty() ? 0 : 1);
    if (given == 0)
        return wrong_link("one of its directions has neither a rate nor a trace",
                          "write up: 5mbit, or up: {trace: FILE}", Mistake::missing);
    if (given > 1)
        return wrong_link("one of its directions has more than one source", "give it a rate, or one trace",
                          Mistake::conflict);
    if (source.model.empty() && (source.mean || source.length > Nanoseconds(0)))
        return wrong_link("mean and length are of models", "leave them out, or name a model",
                          Mistake::conflict);
    return {};
}

Result<void> check_trace(const LinkSide& side) {
    if (side.play.trace->peak() > 0) return {};
    return wrong_link("by " + side.what + " nothing ever passes", "cut the link: kind: drop");
}

bool names_files(const Scenario& scenario) {
    return std::any_of(scenario.link.begin(), scenario.link.end(), [](const LinkSpec& spec) {
        return (spec.up && !spec.up->file.empty()) || (spec.down && !spec.down->file.empty());
    });
}

Result<void> check_spec(const Scenario& scenario, LinkSpec& spec) {
    if (!spec.up && !spec.down)
        return wrong_link("one of its entries says nothing of a direction",
                          "write up: or down:", Mistake::missing);
    for (const auto& source : {spec.up, spec.down})
        if (source) NETCUT_TRY(check_source(*source));
    spec.nodes = expanded_nodes(scenario, spec.nodes);
    for (const std::string& name : spec.nodes) NETCUT_TRY(check_node(scenario, name, "set the link of"));
    return {};
}

// A draw becomes what was drawn, so that the same is used wherever the scenario is read again.
Result<void> resolve_draws(Scenario& scenario) {
    std::vector<LinkSpec> resolved;
    for (const LinkSpec& spec : scenario.link) {
        const bool draws = (spec.up && !spec.up->folder.empty()) || (spec.down && !spec.down->folder.empty());
        if (!draws) {
            resolved.push_back(spec);
            continue;
        }
        for (const std::string& node : spec.nodes) {
            LinkSpec& one = resolved.emplace_back(spec);
            one.nodes = {node};
            for (const bool up : {true, false}) {
                auto& source = up ? one.up : one.down;
                if (!source || source->folder.empty()) continue;
                NETCUT_ASSIGN(const std::string path,
                              path_of(scenario, *source, node, node_index(scenario, node).value(), up));
                source->file.clear();
                for (const char c : path) source->file += c == '{' ? std::string("{{") : std::string(1, c);
                source->folder.clear();
            }
        }
    }
    scenario.link = std::move(resolved);
    return {};
}

}  // namespace

std::string kept_trace(const std::string& sha256) {
    return fmt::format("{}/{}.trace", traces_folder, sha256);
}

std::string link_loss_file(const std::string& node, bool up) {
    return fmt::format("link-loss-{}-{}.txt", node, up ? "up" : "down");
}

Result<void> read_traces(Scenario& scenario) {
    std::size_t bytes = 0;
    for (const LinkSpec& spec : scenario.link) NETCUT_TRY(read_traces_of(scenario, spec, bytes));
    return {};
}

Result<void> check_links(Scenario& scenario) {
    if (scenario.link.size() > most_entries_of_links)
        return wrong_link(fmt::format("it has {} entries", scenario.link.size()),
                          fmt::format("there can be {}", most_entries_of_links));
    for (LinkSpec& spec : scenario.link) NETCUT_TRY(check_spec(scenario, spec));
    NETCUT_TRY(resolve_draws(scenario));
    // Who reads a record does not need the files.
    if (names_files(scenario) && scenario.traces.empty()) return {};
    for (std::size_t node = 0; !scenario.link.empty() && node <= scenario.collaborators; ++node) {
        NETCUT_ASSIGN(const LinkPlan plan, link_plan(scenario, node));
        for (const auto& side : {plan.up, plan.down})
            if (side) NETCUT_TRY(check_trace(*side));
    }
    return {};
}

Result<LinkPlan> link_plan(const Scenario& scenario, std::size_t node) {
    LinkPlan plan;
    const std::string name = name_of_node(node);
    for (const bool up : {true, false})
        if (const LinkSource* source = source_of(scenario, name, up)) {
            NETCUT_ASSIGN((up ? plan.up : plan.down), side_of(scenario, *source, node, up));
        }
    return plan;
}

Result<std::vector<AccessLink>> access_links(const Scenario& scenario) {
    std::vector<AccessLink> links;
    for (std::size_t node = 0; !scenario.link.empty() && node <= scenario.collaborators; ++node) {
        NETCUT_ASSIGN(const LinkPlan plan, link_plan(scenario, node));
        if (!plan.any()) continue;
        AccessLink& link = links.emplace_back(AccessLink{name_of_node(node)});
        if (plan.up) link.up = plan.up->queue_bytes;
        if (plan.down) link.down = plan.down->queue_bytes;
    }
    return links;
}

}  // namespace netcut
