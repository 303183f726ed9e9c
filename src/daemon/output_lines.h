// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/json.h"
#include "node/stream.h"

namespace netcut {

// What a command prints, as lines of JSON, byte for byte: {"output": text, "stream": "out"}, or "base64" instead
// of "output" where the bytes are no UTF-8. A character that has come in part waits for the rest.
class OutputLines {
  public:
    std::string add(Stream stream, std::string_view bytes);
    // What still waits, when nothing more comes.
    std::string rest();

  private:
    std::array<std::string, 2> waiting_;  // by stream
};

// The other way; nothing if the line has no output in it.
struct Output {
    Stream stream;
    std::string bytes;
};
std::optional<Output> output_of(const Json& line);

}  // namespace netcut
