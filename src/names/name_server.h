// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "fabric/fabric.h"
#include "kernel/address.h"

namespace netcut {

// What a fault does to a name, for those whom it hits.
struct NameRule {
    enum class Kind { none, old, late } kind = Kind::none;
    Nanoseconds delay{0};  // of `late`
};

// What the name server says. Names are in lower case.
struct Names {
    std::map<std::string, std::vector<IpAddress>> addresses;
    std::map<std::string, std::string> by_reverse;                   // see reverse_name()
    std::map<IpAddress, std::map<std::string, NameRule>> of_client;  // by the address of who asks
    std::vector<IpAddress> nobody;                                   // of `old`
    std::set<IpAddress> forwarded;  // whose other questions go to the machine's name servers
    std::chrono::seconds ttl{0};
};

// The name server of a run, in the place that the fabric has for one: UDP and TCP. It has a thread of its own, so that
// it never delays a fault, and what clients can make it keep is bounded.
class NameServer {
  public:
    // `upstream`: name servers that this process reaches.
    static Result<std::unique_ptr<NameServer>> start(const NodeLink& place, Names names,
                                                     std::vector<IpAddress> upstream);
    ~NameServer();
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    // From now on; on any thread.
    void serve(Names names);

  private:
    class Service;
    NameServer(std::unique_ptr<Service> service);

    std::unique_ptr<Service> service_;
    std::thread thread_;
};

}  // namespace netcut
