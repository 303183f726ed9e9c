// SPDX-License-Identifier: Apache-2.0
#include "base/sha256.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>

#include "base/io.h"

namespace netcut {

void Sha256::Release::operator()(evp_md_ctx_st* context) const {
    EVP_MD_CTX_free(context);
}

namespace {

// A configuration names libraries to load, and whoever sets OPENSSL_CONF says which it is.
void use_no_configuration() {
    static const int done = OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, nullptr);
    if (done != 1) throw std::bad_alloc();
}

}  // namespace

// None of these can fail but for want of memory: SHA-256 is in every provider of OpenSSL.
Sha256::Sha256() : context_((use_no_configuration(), EVP_MD_CTX_new())) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
}

void Sha256::add(std::string_view bytes) {
    if (EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) != 1) throw std::bad_alloc();
}

std::string Sha256::hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest.data(), &size) != 1) throw std::bad_alloc();
    std::string text;
    for (unsigned i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 digest;
    digest.add(bytes);
    return digest.hex();
}

Result<FileDigest> digest_file(const std::string& path) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd) return system_failure("read " + path);
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return system_failure("read " + path);
    if (!S_ISREG(status.st_mode)) return machine_failure("read " + path, "it is no regular file");
    return digest_file(fd.get(), "read " + path);
}

Result<FileDigest> digest_file(int fd, const std::string& attempt) {
    FileDigest result;
    Sha256 digest;
    std::array<char, 65536> buffer;
    for (;;) {
        const ssize_t count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0) return system_failure(attempt);
        if (count == 0) break;
        digest.add({buffer.data(), static_cast<std::size_t>(count)});
        result.bytes += static_cast<std::uint64_t>(count);
    }
    result.sha256 = digest.hex();
    return result;
}

}  // namespace netcut
