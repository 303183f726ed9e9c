// SPDX-License-Identifier: Apache-2.0
// The federation's certificates: a CA of its own, one server certificate, one client certificate a
// collaborator. EC P-256 throughout. Errors are exceptions that carry OpenSSL's reason.
#pragma once

#include <openssl/types.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace netcut::certify {

struct CertifyOptions {
    std::filesystem::path directory;
    std::string aggregator_name = "aggregator";
    std::vector<std::string> more_names;  // further DNS names or IP addresses of the aggregator
    unsigned collaborators = 1;
};

// Writes ca, aggregator and collaborator1..N, each as .crt and .key (mode 0600), into the directory.
void write_certificates(const CertifyOptions& options);

struct Pem {
    std::string certificate;
    std::string key;
};

class CertificateAuthority {
  public:
    explicit CertificateAuthority(const std::string& name);
    ~CertificateAuthority();

    const Pem& pem() const { return pem_; }

    // Names are DNS names or IP addresses; the first one is the subject too.
    Pem issue_server(const std::vector<std::string>& names) const;
    Pem issue_client(const std::string& name) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
    Pem pem_;
};

// The common name in a certificate, for tests and for messages.
std::string common_name(const std::string& certificate_pem);

}  // namespace netcut::certify
