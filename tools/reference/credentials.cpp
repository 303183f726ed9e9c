// SPDX-License-Identifier: Apache-2.0
#include "credentials.h"

#include "files.h"

namespace netcut::reference {

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Certificates& directory) {
    if (!directory) return grpc::InsecureServerCredentials();
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = certify::read_file(*directory / "ca.crt");
    options.pem_key_cert_pairs.push_back({certify::read_file(*directory / "aggregator.key"),
                                          certify::read_file(*directory / "aggregator.crt")});
    return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> client_credentials(const Certificates& directory,
                                                             const std::string& name) {
    if (!directory) return grpc::InsecureChannelCredentials();
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = certify::read_file(*directory / "ca.crt");
    options.pem_private_key = certify::read_file(*directory / (name + ".key"));
    options.pem_cert_chain = certify::read_file(*directory / (name + ".crt"));
    return grpc::SslCredentials(options);
}

}  // namespace netcut::reference
