#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Builds a Mininet network of so many hosts on one Linux bridge, checks that the first reaches the second, and prints
how many nanoseconds it took until it was started. To be run in a network namespace of its own."""
import sys
import time

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.nodelib import LinuxBridge
from mininet.topo import SingleSwitchTopo

setLogLevel("critical")
hosts = int(sys.argv[1])
begin = time.monotonic_ns()
network = Mininet(topo=SingleSwitchTopo(k=hosts), switch=LinuxBridge, controller=None, ipBase="10.99.0.0/16")
network.start()
took = time.monotonic_ns() - begin
try:
    first, second = network.get("h1", "h2")
    attempt = f"import socket; socket.create_connection(('{second.IP()}', 9), 10)"
    if "refused" not in first.cmd(f'{sys.executable} -c "{attempt}"'):  # by the second itself
        sys.exit("the first host does not reach the second")
finally:
    network.stop()
print(took)
