// SPDX-License-Identifier: Apache-2.0
// How a collaborator calls its aggregator: on which channel, and what it does when a call fails.
#pragma once

#include <grpcpp/channel.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "credentials.h"
#include "federation.grpc.pb.h"

namespace netcut::reference {

enum class ChannelUse { fresh, kept };  // one connection a call, as OpenFL does, or one for all calls
enum class OnError { none, resend, deadline };

struct ClientOptions {
    std::string name;
    std::string aggregator = "localhost:50051";
    Certificates certificates;
    ChannelUse channel = ChannelUse::fresh;
    OnError on_error = OnError::none;
    std::chrono::milliseconds retry_wait{1000};
    std::chrono::milliseconds deadline{5000};
    std::optional<std::chrono::milliseconds> connect_timeout;  // unset: the deadline, or gRPC's own 20 s
    std::size_t slowest_rate = 256 * 1024;                     // bytes per second that a deadline allows for
    bool connect_first = false;  // a call begins when its connection is there, or has failed
};

// A call failed for good.
struct CallFailed : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// "UNAVAILABLE", as the protocol's documents write it.
std::string code_name(grpc::StatusCode code);

class Client {
  public:
    using Stub = wire::Aggregator::Stub;
    using Rpc = std::function<grpc::Status(Stub&, grpc::ClientContext&)>;

    // Throws std::system_error if a certificate cannot be read.
    explicit Client(ClientOptions options);

    // Makes the call until it succeeds, as far as OnError allows; throws CallFailed otherwise. `attempt` says
    // what is tried, `bytes` how much it carries. May never return: without a deadline a silent peer is
    // waited for.
    void call(const std::string& attempt, std::size_t bytes, const Rpc& rpc);

  private:
    std::shared_ptr<grpc::Channel> channel();
    static void connect(grpc::Channel& channel, std::chrono::system_clock::time_point deadline);
    grpc::Status call_once(std::size_t bytes, const Rpc& rpc);
    bool may_retry(grpc::StatusCode code) const;

    const ClientOptions options_;
    std::shared_ptr<grpc::ChannelCredentials> credentials_;
    std::shared_ptr<grpc::Channel> kept_;
};

}  // namespace netcut::reference
