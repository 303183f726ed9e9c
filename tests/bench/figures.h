// SPDX-License-Identifier: Apache-2.0
//
// The figures: each runs the product and its floor in turn, so that a noisy machine troubles both alike.
#pragma once

#include "bench/figure.h"
#include "bench/namespaces.h"

namespace netcut::bench {

// Building a routed network of so many nodes, and taking it down.
std::vector<Figure> measure_network(std::size_t nodes, std::size_t repeats);
// From a node's write() of the line that matches to the first packet that is lost: with the watcher's core
// asleep until then, as it is when nothing goes on, and with it awake.
std::vector<Figure> measure_line(const Cores& cores, std::size_t repeats);
// From the call that fires a cut to its acknowledgement, and to the first packet that is lost.
std::vector<Figure> measure_fire(const Cores& cores, std::size_t repeats);

}  // namespace netcut::bench
