// SPDX-License-Identifier: Apache-2.0
#include "study/slurm.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

#include "stage/program.h"
#include "user/find_program.h"

namespace netcut {
namespace {

constexpr auto patience = std::chrono::seconds(60);  // for an answer of Slurm's

std::string quoted(const std::string& word) {
    std::string text = "'";
    for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return text + "'";
}

// What a program of Slurm's prints.
Result<std::string> output_of(const std::vector<std::string>& words, const User& user) {
    NETCUT_TRY(find_program(words.front(), "/", user));
    Fd nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    const Program program{words.front(), words, user.environment, "/", user, patience};
    NETCUT_ASSIGN(const Ran ran, run_program(program, std::move(nowhere), {}));
    if (ran.signal != 0) return machine_failure("run " + words.front(), "a signal ended it");
    if (!ran.status.success() || ran.timed_out)
        return machine_failure("run " + words.front(),
                               ran.timed_out ? "it did not answer within a minute" : last_line(ran.output),
                               "see whether sinfo works here");
    return ran.out;
}

}  // namespace

std::string slurm_script(const std::vector<std::string>& command, const std::string& folder) {
    std::string text = "#!/bin/sh\ncd " + quoted(folder) + " || exit 3\nexec";
    for (const std::string& word : command) text += " " + quoted(word);
    return text + "\n";
}

std::vector<std::string> sbatch_words(const SlurmOptions& options, const std::string& name,
                                      const std::string& script, const std::string& output) {
    std::vector<std::string> words = {"sbatch",
                                      "--parsable",
                                      "--requeue",
                                      fmt::format("--array=1-{}", options.tasks),
                                      "--job-name=" + name,
                                      "--output=" + output,
                                      "--open-mode=append"};
    if (!options.partition.empty()) words.push_back("--partition=" + options.partition);
    words.push_back(script);
    return words;
}

Result<std::vector<std::string>> srun_words(const SlurmOptions& options, const User& user) {
    NETCUT_TRY(find_program("srun", "/", user));
    std::vector<std::string> words = {"/usr/bin/env", "srun", "--quiet", "--ntasks=1",
                                      "--job-name=netcut-fl"};
    if (!options.partition.empty()) words.push_back("--partition=" + options.partition);
    return words;
}

Result<std::string> submit_to_slurm(const std::vector<std::string>& sbatch, const User& user) {
    NETCUT_ASSIGN(const std::string printed, output_of(sbatch, user));
    // "JOB" or "JOB;CLUSTER"
    const std::string job = printed.substr(0, printed.find_first_of(";\n"));
    if (!job.empty() && std::all_of(job.begin(), job.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return job;
    return machine_failure("submit a job to Slurm",
                           "sbatch printed no number of a job: " + last_line(printed));
}

Result<bool> is_in_queue(const std::string& job, const User& user) {
    // One that is gone is no error to --me, and one to --jobs.
    NETCUT_ASSIGN(const std::string own, output_of({"squeue", "--noheader", "--format=%F", "--me"}, user));
    return ("\n" + own).find("\n" + job + "\n") != std::string::npos;
}

}  // namespace netcut
