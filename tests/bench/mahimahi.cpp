// SPDX-License-Identifier: Apache-2.0
#include "bench/mahimahi.h"

#include <fstream>
#include <thread>

#include "bench/namespaces.h"

namespace netcut::bench {

bool has_mahimahi(const std::string& shell) {
    return is_installed(shell) && is_installed("setpriv");
}

std::vector<Arrivals::Arrival> through_mahimahi(Words shell, const Words& arguments, Nanoseconds length) {
    // It refuses to be started by root, and becomes root by its set-user-ID bit.
    Words words = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    words.insert(words.end(), shell.begin(), shell.end());
    words.insert(words.end(), {built_program("netcut_flood"), std::to_string(Arrivals::port)});
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<Arrivals::Arrival> all;
    in_new_namespace([&] {
        std::ofstream("/proc/sys/net/ipv4/ip_forward") << '1';  // without it, it does not start
        Arrivals arrivals(own_namespace().get());
        const Running running(words);
        std::this_thread::sleep_for(length + std::chrono::seconds(2));
        all = arrivals.read(Nanoseconds(0));
    });
    return all;
}

}  // namespace netcut::bench
