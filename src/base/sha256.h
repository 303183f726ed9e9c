// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

struct evp_md_ctx_st;

namespace netcut {

// Bytes go in, in any portions; their SHA-256 (FIPS 180-4) comes out.
class Sha256 {
  public:
    Sha256();
    void add(std::string_view bytes);
    std::string hex();  // of all that was added; nothing more may be

  private:
    struct Release {
        void operator()(evp_md_ctx_st* context) const;
    };
    std::unique_ptr<evp_md_ctx_st, Release> context_;
};

std::string sha256_hex(std::string_view bytes);

struct FileDigest {
    std::uint64_t bytes = 0;
    std::string sha256;
};
// Of a regular file, and of nothing that a link leads to.
Result<FileDigest> digest_file(const std::string& path);
// Of what an open file has from where it is on.
Result<FileDigest> digest_file(int fd, const std::string& attempt);

}  // namespace netcut
