// SPDX-License-Identifier: Apache-2.0
#include "aggregator.h"

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <stdexcept>
#include <utility>

#include "digest.h"
#include "files.h"
#include "log.h"
#include "stop_signal.h"

namespace netcut::reference {
namespace {

constexpr std::chrono::seconds shutdown_limit{1};
constexpr std::chrono::milliseconds keepalive_time{2000};
constexpr std::chrono::milliseconds least_ping_interval{500};

void set(grpc::ServerBuilder& builder, const char* argument, std::chrono::milliseconds value) {
    builder.AddChannelArgument(argument, static_cast<int>(value.count()));
}

void set_timeouts(grpc::ServerBuilder& builder, const AggregatorOptions& options) {
    // gRPC has no argument for TCP_USER_TIMEOUT: it takes the keepalive's timeout, even when no keepalive is
    // sent.
    if (options.user_timeout) set(builder, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, *options.user_timeout);
    if (!options.keepalive) return;
    set(builder, GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_time);
    if (!options.user_timeout) set(builder, GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_time);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
    set(builder, GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, least_ping_interval);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PING_STRIKES, 0);
}

std::unique_ptr<grpc::Server> start_server(const AggregatorOptions& options, Service& service) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort(options.listen, server_credentials(options.certificates), &port);
    builder.RegisterService(&service);
    builder.SetMaxReceiveMessageSize(-1);
    // Else a second aggregator would take half of the connections.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    set_timeouts(builder, options);
    auto server = builder.BuildAndStart();
    if (!server || port == 0)
        throw std::runtime_error(
            fmt::format("cannot listen on {}: the address is in use or not this machine's, or the "
                        "certificates do not fit; choose another --listen or run certify again",
                        options.listen));
    return server;
}

void tell_averaged(unsigned round, const std::vector<Part>& parts) {
    for (const Part& part : parts)
        log("aggregator: round {}: averaged collaborator{}: {} samples, {} of {} bytes, trained from the "
            "model of "
            "round {}",
            round, part.collaborator, part.update.samples, part.bytes, part.whole, part.update.base);
}

// The final model, or nothing if the federation was stopped.
std::optional<Model> run_rounds(Federation& federation, const AggregatorOptions& options) {
    const Dataset validation = make_validation_set(options.seed);
    Model model = make_initial_model(hidden_width_for(options.model_size), options.seed);
    for (unsigned round = 1; round <= options.rounds; ++round) {
        log("aggregator: round {} of {} begins", round, options.rounds);
        const Model before = model;
        federation.begin_round(round, std::move(model));
        const std::optional<RoundUpdates> came = federation.wait_for_updates();
        if (!came) return std::nullopt;
        const auto parts = parts_of(came->updates, before, options.defect.defect, came->late);
        tell_averaged(round, parts);
        model = average_parts(parts, before);
        const Evaluation result = evaluate(model, validation);
        log("aggregator: round {} of {}: accuracy {:.4f}, loss {:.4f}", round, options.rounds,
            result.accuracy, result.loss);
    }
    return model;
}

void publish(const Model& model, const AggregatorOptions& options) {
    const std::string bytes = to_bytes(model.parameters());
    log("aggregator: final model sha256 {}", sha256(bytes));
    if (!options.save) return;
    certify::write_file(*options.save, bytes);
    log("aggregator: saved the model to {}", options.save->string());
}

void say_goodbye(Federation& federation, const AggregatorOptions& options) {
    federation.finish();
    // The last answers may still be on their way, each as late as the delay makes it.
    for (const unsigned missing :
         federation.wait_for_departures(options.quit_grace + options.service.reply_delay))
        log("aggregator: collaborator{} did not ask again and does not know that the federation is finished",
            missing);
    log("aggregator: federation finished");
}

}  // namespace

int run_aggregator(const AggregatorOptions& options) {
    Federation federation(options.collaborators, options.rounds, options.defect);
    const StopSignal stop([&federation] { federation.stop(); });
    Service service(federation, options.service);
    const auto server = start_server(options, service);
    log("aggregator: listening on {}", options.listen);
    if (const auto model = run_rounds(federation, options)) {
        publish(*model, options);
        say_goodbye(federation, options);
    }
    server->Shutdown(std::chrono::system_clock::now() + shutdown_limit);
    if (stop.received() == 0) return 0;
    log("aggregator: stopped by signal {}", stop.received());
    return 128 + stop.received();
}

}  // namespace netcut::reference
