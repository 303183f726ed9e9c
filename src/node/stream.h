// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace netcut {

enum class Stream { out, err };
// "out", "err": also the endings of the log files.
inline const char* stream_name(Stream stream) {
    return stream == Stream::out ? "out" : "err";
}

}  // namespace netcut
