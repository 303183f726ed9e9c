// SPDX-License-Identifier: Apache-2.0
#include "pki.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "files.h"

namespace netcut::certify {
namespace {

constexpr long validity_seconds = 365L * 24 * 3600;
constexpr long clock_tolerance_seconds = 3600;

[[noreturn]] void fail(const char* attempt) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_get_error(), reason.data(), reason.size());
    throw std::runtime_error(fmt::format("cannot {}: {}", attempt, reason.data()));
}

template <auto release>
struct Release {
    template <typename T>
    void operator()(T* object) const {
        release(object);
    }
};

using Key = std::unique_ptr<EVP_PKEY, Release<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Release<X509_free>>;
using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using Memory = std::unique_ptr<BIO, Release<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Release<BN_free>>;

Key make_key() {
    Key key(EVP_EC_gen("P-256"));
    if (!key) fail("make an EC P-256 key");
    return key;
}

void set_serial(X509* certificate) {
    const Number number(BN_new());
    if (!number || BN_rand(number.get(), 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) != 1 ||
        BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr)
        fail("draw a serial number");
}

void set_subject(X509* certificate, const std::string& name) {
    if (X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0) != 1)
        fail("set a certificate's subject");
}

Certificate make_draft(EVP_PKEY* key, const std::string& subject) {
    Certificate draft(X509_new());
    if (!draft) fail("make a certificate");
    set_serial(draft.get());
    set_subject(draft.get(), subject);
    const bool ok = X509_set_version(draft.get(), X509_VERSION_3) == 1 &&
                    X509_set_pubkey(draft.get(), key) == 1 &&
                    X509_gmtime_adj(X509_getm_notBefore(draft.get()), -clock_tolerance_seconds) != nullptr &&
                    X509_gmtime_adj(X509_getm_notAfter(draft.get()), validity_seconds) != nullptr;
    if (!ok) fail("fill in a certificate");
    return draft;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) fail("extend a certificate");
}

void sign(X509* certificate, X509* issuer, EVP_PKEY* issuer_key) {
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        X509_sign(certificate, issuer_key, EVP_sha256()) == 0)
        fail("sign a certificate");
}

std::string content(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

Pem to_pem(X509* certificate, EVP_PKEY* key) {
    const Memory certificate_text(BIO_new(BIO_s_mem()));
    const Memory key_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(certificate_text.get(), certificate) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        fail("encode a certificate");
    return {content(certificate_text.get()), content(key_text.get())};
}

bool is_address(const std::string& name) {
    in6_addr ignored{};
    return ::inet_pton(AF_INET, name.c_str(), &ignored) == 1 ||
           ::inet_pton(AF_INET6, name.c_str(), &ignored) == 1;
}

// Commas would start another entry in OpenSSL's configuration syntax.
std::string alternative_names(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) {
        if (name.empty() || name.find_first_of(",;\n") != std::string::npos)
            throw std::runtime_error(
                fmt::format("'{}' is no host name or address; give one name a --san", name));
        list += fmt::format("{}{}:{}", list.empty() ? "" : ",", is_address(name) ? "IP" : "DNS", name);
    }
    return list;
}

void write_pem(const std::filesystem::path& directory, const std::string& name, const Pem& pem) {
    write_file(directory / (name + ".key"), pem.key, 0600);
    write_file(directory / (name + ".crt"), pem.certificate, 0644);
}

}  // namespace

struct CertificateAuthority::Parts {
    Key key;
    Certificate certificate;

    Pem issue(const std::string& subject, const char* usage, const std::vector<std::string>& names) const {
        const Key leaf_key = make_key();
        const Certificate leaf = make_draft(leaf_key.get(), subject);
        extend(leaf.get(), certificate.get(), NID_basic_constraints, "critical,CA:FALSE");
        extend(leaf.get(), certificate.get(), NID_key_usage, "critical,digitalSignature");
        extend(leaf.get(), certificate.get(), NID_ext_key_usage, usage);
        extend(leaf.get(), certificate.get(), NID_authority_key_identifier, "keyid");
        extend(leaf.get(), certificate.get(), NID_subject_alt_name, alternative_names(names));
        sign(leaf.get(), certificate.get(), key.get());
        return to_pem(leaf.get(), leaf_key.get());
    }
};

CertificateAuthority::CertificateAuthority(const std::string& name) : parts_(std::make_unique<Parts>()) {
    parts_->key = make_key();
    parts_->certificate = make_draft(parts_->key.get(), name);
    X509* const self = parts_->certificate.get();
    extend(self, self, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    extend(self, self, NID_key_usage, "critical,keyCertSign,cRLSign");
    extend(self, self, NID_subject_key_identifier, "hash");
    sign(self, self, parts_->key.get());
    pem_ = to_pem(self, parts_->key.get());
}

CertificateAuthority::~CertificateAuthority() = default;

Pem CertificateAuthority::issue_server(const std::vector<std::string>& names) const {
    return parts_->issue(names.front(), "serverAuth", names);
}

Pem CertificateAuthority::issue_client(const std::string& name) const {
    return parts_->issue(name, "clientAuth", {name});
}

std::string common_name(const std::string& certificate_pem) {
    const Memory text(BIO_new_mem_buf(certificate_pem.data(), static_cast<int>(certificate_pem.size())));
    const Certificate certificate(PEM_read_bio_X509(text.get(), nullptr, nullptr, nullptr));
    if (!certificate) fail("read a certificate");
    std::array<char, 256> name{};
    if (X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName, name.data(),
                                  static_cast<int>(name.size())) < 0)
        fail("find a certificate's common name");
    return name.data();
}

void write_certificates(const CertifyOptions& options) {
    std::filesystem::create_directories(options.directory);
    const CertificateAuthority authority("netcut-fl reference CA");
    write_pem(options.directory, "ca", authority.pem());
    std::vector<std::string> names{options.aggregator_name};
    names.insert(names.end(), options.more_names.begin(), options.more_names.end());
    write_pem(options.directory, "aggregator", authority.issue_server(names));
    for (unsigned i = 1; i <= options.collaborators; ++i) {
        const std::string name = fmt::format("collaborator{}", i);
        write_pem(options.directory, name, authority.issue_client(name));
    }
}

}  // namespace netcut::certify
