// SPDX-License-Identifier: Apache-2.0
// Mutual TLS from a directory that `certify` filled, or none at all.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace netcut::reference {

// Nothing: plain text, and every name is believed.
using Certificates = std::optional<std::filesystem::path>;

std::shared_ptr<grpc::ServerCredentials> server_credentials(const Certificates& directory);
std::shared_ptr<grpc::ChannelCredentials> client_credentials(const Certificates& directory,
                                                             const std::string& name);

}  // namespace netcut::reference
