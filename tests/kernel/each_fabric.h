// SPDX-License-Identifier: Apache-2.0
//
// Tests that are done on both fabrics, with each version of IP.
#pragma once

#include <string>
#include <tuple>

#include "fabric/options.h"
#include "kernel/flow.h"

namespace netcut::test {

using FabricAndIp = std::tuple<FabricKind, bool>;  // whether IPv6

class EachFabricTest : public testing::TestWithParam<FabricAndIp> {
  protected:
    void SetUp() override { NETCUT_NEEDS_ROOT(); }
    FabricKind kind() const { return std::get<0>(GetParam()); }
    bool bridged() const { return kind() == FabricKind::bridge; }
    bool v6() const { return std::get<1>(GetParam()); }
    FabricOptions options() const {
        FabricOptions options;
        options.kind = kind();
        options.ipv4 = !v6();
        options.ipv6 = v6();
        return options;
    }
};

inline auto each_fabric() {
    return testing::Combine(testing::Values(FabricKind::routed, FabricKind::bridge), testing::Bool());
}
inline std::string fabric_name(const testing::TestParamInfo<FabricAndIp>& info) {
    return std::string(std::get<0>(info.param) == FabricKind::routed ? "Routed" : "Bridge") +
           (std::get<1>(info.param) ? "V6" : "V4");
}

}  // namespace netcut::test
