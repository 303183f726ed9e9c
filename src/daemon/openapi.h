// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut {

// src/daemon/openapi.json, as it was when this was built.
extern const char* const openapi_json;

}  // namespace netcut
