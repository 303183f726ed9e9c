// SPDX-License-Identifier: Apache-2.0
#include "kernel/nftables.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>

#include <cstring>

#include "kernel/c_owner.h"

namespace netcut {
namespace {

using Table = COwner<nftnl_table, nftnl_table_free>;
using Chain = COwner<nftnl_chain, nftnl_chain_free>;
using Object = COwner<nftnl_obj, nftnl_obj_free>;
using Set = COwner<nftnl_set, nftnl_set_free>;
using Rule = COwner<nftnl_rule, nftnl_rule_free>;

using MessageBuffer = std::array<char, 4096>;      // more than any single message of ours
constexpr std::size_t elements_per_message = 100;  // 16 to 24 bytes each for keys of 4 to 8 bytes

Chain make_chain(const std::string& table, const std::string& name) {
    auto chain = own<Chain>(nftnl_chain_alloc());
    nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table.c_str());
    nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
    return chain;
}

Set make_set(const std::string& table, const std::string& name) {
    auto set = own<Set>(nftnl_set_alloc());
    nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
    nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name.c_str());
    return set;
}

nftnl_set_elem* make_element(const NftKey& key) {
    nftnl_set_elem* element = nftnl_set_elem_alloc();
    if (element == nullptr) throw std::bad_alloc();
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(), static_cast<std::uint32_t>(key.size()));
    return element;
}

}  // namespace

NftKey nft_key(std::uint32_t host_order_value) {
    NftKey key(sizeof(host_order_value));
    std::memcpy(key.data(), &host_order_value, sizeof(host_order_value));
    return key;
}

NftKey nft_key(const IpAddress& address) {
    const auto copy = [](const auto& bytes) { return NftKey(bytes.begin(), bytes.end()); };
    return address.is_v6() ? copy(address.to_v6().to_bytes()) : copy(address.to_v4().to_bytes());
}

std::uint64_t nft_lease(Nanoseconds lease) {
    return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(lease).count());
}

NftTransaction::NftTransaction(std::uint8_t family, std::string table)
    : family_(family), table_(std::move(table)) {
    batch_.set_atomic();
    alignas(nlmsghdr) MessageBuffer buffer{};
    batch_.append(nftnl_batch_begin(buffer.data(), 0), "use nftables");
}

Batch NftTransaction::take() {
    alignas(nlmsghdr) MessageBuffer buffer{};
    batch_.append(nftnl_batch_end(buffer.data(), 0), "end the nftables transaction");
    return std::exchange(batch_, Batch());
}

template <typename Build>
void NftTransaction::append(std::uint16_t type, std::uint16_t flags, std::string attempt, Build build) {
    alignas(nlmsghdr) MessageBuffer buffer{};
    nlmsghdr* message = nftnl_nlmsg_build_hdr(buffer.data(), type, family_, flags, 0);
    build(message);
    batch_.append(message, std::move(attempt));
}

void NftTransaction::add_table(std::uint32_t flags) {
    const auto table = own<Table>(nftnl_table_alloc());
    nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_.c_str());
    if (flags != 0) nftnl_table_set_u32(table.get(), NFTNL_TABLE_FLAGS, flags);
    append(NFT_MSG_NEWTABLE, NLM_F_CREATE, "add the nftables table " + table_,
           [&](nlmsghdr* message) { nftnl_table_nlmsg_build_payload(message, table.get()); });
}

void NftTransaction::delete_table() {
    const auto table = own<Table>(nftnl_table_alloc());
    nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, table_.c_str());
    append(NFT_MSG_DELTABLE, 0, "delete the nftables table " + table_,
           [&](nlmsghdr* message) { nftnl_table_nlmsg_build_payload(message, table.get()); });
}

void NftTransaction::add_base_chain(const char* type, const std::string& name, std::uint32_t hook,
                                    std::int32_t priority) {
    const Chain chain = make_chain(table_, name);
    nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook);
    nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, priority);
    nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, type);
    append(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add the nftables chain " + name,
           [&](nlmsghdr* message) { nftnl_chain_nlmsg_build_payload(message, chain.get()); });
}

void NftTransaction::add_route_chain(const std::string& name, std::int32_t priority) {
    add_base_chain("route", name, NF_INET_LOCAL_OUT, priority);
}

void NftTransaction::add_chain(const std::string& name) {
    const Chain chain = make_chain(table_, name);
    append(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add the nftables chain " + name,
           [&](nlmsghdr* message) { nftnl_chain_nlmsg_build_payload(message, chain.get()); });
}

void NftTransaction::flush_chain(const std::string& name) {
    const auto any = own<Rule>(nftnl_rule_alloc());
    nftnl_rule_set_str(any.get(), NFTNL_RULE_TABLE, table_.c_str());
    nftnl_rule_set_str(any.get(), NFTNL_RULE_CHAIN, name.c_str());
    append(NFT_MSG_DELRULE, 0, "empty the nftables chain " + name,
           [&](nlmsghdr* message) { nftnl_rule_nlmsg_build_payload(message, any.get()); });
}

void NftTransaction::add_counter(const std::string& name) {
    const auto object = own<Object>(nftnl_obj_alloc());
    nftnl_obj_set_str(object.get(), NFTNL_OBJ_TABLE, table_.c_str());
    nftnl_obj_set_str(object.get(), NFTNL_OBJ_NAME, name.c_str());
    nftnl_obj_set_u32(object.get(), NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
    nftnl_obj_set_u64(object.get(), NFTNL_OBJ_CTR_PKTS, 0);
    append(NFT_MSG_NEWOBJ, NLM_F_CREATE, "add the nftables counter " + name,
           [&](nlmsghdr* message) { nftnl_obj_nlmsg_build_payload(message, object.get()); });
}

void NftTransaction::add_set(const NftSet& description) {
    const Set set = make_set(table_, description.name);
    std::uint32_t flags = 0;
    if (description.leases) flags |= NFT_SET_TIMEOUT;
    if (description.dynamic) flags |= NFT_SET_EVAL;
    if (description.to_counters) flags |= NFT_SET_OBJECT;
    if (description.to_values) flags |= NFT_SET_MAP;
    nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, flags);
    nftnl_set_set_u32(set.get(), NFTNL_SET_FAMILY, family_);
    nftnl_set_set_u32(set.get(), NFTNL_SET_ID, next_set_id_++);
    nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, 0);
    nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, description.key_size);
    if (description.size > 0) nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE, description.size);
    if (description.to_counters) nftnl_set_set_u32(set.get(), NFTNL_SET_OBJ_TYPE, NFT_OBJECT_COUNTER);
    if (description.to_values) {
        nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_TYPE, 0);
        nftnl_set_set_u32(set.get(), NFTNL_SET_DATA_LEN, sizeof(std::uint32_t));
    }
    if (description.counts) {
        nftnl_expr* counter = nftnl_expr_alloc("counter");
        if (counter == nullptr) throw std::bad_alloc();
        nftnl_set_add_expr(set.get(), counter);  // owns it from here
    }
    append(NFT_MSG_NEWSET, NLM_F_CREATE, "add the nftables set " + description.name,
           [&](nlmsghdr* message) { nftnl_set_nlmsg_build_payload(message, set.get()); });
}

void NftTransaction::add_rule(NftRule& rule) {
    nftnl_rule_set_str(rule.rule_.get(), NFTNL_RULE_TABLE, table_.c_str());
    nftnl_rule_set_str(rule.rule_.get(), NFTNL_RULE_CHAIN, rule.chain_.c_str());
    nftnl_rule_set_u32(rule.rule_.get(), NFTNL_RULE_FAMILY, family_);
    append(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add a rule to the nftables chain " + rule.chain_,
           [&](nlmsghdr* message) { nftnl_rule_nlmsg_build_payload(message, rule.rule_.get()); });
}

// Takes the elements over.
void NftTransaction::append_elements(std::uint16_t type, std::uint16_t flags, const std::string& name,
                                     std::span<nftnl_set_elem* const> elements) {
    const Set set = make_set(table_, name);
    for (nftnl_set_elem* element : elements) nftnl_set_elem_add(set.get(), element);
    append(type, flags,
           fmt::format("{} the nftables set {}", type == NFT_MSG_NEWSETELEM ? "add to" : "delete from", name),
           [&](nlmsghdr* message) { nftnl_set_elems_nlmsg_build_payload(message, set.get()); });
}

void NftTransaction::add_element(const std::string& set, const NftKey& key,
                                 std::optional<Nanoseconds> lease) {
    nftnl_set_elem* element = make_element(key);
    if (lease) nftnl_set_elem_set_u64(element, NFTNL_SET_ELEM_TIMEOUT, nft_lease(*lease));
    append_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, {&element, 1});
}

void NftTransaction::add_counter_element(const std::string& map, const NftKey& key,
                                         const std::string& counter) {
    nftnl_set_elem* element = make_element(key);
    nftnl_set_elem_set_str(element, NFTNL_SET_ELEM_OBJREF, counter.c_str());
    append_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, map, {&element, 1});
}

void NftTransaction::add_value_element(const std::string& map, const NftKey& key, std::uint32_t value) {
    nftnl_set_elem* element = make_element(key);
    nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, &value, sizeof(value));
    append_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, map, {&element, 1});
}

void NftTransaction::add_elements(const std::string& set, const std::vector<NftKey>& keys) {
    for (std::size_t i = 0; i < keys.size(); i += elements_per_message) {
        std::vector<nftnl_set_elem*> elements;
        for (std::size_t k = i; k < std::min(keys.size(), i + elements_per_message); ++k)
            elements.push_back(make_element(keys[k]));
        append_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, elements);
    }
}

void NftTransaction::delete_element(const std::string& set, const NftKey& key) {
    nftnl_set_elem* element = make_element(key);
    append_elements(NFT_MSG_DELSETELEM, 0, set, {&element, 1});
}

void NftTransaction::flush_set(const std::string& set) {
    append_elements(NFT_MSG_DELSETELEM, 0, set, {});
}

Result<std::map<std::string, CounterValue>> read_counters(NetlinkSocket& socket, std::uint8_t family,
                                                          const std::string& table) {
    const auto filter = own<Object>(nftnl_obj_alloc());
    nftnl_obj_set_str(filter.get(), NFTNL_OBJ_TABLE, table.c_str());
    nftnl_obj_set_u32(filter.get(), NFTNL_OBJ_TYPE, NFT_OBJECT_COUNTER);
    alignas(nlmsghdr) MessageBuffer buffer{};
    nlmsghdr* request = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETOBJ, family, 0, 0);
    nftnl_obj_nlmsg_build_payload(request, filter.get());
    std::map<std::string, CounterValue> counters;
    NETCUT_TRY(socket.dump(request, "read the nftables counters", [&](const nlmsghdr* message) {
        const auto object = own<Object>(nftnl_obj_alloc());
        if (nftnl_obj_nlmsg_parse(message, object.get()) < 0) return;
        counters[nftnl_obj_get_str(object.get(), NFTNL_OBJ_NAME)] = {
            nftnl_obj_get_u64(object.get(), NFTNL_OBJ_CTR_PKTS),
            nftnl_obj_get_u64(object.get(), NFTNL_OBJ_CTR_BYTES)};
    }));
    return counters;
}

namespace {

template <typename Each>
void for_each_element(const nlmsghdr* message, Each each) {
    const Set set = own<Set>(nftnl_set_alloc());
    if (nftnl_set_elems_nlmsg_parse(message, set.get()) < 0) return;
    nftnl_set_elem_foreach(
        set.get(),
        [](nftnl_set_elem* element, void* data) {
            (*static_cast<Each*>(data))(element);
            return 0;
        },
        &each);
}

NftKey key_of(nftnl_set_elem* element) {
    std::uint32_t size = 0;
    const auto* bytes =
        static_cast<const std::uint8_t*>(nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size));
    return {bytes, bytes + size};
}

CounterValue counter_of(nftnl_set_elem* element) {
    std::uint32_t size = 0;
    const auto* counter =
        static_cast<const nftnl_expr*>(nftnl_set_elem_get(element, NFTNL_SET_ELEM_EXPR, &size));
    if (counter == nullptr) return {};
    return {nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_PACKETS),
            nftnl_expr_get_u64(counter, NFTNL_EXPR_CTR_BYTES)};
}

}  // namespace

Result<KeyCounters> read_set_counters(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                      const std::string& name) {
    const Set filter = make_set(table, name);
    alignas(nlmsghdr) MessageBuffer buffer{};
    nlmsghdr* request = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETSETELEM, family, 0, 0);
    nftnl_set_nlmsg_build_payload(request, filter.get());
    KeyCounters counters;
    NETCUT_TRY(
        socket.dump(request, "read the counters of the nftables set " + name, [&](const nlmsghdr* message) {
            for_each_element(message, [&](nftnl_set_elem* element) {
                counters.emplace_back(key_of(element), counter_of(element));
            });
        }));
    return counters;
}

Result<KeyCounters> read_set_counters(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                      const std::string& name, const std::vector<NftKey>& keys) {
    KeyCounters counters;
    for (std::size_t i = 0; i < keys.size(); i += elements_per_message) {
        const Set filter = make_set(table, name);
        for (std::size_t k = i; k < std::min(keys.size(), i + elements_per_message); ++k)
            nftnl_set_elem_add(filter.get(), make_element(keys[k]));
        alignas(nlmsghdr) MessageBuffer buffer{};
        nlmsghdr* request = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETSETELEM, family, 0, 0);
        nftnl_set_elems_nlmsg_build_payload(request, filter.get());
        NETCUT_TRY(
            socket.ask(request, "read counters of the nftables set " + name, [&](const nlmsghdr* message) {
                for_each_element(message, [&](nftnl_set_elem* element) {
                    counters.emplace_back(key_of(element), counter_of(element));
                });
            }));
    }
    return counters;
}

Result<std::vector<std::pair<NftKey, Nanoseconds>>> read_set_leases(NetlinkSocket& socket,
                                                                    std::uint8_t family,
                                                                    const std::string& table,
                                                                    const std::string& name) {
    const Set filter = make_set(table, name);
    alignas(nlmsghdr) MessageBuffer buffer{};
    nlmsghdr* request = nftnl_nlmsg_build_hdr(buffer.data(), NFT_MSG_GETSETELEM, family, 0, 0);
    nftnl_set_nlmsg_build_payload(request, filter.get());
    std::vector<std::pair<NftKey, Nanoseconds>> leases;
    NETCUT_TRY(socket.dump(request, "read the nftables set " + name, [&](const nlmsghdr* message) {
        for_each_element(message, [&](nftnl_set_elem* element) {
            const auto left = nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_EXPIRATION)
                                  ? nftnl_set_elem_get_u64(element, NFTNL_SET_ELEM_EXPIRATION)
                                  : 0;
            leases.emplace_back(key_of(element), std::chrono::milliseconds(left));
        });
    }));
    return leases;
}

Result<std::vector<NftKey>> read_set(NetlinkSocket& socket, std::uint8_t family, const std::string& table,
                                     const std::string& name) {
    NETCUT_ASSIGN(const auto leases, read_set_leases(socket, family, table, name));
    std::vector<NftKey> keys;
    for (const auto& [key, left] : leases) keys.push_back(key);
    return keys;
}

}  // namespace netcut
