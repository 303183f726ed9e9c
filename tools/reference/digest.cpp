// SPDX-License-Identifier: Apache-2.0
#include "digest.h"

#include <openssl/evp.h>
#include <spdlog/fmt/fmt.h>

#include <bit>
#include <cstring>
#include <stdexcept>

namespace netcut::reference {

static_assert(std::endian::native == std::endian::little, "values travel as they lie in memory");

std::string to_bytes(std::span<const float> values) {
    return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

bool from_bytes(std::string_view bytes, std::span<float> values) {
    if (bytes.size() != values.size_bytes()) return false;
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return true;
}

std::string sha256(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("cannot hash the model: OpenSSL has no SHA-256; check its configuration");
    std::string hex;
    for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
    return hex;
}

}  // namespace netcut::reference
