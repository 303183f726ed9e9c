// SPDX-License-Identifier: Apache-2.0
//
// Runs the program as a user would, and looks at what is left of it afterwards.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/io.h"
#include "time_scale.h"

namespace netcut::test {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using Arguments = std::vector<std::string>;

#define NETCUT_E2E() \
    if (::geteuid() != 0) GTEST_SKIP() << "needs root: it makes network namespaces"
#define NETCUT_E2E_WITH_REFERENCE() \
    NETCUT_E2E();                   \
    if (!has_reference()) GTEST_SKIP() << "this build has no reference federation (NETCUT_REFERENCE=OFF)"

#define NETCUT_NEEDS_NETEM() \
    if (!has_netem()) GTEST_SKIP() << "this kernel has no netem (CONFIG_NET_SCH_NETEM)"

bool has_reference();
bool has_netem();

struct Finished {
    int status = -1;  // as a shell shows it: 128 + signal
    std::string out, err;
};

// One run of netcut-fl in the background.
class Tool {
  public:
    // `before_exec` runs in the child, right before it becomes the tool.
    explicit Tool(const Arguments& arguments, const std::function<void()>& before_exec = {},
                  const std::string& program = "netcut-fl");  // of the build, or a full path
    ~Tool();
    Tool(const Tool&) = delete;
    Tool& operator=(const Tool&) = delete;

    pid_t pid() const { return pid_; }
    void signal(int number) const;
    // Until the output contains `text`; false when the tool ends or the time is over before.
    bool wait_for_output(const std::string& text, std::chrono::seconds patience = 20s);
    Finished wait(std::chrono::seconds patience = 120s);
    // Processes that belong to this run, the tool included.
    std::vector<pid_t> processes() const;
    // Waits a moment for the last of them to go.
    bool leaves_no_process() const;

  private:
    bool read_some(std::chrono::milliseconds patience);

    pid_t pid_ = -1;
    int out_ = -1, err_ = -1;
    std::string mark_;
    Fd cgroups_;  // a namespace that its processes alone are in
    Finished finished_;
    bool reaped_ = false;
};

Finished run_tool(const Arguments& arguments);

// A user without an account and without any right, for before_exec. Several of them are strangers to each
// other.
constexpr uid_t ordinary_user = 54321;
void become(uid_t user, const std::vector<gid_t>& groups = {});
inline void become_ordinary_user() {
    become(ordinary_user);
}
// For before_exec: the system call `number`, when its first argument has one of `bits`, fails with `code`.
void refuse_call(long number, unsigned bits, int code);

// A folder that goes when the test does.
class Folder {
  public:
    Folder();
    ~Folder();
    std::string operator/(const std::string& name) const { return path_ / name; }
    std::string path() const { return path_; }

  private:
    std::filesystem::path path_;
};

bool contains(const std::string& text, const std::string& part);
std::string slurp(const std::string& path);
Json read_verdict(const std::string& run_folder);
std::vector<Json> read_journal(const std::string& run_folder);
// What the node was doing at this time, by the journal's intervals.
std::string phase_at(const std::vector<Json>& journal, const std::string& node, std::int64_t time_ns);
// "final model sha256 ..." of the aggregator's log.
std::string model_hash(const std::string& run_folder);

// What must be the same before, during and after any run: links, nftables, routes, sysctls, mounts, cgroups
// and named namespaces of the host.
std::string host_state();

// Arguments for the reference federation; emulated, TLS takes half of all its time.
Arguments reference_for_this_machine(Arguments arguments);
// A small and quick reference federation.
Arguments small_reference(const std::string& out, const Arguments& more);

}  // namespace netcut::test
