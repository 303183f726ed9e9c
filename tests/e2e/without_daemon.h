// SPDX-License-Identifier: Apache-2.0
//
// A run of one's own, and commands of its user for it.
#pragma once

#include <sys/stat.h>

#include <thread>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test {

constexpr uid_t other_user = 54322;

// How the run is begun.
enum class Caller { root, user, sudo };

inline std::string name_of(const testing::TestParamInfo<Caller>& info) {
    return info.param == Caller::root ? "Root" : info.param == Caller::user ? "User" : "Sudo";
}

inline uid_t owner_of(Caller caller) {
    return caller == Caller::root ? 0 : ordinary_user;
}

inline std::function<void()> as(Caller caller, const std::string& folder) {
    return [caller, folder] {
        if (::chdir(folder.c_str()) != 0) ::_exit(126);
        if (caller == Caller::user) become_ordinary_user();
        if (caller == Caller::sudo) ::setenv("SUDO_UID", std::to_string(ordinary_user).c_str(), 1);
    };
}

// A run whose nodes wait until it is stopped.
class OwnRun : public testing::TestWithParam<Caller> {
  protected:
    void SetUp() override {
        NETCUT_E2E();
        const uid_t owner = owner_of(GetParam());
        ASSERT_EQ(::chown(folder_.path().c_str(), owner, owner), 0);
        begin();
    }
    void begin(const Arguments& more = {}) {
        Arguments arguments = {"run",
                               "--name",
                               "waiting",
                               "--cols",
                               "1",
                               "--out",
                               run_,
                               "--aggregator",
                               "sleep 1000",
                               "--collaborator",
                               "sh -c 'echo hello; sleep 1000'",
                               "--grace",
                               "300ms"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        tool_ = std::make_unique<Tool>(arguments, as(GetParam(), folder_.path()));
        for (int i = 0; i < 200 * time_scale() && !contains(slurp(run_ + "/logs/collaborator1.out"), "hello");
             ++i)
            std::this_thread::sleep_for(50ms);
        ASSERT_TRUE(contains(slurp(run_ + "/logs/collaborator1.out"), "hello")) << tool_->wait(1s).err;
    }
    Finished ask(const Arguments& arguments) const { return ask_as(GetParam(), arguments); }
    Finished ask_as(Caller caller, const Arguments& arguments) const {
        return Tool(arguments, as(caller, folder_.path())).wait(30s);
    }
    std::string id() const {
        return Json::parse(ask({"inspect", "run"}).out, nullptr, false).value("id", "");
    }
    bool journal_has(const std::string& text) const { return contains(slurp(run_ + "/journal.jsonl"), text); }

    Folder folder_;
    std::string run_ = folder_ / "run";
    std::unique_ptr<Tool> tool_;
};

}  // namespace netcut::test
