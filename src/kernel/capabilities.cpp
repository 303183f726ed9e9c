// SPDX-License-Identifier: Apache-2.0
#include "kernel/capabilities.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

namespace netcut {
namespace {

__user_cap_header_struct this_thread() {
    return {_LINUX_CAPABILITY_VERSION_3, 0};
}

bool exists(unsigned capability) {
    return ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
}

}  // namespace

std::optional<Capabilities> Capabilities::own() {
    Capabilities own;
    auto header = this_thread();
    if (::syscall(SYS_capget, &header, own.sets_.data()) != 0) return {};
    return own;
}

bool Capabilities::apply() const {
    auto header = this_thread();
    return ::syscall(SYS_capset, &header, sets_.data()) == 0;
}

bool Capabilities::any() const {
    return std::any_of(sets_.begin(), sets_.end(), [](const auto& set) { return set.permitted != 0; });
}

bool Capabilities::has(unsigned capability) const {
    return (sets_[CAP_TO_INDEX(capability)].effective & CAP_TO_MASK(capability)) != 0;
}

void Capabilities::set_effective(unsigned capability, bool on) {
    auto& set = sets_[CAP_TO_INDEX(capability)];
    set.effective &= ~CAP_TO_MASK(capability);
    if (on) set.effective |= set.permitted & CAP_TO_MASK(capability);
}

void Capabilities::keep_only(std::span<const unsigned> capabilities) {
    std::array<__u32, 2> kept{};
    for (const unsigned capability : capabilities) kept[CAP_TO_INDEX(capability)] |= CAP_TO_MASK(capability);
    for (std::size_t i = 0; i < sets_.size(); ++i) {
        sets_[i].permitted &= kept[i];
        sets_[i].effective = sets_[i].permitted;
        sets_[i].inheritable = 0;
    }
}

// What is executed by another than root loses all capabilities but the ambient ones.
bool Capabilities::hand_down() {
    for (auto& set : sets_) set.inheritable = set.permitted;
    if (!apply()) return false;
    for (unsigned capability = 0; exists(capability); ++capability)
        if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return false;
    return true;
}

bool bound_capabilities(std::span<const unsigned> capabilities) {
    for (unsigned capability = 0; exists(capability); ++capability) {
        const bool kept =
            std::find(capabilities.begin(), capabilities.end(), capability) != capabilities.end();
        const bool there = ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1;
        if (there && !kept && ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
    }
    return true;
}

}  // namespace netcut
