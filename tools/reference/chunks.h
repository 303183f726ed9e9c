// SPDX-License-Identifier: Apache-2.0
// A payload cut into chunks, and put together again.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace netcut::reference {

// How many chunks a payload takes; an empty one takes one.
std::size_t chunk_count(std::size_t payload_size, std::size_t chunk_size);

// A view of one chunk of the payload.
std::string_view chunk_at(std::string_view payload, std::size_t chunk_size, std::size_t index);

class Reassembly {
  public:
    // False if the chunk is not the one that has to come next; the payload is then lost.
    bool append(std::size_t index, std::size_t count, std::string_view data);

    bool complete() const { return received_ > 0 && received_ == expected_; }
    std::size_t received() const { return received_; }
    std::size_t expected() const { return expected_; }
    const std::string& payload() const { return payload_; }

  private:
    std::size_t received_ = 0;
    std::size_t expected_ = 0;
    std::string payload_;
};

}  // namespace netcut::reference
