// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "daemon/channel.h"
#include "daemon/door_address.h"

namespace netcut::cli {

// A connection to a run of one's own that is under way (daemon/door.h), as its user; root becomes that user for it. That
// nobody else has taken the name is what the kernel says of who listens.
Result<Fd> connect_to_door(const DoorAddress& door);

// One request, and its answer.
Result<Json> ask_door(const DoorAddress& door, Message message);
// The answer in a message of the run's.
Result<Json> answer_in(const Message& message);

}  // namespace netcut::cli
