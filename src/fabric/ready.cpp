// SPDX-License-Identifier: Apache-2.0
#include "fabric/ready.h"

#include <algorithm>
#include <thread>

#include "base/time.h"
#include "kernel/links_read.h"

namespace netcut {
namespace {

constexpr auto patience = std::chrono::seconds(30);

}  // namespace

Result<void> await(const std::string& what, const std::function<Result<bool>()>& is_so) {
    const auto deadline = Clock::now() + patience;
    for (;;) {
        NETCUT_ASSIGN(const bool so, is_so());
        if (so) return {};
        if (Clock::now() > deadline) return internal_failure("wait for " + what, "it does not come");
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
}

Result<bool> are_running(NetlinkSocket& socket, const std::set<int>& wanted) {
    NETCUT_ASSIGN(const auto links, list_links(socket));
    const auto running = std::count_if(links.begin(), links.end(), [&](const LinkState& link) {
        return link.running && wanted.contains(link.index);
    });
    return static_cast<std::size_t>(running) == wanted.size();
}

}  // namespace netcut
