// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace netcut::cli {

struct FaultsOptions {
    std::string kind;  // empty: all
};
void add_faults_options(CLI::App& command, FaultsOptions& options);
// Prints what there is, with an example of each; or the keys of one.
int faults_command(const FaultsOptions& options);

struct DoctorOptions {
    bool json = false;
};
void add_doctor_options(CLI::App& command, DoctorOptions& options);
// Prints what this kernel and this user can do, fault by fault, and why not.
int doctor_command(const DoctorOptions& options);

}  // namespace netcut::cli
