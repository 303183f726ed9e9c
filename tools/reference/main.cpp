// SPDX-License-Identifier: Apache-2.0
// netcut-fl-reference: the command line of the reference federation.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <map>
#include <string>

#include "aggregator.h"
#include "collaborator.h"
#include "log.h"

namespace {

using namespace netcut::reference;
using std::chrono::milliseconds;

constexpr int usage_error = 2;

// "500ms", "2s" and "1m" into milliseconds.
CLI::Option* add_duration(CLI::App* command, const std::string& flag, const std::string& help,
                          const std::function<void(milliseconds)>& store, milliseconds least) {
    const std::map<std::string, std::int64_t> units{{"ms", 1}, {"s", 1000}, {"m", 60000}};
    const auto take = [store](const std::int64_t& value) { store(milliseconds(value)); };
    return command->add_option_function<std::int64_t>(flag, take, help)
        ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::UNIT_REQUIRED).description(""))
        ->check(CLI::Range(std::int64_t{least.count()}, std::int64_t{24 * 3600 * 1000}).description(""))
        ->type_name("DURATION");
}

CLI::Option* add_duration(CLI::App* command, const std::string& flag, milliseconds& target,
                          const std::string& help, milliseconds least = milliseconds(0)) {
    const auto store = [&target](milliseconds value) { target = value; };
    return add_duration(command, flag, help, store, least)->default_str(fmt::format("{}ms", target.count()));
}

// "64KiB" and "10MiB" into bytes.
CLI::Option* add_size(CLI::App* command, const std::string& flag, std::size_t& target,
                      const std::string& help, std::size_t most = std::size_t{1} << 30) {
    return command->add_option(flag, target, help)
        ->transform(CLI::AsSizeValue(true).description(""))
        ->check(CLI::Range(std::size_t{1}, most).description(""))
        ->capture_default_str()
        ->type_name("SIZE");
}

CLI::Option* add_count(CLI::App* command, const std::string& flag, unsigned& target,
                       const std::string& help) {
    return command->add_option(flag, target, help)
        ->check(CLI::Range(1U, 100000U).description(""))
        ->capture_default_str();
}

template <typename Choice>
void add_choice(CLI::App* command, const std::string& flag, Choice& target,
                const std::map<std::string, Choice>& choices, const std::string& help) {
    const auto take = [&target, choices](const std::string& word) { target = choices.at(word); };
    command->add_option_function<std::string>(flag, take, help)
        ->check(CLI::IsMember(choices).description(""))
        ->type_name("WORD");
}

void add_security(CLI::App* command, Certificates& certificates) {
    auto* const directory =
        command
            ->add_option_function<std::string>(
                "--certs", [&certificates](const std::string& path) { certificates = path; },
                "that netcut-fl-certify wrote into this directory, for mutual TLS")
            ->check(CLI::ExistingDirectory);
    auto* const security =
        command
            ->add_option("--security",
                         "tls: mutual TLS, with --certs; insecure: plain text, and every name "
                         "is believed")
            ->check(CLI::IsMember({"tls", "insecure"}).description(""))
            ->default_str("tls")
            ->type_name("WORD");
    command->parse_complete_callback([=, &certificates] {
        if (security->as<std::string>() == "insecure")
            certificates.reset();
        else if (directory->empty())
            throw CLI::RequiredError("--certs DIR (or --security insecure)");
    });
}

const char* const aggregator_lines = R"(Log lines, on stdout, each with the time in front:
  aggregator: listening on ADDRESS                            ready
  aggregator: round R of N begins
  aggregator: collaboratorK joined
  aggregator: sent tensor NAME of round R to collaboratorK
  aggregator: round R: receiving results from collaboratorK
  aggregator: round R: results from collaboratorK are complete (N bytes)
  aggregator: round R: results from collaboratorK were here already
  aggregator: round R: results from collaboratorK came too late     with --defect skip-late
  aggregator: round R: collaboratorK broke off after N of N chunks
  aggregator: round R: averaged collaboratorK: N samples, N of N bytes, trained from the model of round R
  aggregator: refused: REASON
  aggregator: round R of N: accuracy A, loss L
  aggregator: final model sha256 HEX
  aggregator: collaboratorK did not ask again and does not know that the federation is finished
  aggregator: federation finished)";

void add_defect(CLI::App* command, DefectOptions& options) {
    const std::map<std::string, Defect> defects{{"none", Defect::none},
                                                {"drop-update", Defect::drop_update},
                                                {"count-twice", Defect::count_twice},
                                                {"half-update", Defect::half_update},
                                                {"stale-model", Defect::stale_model},
                                                {"skip-late", Defect::skip_late}};
    add_choice(
        command, "--defect", options.defect, defects,
        "be wrong about the update of a collaborator that is late, and say nothing: drop-update leaves it "
        "out, count-twice averages it twice, half-update averages its first half, stale-model gives the "
        "collaborator that round's model again in the next, skip-late goes on without it");
    add_duration(command, "--late-after", options.late_after, "who comes so long after all others is late",
                 milliseconds(1));
}

void add_aggregator(CLI::App& app, AggregatorOptions& options, int& status) {
    auto* const command = app.add_subcommand("aggregator", "Serve a federation until its last round");
    command->footer(aggregator_lines);
    command->add_option("--listen", options.listen, "address; [::] serves IPv4 too")->capture_default_str();
    add_security(command, options.certificates);
    add_count(command, "--collaborators", options.collaborators, "how many take part")->required();
    add_count(command, "--rounds", options.rounds, "rounds");
    command->add_option("--seed", options.seed, "of the data and of the first model")->capture_default_str();
    add_size(command, "--model-size", options.model_size, "of the model; its hidden width follows");
    add_size(command, "--chunk-size", options.service.chunk_size, "in which collaborators send their results",
             std::size_t{1} << 26);
    add_duration(command, "--poll", options.service.poll,
                 "how long collaborators sleep between two questions", milliseconds(1));
    add_duration(command, "--server-delay", options.service.reply_delay,
                 "wait before results are answered: a slow aggregation");
    add_duration(
        command, "--server-user-timeout",
        "TCP_USER_TIMEOUT of the connections, through gRPC's keepalive timeout (default: gRPC's own, 20s)",
        [&options](milliseconds value) { options.user_timeout = value; }, milliseconds(1));
    command->add_flag("--keepalive", options.keepalive,
                      "ping collaborators every 2s, and let them ping as often");
    add_duration(command, "--quit-grace", options.quit_grace,
                 "after the last round, for those that do not ask again");
    add_defect(command, options.defect);
    command->add_option_function<std::string>(
        "--save", [&options](const std::string& file) { options.save = file; },
        "write the final model to this file");
    command->callback([&options, &status] {
        options.service.verify_names = options.certificates.has_value();
        status = run_aggregator(options);
    });
}

const char* const collaborator_lines =
    R"(Log lines, on stdout, each with the time in front (K: is short for collaboratorK:):
  collaboratorK: has N samples
  K: round R: requesting tensor NAME
  K: round R: received tensor NAME (N bytes)
  K: round R: training, epoch E of N
  K: round R: epoch E of N done, loss L
  K: round R: sending results, N chunks
  K: round R: sent chunk I of N                               about ten times an upload
  K: round R: waiting for the reply
  K: round R: results accepted
  collaboratorK: waiting for round R                          once a wait
  collaboratorK: waiting for the federation to finish
  collaboratorK: resending after CODE: MESSAGE
  collaboratorK: failed: CODE: MESSAGE                        on stderr; exit status 1
  collaboratorK: federation finished)";

void run_and_report(const CollaboratorOptions& options, int& status) {
    try {
        run_collaborator(options);
    } catch (const std::exception& error) {
        log_error("{}: failed: {}", options.client.name, error.what());
        status = 1;
    }
}

void add_channel(CLI::App* command, ClientOptions& options) {
    const std::map<std::string, ChannelUse> uses{{"fresh", ChannelUse::fresh}, {"kept", ChannelUse::kept}};
    add_choice(command, "--channel", options.channel, uses,
               "fresh: a connection for each call (default); kept: one for all");
    const std::map<std::string, OnError> reactions{
        {"none", OnError::none}, {"resend", OnError::resend}, {"deadline", OnError::deadline}};
    add_choice(command, "--on-error", options.on_error, reactions,
               "none: exit 1 (default); resend: try again for ever on UNKNOWN and UNAVAILABLE; "
               "deadline: deadlines and keepalive too, and try again on every broken call");
    add_duration(command, "--retry-wait", options.retry_wait, "before trying again", milliseconds(1));
    add_duration(command, "--deadline", options.deadline, "of a call, with --on-error deadline",
                 milliseconds(1));
    add_duration(
        command, "--connect-timeout",
        "of an attempt to connect (default: the deadline, or gRPC's own 20s); longer for an aggregator that "
        "hundreds ask at once",
        [&options](milliseconds value) { options.connect_timeout = value; }, milliseconds(1));
    add_size(command, "--slowest-rate", options.slowest_rate,
             "bytes per second; a deadline is longer by size / rate");
}

void add_collaborator(CLI::App& app, CollaboratorOptions& options, int& status) {
    auto* const command = app.add_subcommand("collaborator", "Take part in a federation");
    command->footer(collaborator_lines);
    command->add_option("--name", options.client.name, "collaboratorK, as in its certificate")->required();
    add_count(command, "--index", options.index, "which shard of the data it holds: its K")->required();
    command->add_option("--aggregator", options.client.aggregator, "HOST:PORT")->capture_default_str();
    add_security(command, options.client.certificates);
    add_count(command, "--epochs", options.epochs, "passes over the shard in a round");
    command->add_option("--seed", options.seed, "the aggregator's")->capture_default_str();
    add_channel(command, options.client);
    add_duration(command, "--pace", options.pace, "least wall time of an epoch; the rest is slept");
    add_duration(command, "--upload-pace", options.upload_pace,
                 "least wall time of an upload; sleeps between chunks");
    command->add_flag(
        "--log-phases", options.log_phases,
        "log 'phase NAME TIME' on each change: computing, connecting, waiting, sending, receiving or "
        "idle, and CLOCK_MONOTONIC in nanoseconds");
    command->callback([&options, &status] {
        options.client.connect_first = options.log_phases;
        run_and_report(options, status);
    });
}

int run(int argc, char** argv) {
    CLI::App app("A small federated-learning system over gRPC with mutual TLS, to be tested by netcut-fl.");
    app.require_subcommand(1);
    AggregatorOptions aggregator_options;
    CollaboratorOptions collaborator_options;
    int status = 0;
    add_aggregator(app, aggregator_options, status);
    add_collaborator(app, collaborator_options, status);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : usage_error;
    }
    return status;
}

}  // namespace

int main(int argc, char** argv) {
    // The system's resolver reads /etc/hosts; gRPC's own asks name servers. Before gRPC starts.
    setenv("GRPC_DNS_RESOLVER", "native", 1);
    try {
        return run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "netcut-fl-reference: %s\n", error.what());
        return 1;
    }
}
