// SPDX-License-Identifier: Apache-2.0
//
// The figures: each runs the product and its floor in turn, so that a noisy machine troubles both alike.
#pragma once

#include "base/time.h"
#include "bench/figure.h"
#include "bench/namespaces.h"

namespace netcut::bench {

// Building a network of so many nodes, and taking it down. The floor is routed; `ip -batch` is run `peers`
// times.
std::vector<Figure> measure_network(std::size_t nodes, std::size_t repeats, std::size_t peers);
std::vector<Figure> measure_bridge(std::size_t nodes, std::size_t repeats);
// From a node's write() of the line that matches to the first packet that is lost: with the watcher's core
// asleep until then, as it is when nothing goes on, and with it awake.
std::vector<Figure> measure_line(const Cores& cores, std::size_t repeats);
// As above, while 100 other nodes log so many bytes a second each; the floor has nothing else to read.
std::vector<Figure> measure_line_beside(const Cores& cores, std::size_t bytes_per_second,
                                        std::size_t repeats);
// From the call that fires a cut to its acknowledgement, and to the first packet that is lost; from the call
// that heals it to the first that passes. The nft program, where it is installed, adds a rule.
std::vector<Figure> measure_fire(const Cores& cores, std::size_t repeats);
// The same by a request to a daemon that keeps its run: the floor is that of measure_fire.
std::vector<Figure> measure_daemon(const Cores& cores, std::size_t repeats);
// How far the length of a cut is from what was asked for, with all cores busy.
std::vector<Figure> measure_length(const Cores& cores, Nanoseconds length, std::size_t repeats);
// Lines that are read, matched with so many patterns and logged; the floor reads and logs.
std::vector<Figure> measure_pump(std::size_t patterns, std::size_t megabytes, std::size_t repeats);
// TCP through a router with faults of each kind prepared; the floor's router has no rules.
std::vector<Figure> measure_passage(std::size_t repeats);
std::vector<Figure> measure_passage_of(std::size_t faults, std::size_t repeats);  // all of one kind
// TCP whose packets are held, beside a proxy by hand; and how late so many packets are, 1,000 a second, on a machine that idles and
// on one that is busy. netem, where the kernel has it.
std::vector<Figure> measure_held(std::size_t repeats);
std::vector<Figure> measure_late(std::size_t packets);
// How far what passes in each tenth of a second is from a rate, beside a proxy by hand.
std::vector<Figure> measure_rate();
// How far what passes in each tenth of a second is from what a trace says. Mahimahi's mm-link, where it is installed.
std::vector<Figure> measure_trace();
// CPU time, for each second, of the thread that sets the rates of so many links, both ways, ten times a second. Without a floor.
std::vector<Figure> measure_links(std::size_t links, Nanoseconds length);
// Building a network of sites, each with a NAT; the floor is the same nodes without sites.
std::vector<Figure> measure_sites(std::size_t sites, std::size_t nodes_each, std::size_t repeats);
// TCP while the tap is on that tells work from set-up, of a connection that was opened since and of one that was there
// before; the floor's is off.
std::vector<Figure> measure_tap(std::size_t repeats);
// A run of so many nodes that only sleep: until all are started, and what netcut-fl needs for each.
std::vector<Figure> measure_processes(std::size_t collaborators, std::size_t repeats);
// CPU time, for each second, of the thread of a run that samples what so many collaborators do, which have three connections each
// and are silent. Without a floor.
std::vector<Figure> measure_sampling(std::size_t collaborators, Nanoseconds length);
// One round of the reference federation, from the tool's start to its end. Without a floor.
std::vector<Figure> measure_round(std::size_t collaborators);
// By figure, what Docker takes for the same: cuts by `docker network disconnect`, and the start of containers
// one after the other. Its engine must be installed.
using PeerSamples = std::map<std::string, Samples>;
PeerSamples measure_docker(const Cores& cores, std::size_t repeats, std::size_t collaborators);
// The report of an hour of 200 nodes: until it is written, and what that takes. Without a floor.
std::vector<Figure> measure_report(unsigned events, std::size_t repeats);

}  // namespace netcut::bench
