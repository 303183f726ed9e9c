// SPDX-License-Identifier: Apache-2.0
#include "scenario/kinds/catalogue.h"

namespace netcut {

const std::vector<FaultKind>& fault_kinds() {
    static const std::vector<FaultKind> all = [] {
        std::vector<FaultKind> kinds;
        for (const auto& family : {packet_kinds(), link_kinds(), loss_kinds(), held_kinds(), queue_kinds(),
                                   middlebox_kinds(), site_kinds(), name_kinds(), process_kinds()})
            kinds.insert(kinds.end(), family.begin(), family.end());
        return kinds;
    }();
    return all;
}

}  // namespace netcut
