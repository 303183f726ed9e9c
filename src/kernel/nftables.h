// SPDX-License-Identifier: Apache-2.0
//
// nftables transactions, built by libnftnl. A transaction is a Batch: all of it takes effect or nothing.
// Register use follows nft(8): one 4-byte register for each field of a key, from NFT_REG32_00 on.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "netcut/kernel.h"

struct nftnl_rule;
struct nftnl_set;
struct nftnl_expr;

namespace netcut {

using NftKey =
    std::vector<std::uint8_t>;  // as the kernel compares it: network or host order, padded to 4 bytes

NftKey nft_key(std::uint32_t host_order_value);  // an interface index, a mark
NftKey nft_key(const IpAddress& address);

struct NftSet {
    std::string name;
    std::uint32_t key_size = 4;  // bytes
    bool leases = false;         // elements may carry a timeout
    bool to_counters = false;    // a map from keys to counter objects
};

class NftRule {
  public:
    explicit NftRule(std::string chain);
    NftRule(NftRule&&) noexcept;
    NftRule& operator=(NftRule&&) noexcept;
    ~NftRule();

    // Loading a field: the next free register takes it.
    NftRule& meta(std::uint32_t key);
    NftRule& payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
    NftRule& mask(const NftKey& bits);  // of the field that was loaded last, at most 4 bytes

    // Using what is loaded; the registers are free again after it.
    NftRule& equals(NftKey value);
    NftRule& in(const std::string& set);
    NftRule& count_by(const std::string& map);

    NftRule& drop();
    NftRule& accept();

  private:
    friend class NftTransaction;
    nftnl_expr* add(const char* kind);
    NftRule& verdict(int code);

    struct Release {
        void operator()(nftnl_rule* rule) const;
    };
    std::string chain_;
    std::unique_ptr<nftnl_rule, Release> rule_;
    std::uint32_t loaded_ = 0;  // registers in use
};

class NftTransaction {
  public:
    // `family`: NFPROTO_INET or NFPROTO_BRIDGE.
    NftTransaction(std::uint8_t family, std::string table);

    void add_table();
    // A chain at a hook of the network stack; `hook` as in enum nf_inet_hooks, the bridge's have the same
    // numbers.
    void add_base_chain(const std::string& name, std::uint32_t hook, std::int32_t priority);
    void add_counter(const std::string& name);
    void add_set(const NftSet& set);
    void add_rule(NftRule& rule);

    // `lease`: how long the kernel keeps the element; none is for ever.
    void add_element(const std::string& set, const NftKey& key, std::optional<Nanoseconds> lease = {});
    void add_counter_element(const std::string& map, const NftKey& key, const std::string& counter);
    void delete_element(const std::string& set, const NftKey& key);

    Batch take();  // closes the transaction

  private:
    template <typename Build>
    void append(std::uint16_t type, std::uint16_t flags, std::string attempt, Build build);
    void append_element(std::uint16_t type, std::uint16_t flags, const std::string& set, const NftKey& key,
                        std::optional<Nanoseconds> lease, const std::string* counter);

    std::uint8_t family_;
    std::string table_;
    std::uint32_t next_set_id_ = 1;
    Batch batch_;
};

// All counter objects of a table, by name.
Result<std::map<std::string, CounterValue>> read_counters(NetlinkSocket& socket, std::uint8_t family,
                                                          const std::string& table);
// Keys that a set holds now, so that what was fired can be read back.
Result<std::vector<NftKey>> read_set(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                     const std::string& set);

}  // namespace netcut
