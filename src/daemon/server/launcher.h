// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/system/error_code.hpp>
#include <string>
#include <vector>

#include "daemon/limits.h"
#include "netcut/node.h"

namespace netcut {

// How the daemon starts programs for its users: by netcut-fl-launch, which becomes the user first.
struct Launcher {
    std::string folder;  // of netcut-fl's programs
    std::string socket;  // the daemon's, which nobody in a run can connect to; empty: it has no path

    std::string program() const { return folder + "/netcut-fl-launch"; }
    std::vector<std::string> arguments(const User& user, const Limits& limits,
                                       const std::vector<std::string>& command) const;
};

// What programs of the daemon have in their environment, as an initializer of Boost.Process.
struct FixedEnvironment {
    template <typename ProcessLauncher, typename Path>
    boost::system::error_code on_setup(ProcessLauncher& launcher, const Path&, const char* const*) {
        static constexpr const char* variables[] = {"PATH=/usr/local/bin:/usr/bin:/bin", nullptr};
        launcher.env = variables;
        return {};
    }
};

}  // namespace netcut
