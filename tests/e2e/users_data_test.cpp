// SPDX-License-Identifier: Apache-2.0
//
// What a user sets, in the environment or in files, is for the user's programs: it changes no process of
// ours.
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

#include "base/json.h"
#include "e2e/daemon.h"
#include "e2e/process.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

// Every name by which a library that is linked takes something from its environment: by `strings` of
// glibc 2.36, OpenSSL 3.0, libnl 3.7, and by the sources of Boost 1.81, spdlog, RE2 and yaml-cpp, of which
// the last two read none.
Json intruding_environment(const std::string& folder, const std::string& library) {
    Json variables = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                      {"OPENSSL_CONF", folder + "/openssl.cnf"},
                      {"GLIBC_TUNABLES", "glibc.malloc.check=3"},
                      {"TZ", ":" + folder + "/fifo"}};
    for (const char* name : {"LD_PRELOAD", "LD_AUDIT"}) variables[name] = library;
    for (const char* name : {"LD_LIBRARY_PATH", "LD_ORIGIN_PATH", "LD_DEBUG_OUTPUT", "LD_PROFILE_OUTPUT",
                             "GCONV_PATH", "LOCPATH", "NLSPATH", "TZDIR", "GETCONF_DIR", "TMPDIR",
                             "HOSTALIASES", "RESOLV_HOST_CONF", "OPENSSL_MODULES", "OPENSSL_ENGINES",
                             "SSL_CERT_FILE", "SSL_CERT_DIR", "CTLOG_FILE", "RANDFILE", "XDG_CONFIG_HOME"})
        variables[name] = folder;
    for (const char* name : {"LD_DEBUG",
                             "LD_BIND_NOW",
                             "LD_SHOW_AUXV",
                             "LD_PROFILE",
                             "LD_WARN",
                             "LD_HWCAP_MASK",
                             "MALLOC_CHECK_",
                             "MALLOC_PERTURB_",
                             "MALLOC_ARENA_MAX",
                             "MALLOC_TOP_PAD_",
                             "MALLOC_MMAP_MAX_",
                             "MALLOC_TRACE",
                             "LIBC_FATAL_STDERR_",
                             "RES_OPTIONS",
                             "LOCALDOMAIN",
                             "LANG",
                             "LC_ALL",
                             "LANGUAGE",
                             "POSIXLY_CORRECT",
                             "OPENSSL_ia32cap",
                             "OPENSSL_TRACE",
                             "NLCB",
                             "NLDBG",
                             "SPDLOG_LEVEL",
                             "SUDO_UID",
                             "NETCUT_FL_SOCKET",
                             "LISTEN_FDS",
                             "NOTIFY_SOCKET",
                             "STATE_DIRECTORY"})
        variables[name] = "1";
    return variables;
}

// The same, by files in the user's home and in the folder of the run.
void plant_files(const std::string& folder, const std::string& library, uid_t user) {
    const std::string configuration =
        "openssl_conf = init\n[init]\nengines = e\nproviders = p\n[e]\nx = xs\n[xs]\ndynamic_path = " +
        library + "\nengine_id = x\ninit = 0\n[p]\ny = ys\n[ys]\nmodule = " + library + "\nactivate = 1\n";
    for (const char* file : {"openssl.cnf", ".openssl.cnf", ".rnd", "locale.alias", "gconv-modules", ".nlrc"})
        std::ofstream(folder + "/" + file) << configuration;
    ASSERT_EQ(::mkfifo((folder + "/fifo").c_str(), 0644), 0);  // whoever opens it, waits for ever
    fs::copy_file(std::string(NETCUT_BUILD_DIR) + "/libnetcut_intruder.so", library);
    fs::copy_file(library, folder + "/libcrypto.so.3");
    ASSERT_EQ(::chown(library.c_str(), user, user), 0);
}

// The library leaves a file with the name of each program that it was loaded into.
std::set<std::string> intruded(const std::string& folder) {
    std::set<std::string> programs;
    for (const auto& file : fs::directory_iterator(folder))
        if (const std::string name = file.path().filename(); name.starts_with("loaded-by-"))
            programs.insert(name.substr(std::string("loaded-by-").size()));
    return programs;
}

TEST(UsersData, ChangesNoProcessOfOurs) {
    NETCUT_E2E();
    Daemon daemon;
    const std::string home = daemon.home(alice), library = home + "/intruder.so";
    plant_files(home, library, alice);
    const Json environment = intruding_environment(home, library);
    Json scenario = {{"collaborators", 1},
                     {"grace", "300ms"},
                     {"env", environment},
                     {"aggregator", {{"command", "sleep 300"}}},
                     {"collaborator", {{"command", "/bin/sleep 300"}}}};
    const Json body = {{"scenario", scenario.dump()}, {"cwd", home}, {"environment", environment}};
    const auto answer = daemon.ask(alice, "POST", "/runs", body.dump());
    ASSERT_EQ(answer.status, 201) << answer.body;
    const std::string id = answer.json().at("id");
    for (int i = 0; i < 400 * time_scale() && !intruded(home).contains("sleep"); ++i)
        std::this_thread::sleep_for(20ms);
    std::set<std::string> kinds;
    for (const auto& [pid, name] : daemon.processes_of_runs()) {
        kinds.insert(name);
        if (name == "sleep") continue;
        EXPECT_EQ(proc_file(pid, "environ"),
                  name == worker_program ? std::string("PATH=/usr/local/bin:/usr/bin:/bin") + '\0' : "")
            << name;
        EXPECT_FALSE(contains(proc_file(pid, "maps"), home)) << name;
    }
    EXPECT_EQ(kinds, (std::set<std::string>{worker_program, init_program, "sleep"}));
    EXPECT_FALSE(contains(proc_file(daemon.process().pid(), "maps"), home));
    EXPECT_EQ(daemon.run(alice, {"stop", id}).status, 0);
    ASSERT_TRUE(daemon.wait_for_state(alice, id, "ended"));
    EXPECT_EQ(daemon.show(alice, id).at("exit_status"), 128 + SIGTERM) << daemon.show(alice, id).dump(2);
    EXPECT_EQ(intruded(home), (std::set<std::string>{"sleep"})) << "what the nodes are is the user's to say";
}

// In the command line, too, a digest is no reason to load what OPENSSL_CONF names.
TEST(UsersData, LoadsNoLibraryIntoTheCommandLine) {
    NETCUT_E2E();
    const Folder folder;
    const std::string library = folder / "intruder.so";
    plant_files(folder.path(), library, 0);
    Tool tool(
        {"run", "--out", folder / "run", "--cols", "1", "--aggregator", "true", "--collaborator", "true"},
        [&] { ::setenv("OPENSSL_CONF", (folder / "openssl.cnf").c_str(), 1); });
    EXPECT_EQ(tool.wait().status, 0);
    EXPECT_TRUE(intruded(folder.path()).empty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
