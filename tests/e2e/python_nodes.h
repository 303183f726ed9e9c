// SPDX-License-Identifier: Apache-2.0
//
// Scenarios whose nodes are a few lines of Python, which connect by TCP.
#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace netcut::test {

struct PythonNodes {
    std::string aggregator, collaborator;  // scripts; serve() and connect() are there
    std::string rest;                      // YAML: faults, tcp, and what differs from the usual
};

inline void write_python_role(std::ostream& out, const char* role, const std::string& script) {
    constexpr const char* preamble =
        "import array, os, select, signal, socket, subprocess, sys, threading, time\n"
        "def serve(): return socket.create_server(('::', 9000), family=socket.AF_INET6, "
        "dualstack_ipv6=True)\n"
        "def connect(): return socket.create_connection(('aggregator', 9000))\n"
        "def options(s): return ' '.join(str(s.getsockopt(*o)) for o in ((1, 9), (6, 4), (6, 5), (6, 6), (6, "
        "18)))\n";
    out << role << ":\n  command:\n    - python3\n    - -uc\n    - |\n";
    std::istringstream lines(preamble + script);
    for (std::string line; std::getline(lines, line);) out << "      " << line << '\n';
}

// Returns the path.
inline std::string write_scenario(const PythonNodes& nodes, const std::string& path,
                                  const char* hang_after = "30s") {
    std::ofstream out(path);
    out << "name: python\ncollaborators: 1\nready: listening\ngrace: 4s\nhang_after: " << hang_after << '\n';
    write_python_role(out, "aggregator", nodes.aggregator);
    write_python_role(out, "collaborator", nodes.collaborator);
    out << nodes.rest;
    return path;
}

}  // namespace netcut::test
