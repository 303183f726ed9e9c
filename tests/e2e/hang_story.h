// SPDX-License-Identifier: Apache-2.0
//
// Small federations of Python scripts that hang, or do not.
#pragma once

#include <functional>
#include <string>

#include "e2e/tool.h"

namespace netcut::test {

struct Story {
    const char* name;
    const char* aggregator;  // Python scripts
    const char* collaborator;
    const char* rest;  // YAML: the fault, and what differs from the usual
};

std::string write_story(const Story& story, const std::string& path, const char* hang_after);
// That the run in this folder hung for certain, soon after the heal, with a record that agrees.
void expect_certain(const std::string& folder);
void expect_proof(const Story& story, const std::function<void()>& before_exec = {});

// "cut me" begins it.
inline constexpr const char* short_cut = "faults: [{kind: drop, on: {log: cut me}, for: 300ms}]\n";
inline constexpr const char* long_cut = "faults: [{kind: drop, on: {log: cut me}, for: 2s}]\n";
// The server gives its reply up, and the client never learns.
inline constexpr const char* gives_up =
    "s = serve(); print('listening'); c = s.accept()[0]; c.recv(99)\n"
    "c.setsockopt(6, 18, 300); time.sleep(0.2); c.sendall(b'reply' * 99)\n"
    "try: c.recv(99)\n"
    "except OSError as error: print(error)\n"
    "c.close(); s.accept()\n";
inline constexpr const char* waits_for_the_reply =
    "c = connect(); c.sendall(b'request'); print('cut me'); c.recv(99)\n";

}  // namespace netcut::test
