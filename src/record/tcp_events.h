// SPDX-License-Identifier: Apache-2.0
//
// Events of record/event.h: what `tcp:` of a scenario has come to.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"

namespace netcut::event {

// How the node's TCP was asked to work, and what of its network's sysctls and of each socket's options that is.
struct NodeTcp {
    std::map<std::string, std::string> asked{};
    std::vector<std::pair<std::string, std::string>> sysctls{};
    std::vector<std::pair<std::string, std::int64_t>> options{};
};

// A socket of it has these options.
struct TcpOptionsSet {
    std::string socket{};  // both ends
    std::int64_t process = 0;
    std::string program{};
    bool inherited = false;    // from the socket that listens, and so from the beginning
    bool again = false;        // its program had set them otherwise
    Nanoseconds within_ns{0};  // since it was not there yet, at most; of `again`, since the last look at it
};

struct TcpOptionsUnset {
    std::string socket{};
    std::int64_t process = 0;
    std::string program{};
    std::string why{};
};

// Of all of a node's, at its end.
struct TcpOptionsSummed {
    std::uint64_t connections = 0, inherited = 0, listening = 0, again = 0, unset = 0;
    Nanoseconds latest_ns{0};
};

}  // namespace netcut::event
