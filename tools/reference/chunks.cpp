// SPDX-License-Identifier: Apache-2.0
#include "chunks.h"

#include <algorithm>

namespace netcut::reference {

std::size_t chunk_count(std::size_t payload_size, std::size_t chunk_size) {
    return std::max<std::size_t>(1, (payload_size + chunk_size - 1) / chunk_size);
}

std::string_view chunk_at(std::string_view payload, std::size_t chunk_size, std::size_t index) {
    return payload.substr(index * chunk_size, chunk_size);
}

bool Reassembly::append(std::size_t index, std::size_t count, std::string_view data) {
    if (received_ == 0) expected_ = count;
    if (index != received_ || count != expected_ || index >= count) return false;
    payload_ += data;
    ++received_;
    return true;
}

}  // namespace netcut::reference
