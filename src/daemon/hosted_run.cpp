// SPDX-License-Identifier: Apache-2.0
#include "daemon/hosted_run.h"

#include "page/run_index.h"
#include "page/run_page.h"
#include "report/final_screen.h"
#include "report/junit.h"
#include "user/find_program.h"

namespace netcut {
namespace {

Result<void> find_commands(const Scenario& scenario, const User& user) {
    // What the scenario's own preparation may yet make cannot be looked for.
    if (!scenario.prepare.empty()) return {};
    for (const RoleSpec* role : {&scenario.aggregator, &scenario.collaborator})
        if ((role->command.front() + role->cwd).find('{') == std::string::npos)
            NETCUT_TRY(find_program(role->command.front(), role->cwd, user));
    return {};
}

}  // namespace

Result<void> check_machine(const Scenario& scenario, const User& user) {
    NETCUT_TRY(find_commands(scenario, user));
    return preflight(scenario);
}

HostedRun::HostedRun(boost::asio::io_context& io, Scenario scenario, const RunFolder& folder, User user,
                     Observer observer)
    : folder_(folder),
      observer_(std::move(observer)),
      engine_(io, std::move(scenario), folder, std::move(user),
              [this](const Event& event) { observer_.event(event); }) {}

Result<void> HostedRun::start() {
    return engine_.start([this](Result<RunResult> result) {
        finish(result);
        observer_.ended(std::move(result));
    });
}

void HostedRun::finish(const Result<RunResult>& result) {
    if (auto written = write_report(folder_); !written)
        observer_.without_file("report.html", written.error());
    // Two runs that end at once may each miss the other's; the next one has both.
    if (!folder_.collection().empty())
        if (auto written = write_run_index(folder_.collection(), folder_.user()); !written)
            observer_.without_file("index.html", written.error());
    if (!result) return;
    if (auto written = write_junit(result->verdict_json); !written)
        observer_.without_file("junit.xml", written.error());
}

Result<void> HostedRun::write_junit(const Json& verdict) {
    const double seconds = std::chrono::duration<double>(Clock::now() - begin_).count();
    const std::string screen = final_screen(verdict, folder_.path(), false);
    const std::string suite = verdict.at("name").get<std::string>();
    return folder_.write_file("junit.xml", junit_xml(suite, junit_cases(verdict, seconds, screen)));
}

}  // namespace netcut
