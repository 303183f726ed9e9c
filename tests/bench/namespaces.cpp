// SPDX-License-Identifier: Apache-2.0
#include "bench/namespaces.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <future>

#include "base/io.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

void on_own_thread(const std::function<void()>& work) {
    std::async(std::launch::async, work).get();
}

Fd subscribe_to_links() {
    Fd fd(must(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), "open a netlink socket"));
    const sockaddr_nl links{AF_NETLINK, 0, 0, RTMGRP_LINK};
    must(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&links), sizeof(links)), "watch the links");
    return fd;
}

RawBatch veth_into(int ns) {
    RawBatch batch;
    batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    const std::size_t info = batch.open(IFLA_LINKINFO);
    batch.put_text(IFLA_INFO_KIND, "veth");
    const std::size_t data = batch.open(IFLA_INFO_DATA);
    const std::size_t peer = batch.open(VETH_INFO_PEER);
    const ifinfomsg header{};
    batch.append(&header, sizeof(header));
    batch.put_text(IFLA_IFNAME, "witness");
    batch.put(IFLA_NET_NS_FD, ns);
    for (const std::size_t opened : {peer, data, info}) batch.close(opened);
    batch.acknowledge();
    return batch;
}

}  // namespace

void in_namespace(int ns, const std::function<void()>& work) {
    on_own_thread([&] {
        must(::setns(ns, CLONE_NEWNET), "enter a network namespace");
        work();
    });
}

void in_new_namespace(const std::function<void()>& work) {
    on_own_thread([&] {
        enter_new_namespace();
        work();
    });
}

void enter_new_namespace() {
    must(::unshare(CLONE_NEWNET), "create a network namespace");
}

Fd own_namespace() {
    return Fd(must(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open a network namespace"));
}

Witness::Witness(int ns) {
    in_new_namespace([&] {
        requests_.emplace(NETLINK_ROUTE);
        requests_->commit(veth_into(ns));
        events_ = subscribe_to_links();
    });
}

void Witness::await_end() {
    alignas(nlmsghdr) std::array<char, 8192> buffer;
    for (;;) {
        must(::recv(events_.get(), buffer.data(), buffer.size(), 0), "await the end of a namespace");
        if (reinterpret_cast<const nlmsghdr*>(buffer.data())->nlmsg_type == RTM_DELLINK) return;
    }
}

void await_clean_kernel() {
    std::optional<Witness> witness;
    in_new_namespace([&] { witness.emplace(own_namespace().get()); });
    witness->await_end();
}

Cores choose_cores() {
    cpu_set_t allowed;
    must(::sched_getaffinity(0, sizeof(allowed), &allowed), "ask for the cores of this process");
    if (CPU_COUNT(&allowed) < 2) throw std::runtime_error("two cores are needed: one sends, one is measured");
    std::array<int, 2> found{};
    for (std::size_t core = 0, count = 0; count < found.size(); ++core)
        if (CPU_ISSET(core, &allowed)) found[count++] = static_cast<int>(core);
    return {found[0], found[1]};
}

void pin_to(int core) {
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(static_cast<std::size_t>(core), &only);
    must(::sched_setaffinity(0, sizeof(only), &only), "pin a thread to a core");
}

void hold(int core) {
    pin_to(core);
    const sched_param lowest{1};
    must(::sched_setscheduler(0, SCHED_FIFO, &lowest), "give a thread a real-time priority");
}

KeepAwake::KeepAwake(int core)
    : thread_([this, core] {
          pin_to(core);
          const sched_param none{0};
          must(::sched_setscheduler(0, SCHED_IDLE, &none), "give a thread the lowest priority");
          while (!enough_) continue;
      }) {}

KeepAwake::~KeepAwake() {
    enough_ = true;
    thread_.join();
}

}  // namespace netcut::bench
