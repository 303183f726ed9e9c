// SPDX-License-Identifier: Apache-2.0
#include "client.h"

#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <array>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <utility>

#include "log.h"

namespace netcut::reference {
namespace {

using grpc::StatusCode;
using std::chrono::milliseconds;

constexpr int keepalive_ms = 2000;  // between pings, and for the answer to one

// Between calls a kept channel is served by a timer alone: at gRPC's 5 s it would neither answer pings nor
// reconnect in time. An idle process that keeps its channel wakes up 45 times a second at 100 ms and 12 times
// at 1 s, which a thousand of them notice; a channel for one call is read every 100 ms still. Before gRPC
// starts.
void set_timer(const ClientOptions& options) {
    const bool may_be_late = options.channel == ChannelUse::kept && options.on_error != OnError::deadline;
    setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", may_be_late ? "1000" : "100", 1);
}

grpc::ChannelArguments channel_arguments(const ClientOptions& options) {
    grpc::ChannelArguments arguments;
    // gRPC would share connections between channels, go through a proxy that the machine has for the web, and hide errors
    // by retries of its own. One that is for gRPC alone is meant.
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, std::getenv("grpc_proxy") != nullptr ? 1 : 0);
    arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
    arguments.SetMaxReceiveMessageSize(-1);
    // gRPC's name for the least that an attempt may take (its doc/connection-backoff.md,
    // MIN_CONNECT_TIMEOUT).
    if (options.connect_timeout)
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS,
                         static_cast<int>(options.connect_timeout->count()));
    if (options.on_error != OnError::deadline) return arguments;
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_ms);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_ms);
    arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    // A kept channel must not sit out gRPC's two minutes of back-off after a long cut.
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, static_cast<int>(options.retry_wait.count()));
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, static_cast<int>(options.retry_wait.count()));
    if (!options.connect_timeout)
        arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, static_cast<int>(options.deadline.count()));
    return arguments;
}

std::string one_line(std::string text) {
    for (char& c : text)
        if (c == '\n' || c == '\r') c = ' ';
    return text;
}

std::string advice(const ClientOptions& options, StatusCode code) {
    switch (code) {
        case StatusCode::UNAVAILABLE:
        case StatusCode::UNKNOWN:
            return fmt::format(
                "check that the aggregator listens at {} and that both sides have certificates of one "
                "CA; --on-error resend would have tried again",
                options.aggregator);
        case StatusCode::PERMISSION_DENIED:
            return "check --name and --certs, and the aggregator's --collaborators";
        default:
            return "see the aggregator's log";
    }
}

}  // namespace

std::string code_name(StatusCode code) {
    constexpr std::array<std::string_view, 17> names{
        "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
        "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
        "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
        "DATA_LOSS", "UNAUTHENTICATED"};
    const auto number = static_cast<std::size_t>(code);
    return number < names.size() ? std::string(names[number]) : fmt::format("status {}", number);
}

Client::Client(ClientOptions options) : options_(std::move(options)) {
    set_timer(options_);
    credentials_ = client_credentials(options_.certificates, options_.name);
}

std::shared_ptr<grpc::Channel> Client::channel() {
    if (kept_) return kept_;
    auto channel = grpc::CreateCustomChannel(options_.aggregator, credentials_, channel_arguments(options_));
    if (options_.channel == ChannelUse::kept) kept_ = channel;
    return channel;
}

grpc::Status Client::call_once(std::size_t bytes, const Rpc& rpc) {
    const auto connection = channel();
    const auto stub = wire::Aggregator::NewStub(connection);
    grpc::ClientContext context;
    if (options_.on_error == OnError::deadline) {
        const milliseconds transfer(bytes * 1000 / options_.slowest_rate);
        context.set_deadline(std::chrono::system_clock::now() + options_.deadline + transfer);
    }
    if (options_.connect_first) connect(*connection, context.deadline());
    return rpc(*stub, context);
}

// As long as a call would wait for it.
void Client::connect(grpc::Channel& channel, std::chrono::system_clock::time_point deadline) {
    for (auto state = channel.GetState(true); state == GRPC_CHANNEL_IDLE || state == GRPC_CHANNEL_CONNECTING;
         state = channel.GetState(true))
        if (!channel.WaitForStateChange(state, deadline)) return;
}

bool Client::may_retry(StatusCode code) const {
    switch (code) {
        case StatusCode::UNKNOWN:
        case StatusCode::UNAVAILABLE:
            return options_.on_error != OnError::none;
        case StatusCode::DEADLINE_EXCEEDED:
        case StatusCode::CANCELLED:
        case StatusCode::INTERNAL:
        case StatusCode::DATA_LOSS:  // the aggregator saw the stream end early
            return options_.on_error == OnError::deadline;
        default:
            return false;
    }
}

void Client::call(const std::string& attempt, std::size_t bytes, const Rpc& rpc) {
    for (;;) {
        const grpc::Status status = call_once(bytes, rpc);
        if (status.ok()) return;
        const std::string error =
            fmt::format("{}: {}", code_name(status.error_code()), one_line(status.error_message()));
        if (!may_retry(status.error_code()))
            throw CallFailed(
                fmt::format("{} (while {}; {})", error, attempt, advice(options_, status.error_code())));
        log("{}: resending after {}", options_.name, error);
        std::this_thread::sleep_for(options_.retry_wait);
    }
}

}  // namespace netcut::reference
