// SPDX-License-Identifier: Apache-2.0
//
// Queues that packets suffer in: delay, jitter, reordering, duplication, corruption and rate.
//
// A queue sits on an ifb of the router and is laid beforehand. An nftables rule marks the packets that are to
// suffer; at the egress of a port a filter sends what has the mark into the ifb, and the ifb gives it back to
// the egress of the port that it came from, behind the filters. So firing and healing change nothing here,
// and packets without a mark never see a queue. Packets that are in a queue when the fault heals, or when
// another one begins, come out as they were going to: the rules have seen them already.
// A port that is removed takes its filters with it.
//
// A packet is what the stack sends at once, which with segmentation offload is up to 64 KiB of TCP: only with
// FabricOptions::single_segments do shares and numbers mean packets of the wire.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "kernel/netlink.h"
#include "kernel/netns.h"
#include "link/queue.h"

namespace netcut {

// An ifb, set up.
void add_queue_device(Batch& batch, const std::string& name, int index);
// Replaces what the link has; packets that wait in it are lost. Each of the lanes has the rate, and the room,
// for itself. A packet is in the lane that its priority names, or in the first. Lanes are numbered from 1;
// without a rate they are of no effect. `mtu`: of the links that the packets come from.
void set_queue(Batch& batch, int link, const QueueSpec& spec, unsigned mtu,
               const std::vector<std::uint16_t>& lanes = {1});
// The place for filters at a port's egress. It may be there already.
void add_clsact(Batch& batch, int port);
// What leaves through `port` with `mark`, which is not 0, goes into `queue_device`. A second call for the
// same port and mark changes the device.
void redirect_marked(Batch& batch, int port, std::uint32_t mark, int queue_device);

// All that comes in by link `from` leaves by link `to`, through its queue, and is not seen by anything else. A place for filters is
// made at `from`.
void relay(Batch& batch, int from, int to);

// Whether this kernel has it; it is tried in `apart`, and nothing is left there.
Result<void> probe_netem(const NetNs& apart);
Result<void> probe_rate(const NetNs& apart, const std::string& shaper);
Result<void> probe_redirect(const NetNs& apart);
// To a device that a FrameTap reads from.
Result<void> probe_frame_redirect(const NetNs& apart);

}  // namespace netcut
