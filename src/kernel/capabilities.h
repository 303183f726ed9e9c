// SPDX-License-Identifier: Apache-2.0
//
// The capability sets of the calling thread (capabilities(7)). It needs nothing of the rest, so that the
// small static programs have it as well.
#pragma once

#include <linux/capability.h>

#include <array>
#include <optional>
#include <span>

namespace netcut {

class Capabilities {
  public:
    static std::optional<Capabilities> own();  // none: errno says why
    bool apply() const;                        // false: errno says why

    bool any() const;                                  // there are some that it may have
    bool has(unsigned capability) const;               // it is effective
    void set_effective(unsigned capability, bool on);  // within those that are permitted
    void keep_only(std::span<const unsigned> capabilities);
    // Programs that this process executes get what it has. Applies by itself.
    bool hand_down();

  private:
    std::array<__user_cap_data_struct, 2> sets_{};
};

// No program that this process executes will have another capability than these; false: errno says why.
bool bound_capabilities(std::span<const unsigned> capabilities);

}  // namespace netcut
