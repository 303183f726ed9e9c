// SPDX-License-Identifier: Apache-2.0
#include "cli/ci_output.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "cli/screen.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

bool in_github_actions() {
    const char* set = std::getenv("GITHUB_ACTIONS");
    return set != nullptr && std::string(set) == "true";
}

// That nodes cannot guess.
std::string random_token() {
    std::random_device random;
    return fmt::format("netcut-{:08x}{:08x}{:08x}{:08x}", random(), random(), random(), random());
}

// The file is the caller's, and of the caller's choice.
Result<Fd> open_job_summary(const std::string& path) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    Fd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return system_failure("open the job's summary " + path);
    return file;
}

}  // namespace

CiOutput::CiOutput(std::optional<bool> asked, bool json)
    : summarizes_(asked.value_or(in_github_actions())), annotates_(summarizes_ && !json) {
    if (const char* path = std::getenv("GITHUB_STEP_SUMMARY"); summarizes_ && path != nullptr)
        job_summary_ = open_job_summary(path);
    if (!annotates_) return;
    token_ = random_token();
    std::printf("::stop-commands::%s\n", token_.c_str());
    std::fflush(stdout);
}

CiOutput::~CiOutput() {
    resume_commands();
}

void CiOutput::resume_commands() {
    if (token_.empty()) return;
    std::printf("::%s::\n", std::exchange(token_, {}).c_str());
    std::fflush(stdout);
}

void CiOutput::tell_run(const Json& verdict, const std::string& folder) {
    if (summarizes_) tell(annotations_of_run(verdict), summary_of_run(verdict, folder));
}

void CiOutput::tell_table(const Json& table, const std::string& folder) {
    if (summarizes_) tell(annotations_of_table(table), summary_of_table(table, folder));
}

void CiOutput::tell_error(const Error& error) {
    if (summarizes_) tell({annotation_of(error)}, {});
}

void CiOutput::tell_warning(const std::string& title, const std::string& text) {
    if (summarizes_)
        tell({{Annotation::Level::warning, title, text}},
             fmt::format("**{}**: {}\n\n", title, markdown_text(text)));
}

void CiOutput::tell(const std::vector<Annotation>& annotations, const std::string& summary) {
    resume_commands();
    if (annotates_)
        for (const Annotation& one : annotations) std::printf("%s\n", workflow_command(one).c_str());
    std::fflush(stdout);
    if (!job_summary_ || summary.empty()) return;
    const auto written = !*job_summary_
                             ? Result<void>(Failure(job_summary_->error()))
                             : write_all((*job_summary_)->get(), summary, "write the job's summary");
    if (!written) complain("{}", written.error().text());
}

}  // namespace netcut::cli
