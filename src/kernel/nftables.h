// SPDX-License-Identifier: Apache-2.0
//
// nftables transactions, built by libnftnl. A transaction is a Batch: all of it takes effect or nothing.
// Register use follows nft(8): one 4-byte register for each field of a key, from NFT_REG32_00 on.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "kernel/address.h"
#include "kernel/netlink.h"
#include "link/counter.h"

struct nftnl_rule;
struct nftnl_set;
struct nftnl_set_elem;
struct nftnl_expr;

namespace netcut {

using NftKey =
    std::vector<std::uint8_t>;  // as the kernel compares it: network or host order, padded to 4 bytes

NftKey nft_key(std::uint32_t host_order_value);  // an interface index, a mark
NftKey nft_key(const IpAddress& address);
std::uint64_t nft_lease(Nanoseconds lease);  // as the kernel takes it: whole milliseconds, not fewer

struct NftSet {
    std::string name;
    std::uint32_t key_size = 4;  // bytes
    bool leases = false;         // elements may carry a timeout
    bool dynamic = false;        // rules may add to it
    bool to_counters = false;    // a map from keys to counter objects
    bool counts = false;         // each element counts the packets for which a rule has found it
    bool to_values = false;      // a map from keys to 32-bit values
    // The most elements that it will have. The kernel finds them faster then (nft_set_hash.c: a table that
    // never grows), but for leases and dynamic sets.
    std::uint32_t size = 0;
};

// Of a NAT: the addresses and ports of the outside.
struct SourceRange {
    IpAddress first, last;
    std::uint16_t first_port = 0, last_port = 0;  // 0: any, and the same as inside if it is free
    bool random = false;                          // ports by chance
    bool persistent = false;                      // of several addresses, the same for a sender's flows
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
    NftRule& flip(
        const NftKey& bits);  // those that are set, of the field that was loaded last, at most 4 bytes
    NftRule& constant(std::uint32_t value);
    // What connection tracking says of the packet: any of these bits, NF_CT_STATE_....
    NftRule& tracked_as(std::uint32_t states);
    // 1, 2, ... `modulus`, 1, 2, ...: one number each time the rule gets this far, on all CPUs together.
    NftRule& number(std::uint32_t modulus);

    // Using what is loaded; the registers are free again after it.
    NftRule& equals(NftKey value) { return compare(NFT_CMP_EQ, std::move(value)); }
    NftRule& differs(NftKey value) { return compare(NFT_CMP_NEQ, std::move(value)); }
    // These compare bytes from the first to the last: values in network order.
    NftRule& exceeds(NftKey value) { return compare(NFT_CMP_GT, std::move(value)); }
    NftRule& is_below(NftKey value) { return compare(NFT_CMP_LT, std::move(value)); }
    NftRule& to_network_order();  // of the 32-bit field that was loaded last; it stays loaded
    NftRule& in(const std::string& set) { return look_up(set, 0); }
    NftRule& not_in(const std::string& set) { return look_up(set, NFT_LOOKUP_F_INV); }
    NftRule& count_by(const std::string& map);
    NftRule& replace_by(const std::string& map);  // what the map has for it is loaded instead
    NftRule& set_meta(std::uint32_t key);
    // Writes it to the packet. `checksum`: where, from `base` on, an Internet checksum is that covers it.
    NftRule& write(std::uint32_t base, std::uint32_t offset, std::uint32_t length,
                   std::optional<std::uint32_t> checksum);
    // Adds it to a dynamic set; `refresh` also lets the time of what is there begin anew.
    NftRule& add_to(const std::string& set, std::optional<Nanoseconds> lease) {
        return update(NFT_DYNSET_OP_ADD, set, lease);
    }
    NftRule& refresh(const std::string& set, std::optional<Nanoseconds> lease) {
        return update(NFT_DYNSET_OP_UPDATE, set, lease);
    }
    NftRule& remove_from(const std::string& set) { return update(NFT_DYNSET_OP_DELETE, set, {}); }

    // Matches as long as the layer 3 bytes of all packets that came so far, this one included, are fewer.
    NftRule& fewer_bytes_than(std::uint64_t bytes);
    // The same of each element of a dynamic set, to which what is loaded is added.
    NftRule& fewer_bytes_each(const std::string& set, std::uint64_t bytes);
    // Tells user space: the beginning of the packet goes to the nfnetlink_log group.
    NftRule& log(std::uint16_t group, const std::string& prefix, std::uint32_t snaplen);

    NftRule& drop();
    NftRule& accept();
    NftRule& translate_source(const SourceRange& range);  // likewise, IPv4
    NftRule& count(const std::string& counter);
    NftRule& masquerade();  // in a NAT chain after routing: what leaves has the address of its link
    NftRule& jump(const std::string& chain) { return verdict(NFT_JUMP, chain); }
    NftRule& go_to(const std::string& chain) { return verdict(NFT_GOTO, chain); }
    NftRule& leave() { return verdict(NFT_RETURN); }
    NftRule& reset_connection();
    NftRule& refuse(std::uint8_t icmpx_code);  // NFT_REJECT_ICMPX_...: ICMP or ICMPv6, as the packet is

  private:
    friend class NftTransaction;
    nftnl_expr* add(const char* kind);
    NftRule& bitwise(NftKey mask, NftKey flip);
    NftRule& verdict(int code, const std::string& chain = {});
    NftRule& compare(std::uint32_t operation, NftKey value);
    NftRule& look_up(const std::string& set, std::uint32_t flags);
    std::uint32_t load(const NftKey& value);
    NftRule& update(std::uint32_t operation, const std::string& set, std::optional<Nanoseconds> lease,
                    nftnl_expr* of_each = nullptr);
    NftRule& reject(std::uint32_t type, std::uint8_t code);

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

    void add_table() { add_table(0); }
    // One that lives as long as the socket that commits this, whatever ends it, and that nobody else can
    // change.
    void add_own_table() { add_table(NFT_TABLE_F_OWNER); }
    void delete_table();
    // A chain at a hook of the network stack; `hook` as in enum nf_inet_hooks, the bridge's have the same
    // numbers.
    void add_base_chain(const std::string& name, std::uint32_t hook, std::int32_t priority) {
        add_base_chain("filter", name, hook, priority);
    }
    // It sees the first packet of each connection, and the rest is treated alike.
    void add_nat_chain(const std::string& name, std::uint32_t hook, std::int32_t priority) {
        add_base_chain("nat", name, hook, priority);
    }
    // At what this machine sends by itself: a packet whose mark is changed is routed again.
    void add_route_chain(const std::string& name, std::int32_t priority);
    void add_chain(const std::string& name);
    void flush_chain(const std::string& name);
    void add_counter(const std::string& name);
    void add_set(const NftSet& set);
    void add_rule(NftRule& rule);

    // `lease`: how long the kernel keeps the element; none is for ever.
    void add_element(const std::string& set, const NftKey& key, std::optional<Nanoseconds> lease = {});
    void add_counter_element(const std::string& map, const NftKey& key, const std::string& counter);
    void add_value_element(const std::string& map, const NftKey& key, std::uint32_t value);
    // Many at once, some hundred a message.
    void add_elements(const std::string& set, const std::vector<NftKey>& keys);
    void delete_element(const std::string& set, const NftKey& key);
    void flush_set(const std::string& set);

    Batch take();  // closes the transaction

  private:
    void add_table(std::uint32_t flags);
    void add_base_chain(const char* type, const std::string& name, std::uint32_t hook, std::int32_t priority);
    template <typename Build>
    void append(std::uint16_t type, std::uint16_t flags, std::string attempt, Build build);
    void append_elements(std::uint16_t type, std::uint16_t flags, const std::string& name,
                         std::span<nftnl_set_elem* const> elements);

    std::uint8_t family_;
    std::string table_;
    std::uint32_t next_set_id_ = 1;
    Batch batch_;
};

// All counter objects of a table, by name.
Result<std::map<std::string, CounterValue>> read_counters(NetlinkSocket& socket, std::uint8_t family,
                                                          const std::string& table);
// What the elements of a set that counts have counted: all of them, or those that are asked for.
using KeyCounters = std::vector<std::pair<NftKey, CounterValue>>;
Result<KeyCounters> read_set_counters(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                      const std::string& set);
Result<KeyCounters> read_set_counters(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                      const std::string& set, const std::vector<NftKey>& keys);
// Keys that a set holds now, so that what was fired can be read back.
// With what is left of its time, an element each; of one that has none, nothing.
Result<std::vector<std::pair<NftKey, Nanoseconds>>> read_set_leases(NetlinkSocket& socket,
                                                                    std::uint8_t family,
                                                                    const std::string& table,
                                                                    const std::string& name);
Result<std::vector<NftKey>> read_set(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                     const std::string& set);

}  // namespace netcut
