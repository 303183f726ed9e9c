// SPDX-License-Identifier: Apache-2.0
//
// What nodes print, and write to files of logs: who is told of it.
#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "scenario/expand.h"
#include "scenario/scenario.h"
#include "scenario/triggers.h"
#include "trigger/line_scanner.h"
#include "trigger/pattern.h"

namespace netcut {

namespace {

// The file in which a fault waits for a line, if it is this node's; else nothing.
std::string file_of(const FaultTrigger& trigger, const Scenario& scenario, const ExpandContext& context) {
    if (trigger.kind != FaultTrigger::Kind::file || trigger.node != context.node) return {};
    return expand_text(trigger.file, scenario, context).value();  // it was checked with the scenario
}

}  // namespace

void Engine::Impl::take_output(const Actor& actor, LineScanner& scanner, std::string_view stream,
                               std::string_view bytes) {
    const Nanoseconds t = journal_->now();
    if (scenario_.progress.empty()) on_progress(actor.outcome.name, {});
    scanner.feed(bytes);
    if (auto noted = log_times_->take(t, actor.outcome.name, stream, bytes.size()); !noted)
        fail(std::move(noted).error());
}

void Engine::Impl::take_syslog(Actor& actor, std::string_view line) {
    take_output(actor, actor.syslog, "syslog", line);
    if (!actor.syslog_copy) return;
    auto written = write_all(actor.syslog_copy.get(), line, "write the syslog of " + actor.outcome.name);
    if (written) return;
    actor.syslog_copy.reset();
    fail(std::move(written).error());
}

// As the node itself means it.
Result<std::string> Engine::Impl::log_path(const Actor& actor, const std::string& log) const {
    std::error_code error;
    std::filesystem::path folder = actor.node->spec().cwd;
    if (folder.is_relative()) folder = std::filesystem::current_path(error) / folder;
    if (error) return system_failure("find the working directory", error.value());
    return (folder / log).lexically_normal().string();
}

Result<void> Engine::Impl::follow(Actor& actor, const std::string& written) {
    NETCUT_ASSIGN(const std::string path, log_path(actor, written));
    if (!followed_.insert(path).second)
        return usage_failure("follow the log " + path, "two nodes write to it",
                             "let the path have {name} or {index}");
    auto log = std::make_unique<Actor::Log>();
    log->path = path;
    log->ending = actor.logs.empty() ? "log" : fmt::format("log{}", actor.logs.size() + 1);
    NETCUT_ASSIGN(Fd copy, folder_.create_file("logs/" + actor.outcome.name + "." + log->ending));
    log->follower = std::make_shared<LogFollower>(
        io_, path, user_, std::move(copy),
        LogFollower::Observer{[this, &actor, raw = log.get()](std::string_view bytes) {
                                  take_output(actor, raw->scanner, raw->ending, bytes);
                              },
                              [this](Error error) { fail(std::move(error)); }});
    actor.logs.push_back(std::move(log));
    return {};
}

Result<void> Engine::Impl::open_logs(Actor& actor) {
    const RoleSpec& role = actor.index == 0 ? scenario_.aggregator : scenario_.collaborator;
    const std::string& name = actor.outcome.name;
    const ExpandContext context = expand_context(name, static_cast<unsigned>(actor.index));
    NETCUT_ASSIGN(const auto paths, expand(role.logs, scenario_, context));
    for (const std::string& written : paths) NETCUT_TRY(follow(actor, written));
    for (const auto& runner : faults_) {
        const std::string file = file_of(runner->spec().trigger, scenario_, context);
        NETCUT_ASSIGN(const std::string path, log_path(actor, file));
        const bool known = std::any_of(actor.logs.begin(), actor.logs.end(),
                                       [&](const auto& log) { return log->path == path; });
        if (!file.empty() && !known) NETCUT_TRY(follow(actor, file));
    }
    if (scenario_.syslog) {
        NETCUT_ASSIGN(actor.syslog_copy, folder_.create_file("logs/" + name + ".syslog"));
    }
    return {};
}

void Engine::Impl::watch_for(LineScanner& scanner, FaultRunner& fault) {
    scanner.watch(
        {Pattern::parse(fault.spec().trigger.pattern).value(), [this, &fault](std::string_view line) {
             if (course_.is_under_way()) fault.trigger(fault.spec().trigger.node, line);
         }});
}

// Patterns were checked with the scenario, so that parsing them again cannot fail.
void Engine::Impl::watch(Actor& actor) {
    watch(actor.out, actor);
    watch(actor.err, actor);
    watch(actor.syslog, actor);
    const ExpandContext context = expand_context(actor.outcome.name, static_cast<unsigned>(actor.index));
    for (const auto& log : actor.logs) {
        watch(log->scanner, actor);
        for (const auto& runner : faults_) {
            const std::string file = file_of(runner->spec().trigger, scenario_, context);
            if (!file.empty() && log_path(actor, file) == log->path) watch_for(log->scanner, *runner);
        }
    }
}

void Engine::Impl::watch(LineScanner& scanner, const Actor& actor) {
    const std::string name = actor.outcome.name;
    for (const auto& runner : faults_) {
        const FaultTrigger& trigger = runner->spec().trigger;
        if (trigger.kind == FaultTrigger::Kind::log && trigger.node == name) watch_for(scanner, *runner);
    }
    for (const auto& trigger : phase_triggers_) {
        const PhaseMoment& moment = trigger->runner().spec().trigger.phase;
        if (moment.armed_by.empty() || moment.armed_by_node != name) continue;
        scanner.watch({Pattern::parse(moment.armed_by).value(),
                       [trigger = trigger.get()](std::string_view) { trigger->on_armed_by(); }});
    }
    if (actor.index == 0 && !scenario_.ready.empty())
        scanner.watch(
            {Pattern::parse(scenario_.ready).value(), [this](std::string_view) { course_.ready(); }});
    if (actor.index == 0 && !scenario_.end.empty() && scenario_.end != end_with_collaborators)
        scanner.watch(
            {Pattern::parse(scenario_.end).value(), [this](std::string_view) { course_.end_line(); }});
    watch_for_expected(scanner, name);
    watch_for_counted(scanner, name);
    watch_for_model(scanner, name);
    watch_for_progress(scanner, name);
}

// A round's number may go on: it is taken when the line is whole.
void Engine::Impl::watch_for_progress(LineScanner& scanner, const std::string& node) {
    if (scenario_.progress.empty()) return;
    const Pattern pattern = Pattern::parse(scenario_.progress).value();
    scanner.watch({pattern, [this, node](std::string_view) { on_progress(node, {}); }, true});
    scanner.watch_whole({pattern, [this, node](std::string_view, const std::optional<std::string>& round) {
                             on_progress(node, round);
                         }});
}

void Engine::Impl::watch_for_expected(LineScanner& scanner, const std::string& node) {
    for (std::size_t number = 0; number < scenario_.expect.logs.size(); ++number) {
        const LogExpectation& expected = scenario_.expect.logs[number];
        if (expected.node != node) continue;
        scanner.watch_whole(
            {Pattern::parse(expected.pattern).value(),
             [this, node, number](std::string_view line, const std::optional<std::string>& group) {
                 on_expected(node, number, group.value_or(std::string(line)));
             }});
    }
}

// Of a value that changes very often the journal has the first ones, and at the end the last.
void Engine::Impl::on_expected(const std::string& node, std::size_t number, std::string value) {
    constexpr unsigned most_told = 1000;
    ExpectedLine& line = expected_lines_[number];
    if (line.changes > 0 && line.value == value) return;
    line.node = node;
    line.value = std::move(value);
    line.told = false;
    if (++line.changes <= most_told) tell_expected(number, line);
}

void Engine::Impl::tell_expected(std::size_t number, ExpectedLine& line) {
    if (std::exchange(line.told, true)) return;
    journal_->add(event::ExpectedLine{number, line.value}, {.node = line.node});
}

}  // namespace netcut
