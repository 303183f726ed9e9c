// SPDX-License-Identifier: Apache-2.0
// netcut-fl-certify: makes the certificates of a federation, for templates.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "pki.h"

int main(int argc, char** argv) {
    netcut::certify::CertifyOptions options;
    CLI::App app("Makes a CA, and certificates of the aggregator and of each collaborator.",
                 "netcut-fl-certify");
    app.add_option("--dir", options.directory, "Where they are written")->required();
    app.add_option("--aggregator-name", options.aggregator_name, "The aggregator's host name")
        ->capture_default_str();
    app.add_option("--san", options.more_names, "Further host names or IP addresses of the aggregator")
        ->take_all();
    app.add_option("--collaborators", options.collaborators, "How many collaborators there are")
        ->check(CLI::Range(1U, 100000U).description(""))
        ->required();
    try {
        app.parse(argc, argv);
        netcut::certify::write_certificates(options);
        return 0;
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "netcut-fl-certify: %s\n", error.what());
        return 1;
    }
}
