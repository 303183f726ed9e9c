// SPDX-License-Identifier: Apache-2.0
//
// Machines that lack what every installed system has: what is missing is named before anything starts.
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

void must(bool done) {
    if (!done) ::_exit(126);
}

void have_own_mounts() {
    must(::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0);
}

// All that the machine has, at the same places below a folder that is not a mount point.
void chroot_into(const std::string& folder) {
    have_own_mounts();
    for (const auto& entry : fs::directory_iterator("/")) {
        const std::string place = folder + entry.path().string();
        if (entry.is_symlink()) {
            fs::copy_symlink(entry.path(), place);
        } else if (entry.is_directory()) {
            fs::create_directory(place);
            must(::mount(entry.path().c_str(), place.c_str(), nullptr, MS_BIND | MS_REC, nullptr) == 0);
        }
    }
    must(::chroot(folder.c_str()) == 0 && ::chdir("/") == 0);
}

void hide_etc_hosts() {
    have_own_mounts();
    must(::mount("none", "/mnt", "tmpfs", 0, nullptr) == 0 && ::mkdir("/mnt/etc", 0755) == 0);
    for (const char* file : {"passwd", "group", "ld.so.cache"})
        fs::copy_file(std::string("/etc/") + file, std::string("/mnt/etc/") + file);
    must(::mount("/mnt/etc", "/etc", nullptr, MS_BIND, nullptr) == 0);
}

Finished run_after(const std::function<void()>& before_exec, const std::string& out) {
    return Tool({"run", "--local", "--out", out, "--aggregator", "true", "--collaborator", "true"},
                before_exec)
        .wait(20s);
}

TEST(BareSystem, AChrootThatIsNoMountPointIsNamed) {
    NETCUT_E2E();
    const Folder folder, out;
    const Finished finished = run_after([&] { chroot_into(folder.path()); }, out / "run");
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_TRUE(contains(finished.err, "mount --bind DIR DIR")) << finished.err;
    EXPECT_FALSE(fs::exists(out / "run"));
}

TEST(BareSystem, AMachineWithoutEtcHostsIsNamed) {
    NETCUT_E2E();
    const Folder out;
    const Finished finished = run_after(hide_etc_hosts, out / "run");
    EXPECT_EQ(finished.status, 3) << finished.err;
    EXPECT_TRUE(contains(finished.err, "touch /etc/hosts")) << finished.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
