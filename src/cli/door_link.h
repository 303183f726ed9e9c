// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "daemon/channel.h"
#include "daemon/door_address.h"

namespace netcut::cli {

// A connection to a run of one's own that is under way (daemon/door.h), as its user; root becomes that user for it. That
// nobody else has taken the name is what the kernel says of who listens.
Result<Fd> connect_to_door(const DoorAddress& door);

// As above, for who wants an answer: a run whose process is stopped gives none.
Result<Fd> connect_to_running(const DoorAddress& door);

inline constexpr std::chrono::seconds patience_with_door{30};

// One request, and its answer. ETIMEDOUT: there is none.
Result<Json> ask_door(const DoorAddress& door, Message message,
                      std::chrono::seconds patience = patience_with_door);
// The answer in a message of the run's.
Result<Json> answer_in(const Message& message);

}  // namespace netcut::cli
