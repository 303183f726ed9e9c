// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <cstdio>  // libnftnl/expr.h wants FILE
#include <netinet/in.h>  // before linux/netfilter.h, which then leaves out what it has
// clang-format on

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>

#include <cstring>
#include <new>

#include "base/time.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

constexpr std::uint32_t register_size = 4;

std::uint32_t register_at(std::uint32_t index) {
    return NFT_REG32_00 + index;
}

void set_quota(nftnl_expr* expr, std::uint64_t bytes) {
    nftnl_expr_set_u64(expr, NFTNL_EXPR_QUOTA_BYTES, bytes);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_QUOTA_FLAGS, 0);
}

}  // namespace

void NftRule::Release::operator()(nftnl_rule* rule) const {
    nftnl_rule_free(rule);
}

NftRule::NftRule(std::string chain) : chain_(std::move(chain)), rule_(nftnl_rule_alloc()) {
    if (!rule_) throw std::bad_alloc();
}
NftRule::NftRule(NftRule&&) noexcept = default;
NftRule& NftRule::operator=(NftRule&&) noexcept = default;
NftRule::~NftRule() = default;

nftnl_expr* NftRule::add(const char* kind) {
    nftnl_expr* expr = nftnl_expr_alloc(kind);
    if (expr == nullptr) throw std::bad_alloc();
    nftnl_rule_add_expr(rule_.get(), expr);  // owns it from here
    return expr;
}

NftRule& NftRule::meta(std::uint32_t key) {
    nftnl_expr* expr = add("meta");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, register_at(loaded_++));
    return *this;
}

NftRule& NftRule::payload(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
    nftnl_expr* expr = add("payload");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, register_at(loaded_));
    loaded_ += (length + register_size - 1) / register_size;
    return *this;
}

NftRule& NftRule::mask(const NftKey& bits) {
    return bitwise(bits, {});
}
NftRule& NftRule::flip(const NftKey& bits) {
    return bitwise(NftKey(register_size, 0xff), bits);
}

NftRule& NftRule::bitwise(NftKey mask, NftKey flip) {
    mask.resize(register_size);
    flip.resize(register_size);
    nftnl_expr* expr = add("bitwise");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, register_size);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask.data(), register_size);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, flip.data(), register_size);
    return *this;
}

NftRule& NftRule::constant(std::uint32_t value) {
    nftnl_expr* expr = add("immediate");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, register_at(loaded_++));
    nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, &value, sizeof(value));
    return *this;
}

std::uint32_t NftRule::load(const NftKey& value) {
    nftnl_expr* expr = add("immediate");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, register_at(loaded_));
    nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
    return register_at(loaded_++);
}

NftRule& NftRule::tracked_as(std::uint32_t states) {
    nftnl_expr* expr = add("ct");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_KEY, NFT_CT_STATE);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CT_DREG, register_at(loaded_++));
    return mask(nft_key(states)).differs(nft_key(0));
}

NftRule& NftRule::number(std::uint32_t modulus) {
    nftnl_expr* expr = add("numgen");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NG_DREG, register_at(loaded_++));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NG_MODULUS, modulus);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NG_TYPE, NFT_NG_INCREMENTAL);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NG_OFFSET, 1);
    return *this;
}

NftRule& NftRule::to_network_order() {
    nftnl_expr* expr = add("byteorder");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_DREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_LEN, register_size);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BYTEORDER_SIZE, register_size);
    return *this;
}

NftRule& NftRule::compare(std::uint32_t operation, NftKey value) {
    nftnl_expr* expr = add("cmp");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, register_at(0));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, operation);
    nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::look_up(const std::string& set, std::uint32_t flags) {
    nftnl_expr* expr = add("lookup");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, register_at(0));
    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set.c_str());
    if (flags != 0) nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, flags);
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::count_by(const std::string& map) {
    nftnl_expr* expr = add("objref");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_SET_SREG, register_at(0));
    nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_SET_NAME, map.c_str());
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::replace_by(const std::string& map) {
    nftnl_expr* expr = add("lookup");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, register_at(0));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_DREG, register_at(0));
    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, map.c_str());
    loaded_ = 1;
    return *this;
}

NftRule& NftRule::set_meta(std::uint32_t key) {
    nftnl_expr* expr = add("meta");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_META_SREG, register_at(0));
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::write(std::uint32_t base, std::uint32_t offset, std::uint32_t length,
                        std::optional<std::uint32_t> checksum) {
    nftnl_expr* expr = add("payload");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_SREG, register_at(0));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
    if (checksum) {
        nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
        nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, *checksum);
    }
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::update(std::uint32_t operation, const std::string& set, std::optional<Nanoseconds> lease,
                         nftnl_expr* of_each) {
    nftnl_expr* expr = add("dynset");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_SREG_KEY, register_at(0));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_DYNSET_OP, operation);
    nftnl_expr_set_str(expr, NFTNL_EXPR_DYNSET_SET_NAME, set.c_str());
    if (lease) nftnl_expr_set_u64(expr, NFTNL_EXPR_DYNSET_TIMEOUT, nft_lease(*lease));
    if (of_each != nullptr) nftnl_expr_set(expr, NFTNL_EXPR_DYNSET_EXPR, of_each, 0);
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::fewer_bytes_than(std::uint64_t bytes) {
    set_quota(add("quota"), bytes);
    return *this;
}

NftRule& NftRule::fewer_bytes_each(const std::string& set, std::uint64_t bytes) {
    nftnl_expr* quota = nftnl_expr_alloc("quota");
    if (quota == nullptr) throw std::bad_alloc();
    set_quota(quota, bytes);
    return update(NFT_DYNSET_OP_ADD, set, {}, quota);
}

NftRule& NftRule::log(std::uint16_t group, const std::string& prefix, std::uint32_t snaplen) {
    nftnl_expr* expr = add("log");
    nftnl_expr_set_str(expr, NFTNL_EXPR_LOG_PREFIX, prefix.c_str());
    nftnl_expr_set_u16(expr, NFTNL_EXPR_LOG_GROUP, group);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOG_SNAPLEN, snaplen);
    return *this;
}

NftRule& NftRule::reject(std::uint32_t type, std::uint8_t code) {
    nftnl_expr* expr = add("reject");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_REJECT_TYPE, type);
    nftnl_expr_set_u8(expr, NFTNL_EXPR_REJECT_CODE, code);
    return *this;
}
NftRule& NftRule::reset_connection() {
    return reject(NFT_REJECT_TCP_RST, 0);
}
NftRule& NftRule::refuse(std::uint8_t icmpx_code) {
    return reject(NFT_REJECT_ICMPX_UNREACH, icmpx_code);
}

NftRule& NftRule::verdict(int code, const std::string& chain) {
    nftnl_expr* expr = add("immediate");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(code));
    if (!chain.empty()) nftnl_expr_set_str(expr, NFTNL_EXPR_IMM_CHAIN, chain.c_str());
    return *this;
}

NftRule& NftRule::drop() {
    return verdict(0 /* NF_DROP */);
}
NftRule& NftRule::accept() {
    return verdict(1 /* NF_ACCEPT */);
}
NftRule& NftRule::count(const std::string& counter) {
    nftnl_expr* expr = add("objref");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_OBJREF_IMM_TYPE, NFT_OBJECT_COUNTER);
    nftnl_expr_set_str(expr, NFTNL_EXPR_OBJREF_IMM_NAME, counter.c_str());
    return *this;
}

NftRule& NftRule::translate_source(const SourceRange& range) {
    const auto port_key = [](std::uint16_t port) {
        return NftKey{static_cast<std::uint8_t>(port >> 8), static_cast<std::uint8_t>(port)};
    };
    const std::uint32_t first = load(nft_key(range.first)), last = load(nft_key(range.last));
    const bool ports = range.first_port != 0;
    const std::uint32_t first_port = ports ? load(port_key(range.first_port)) : 0;
    const std::uint32_t last_port = ports ? load(port_key(range.last_port)) : 0;
    nftnl_expr* expr = add("nat");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, NFPROTO_IPV4);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, first);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MAX, last);
    if (ports) {
        nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MIN, first_port);
        nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_PROTO_MAX, last_port);
    }
    const std::uint32_t flags = (range.random ? NF_NAT_RANGE_PROTO_RANDOM_FULLY : 0U) |
                                (range.persistent ? NF_NAT_RANGE_PERSISTENT : 0U);
    if (flags != 0) nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FLAGS, flags);
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::masquerade() {
    add("masq");
    return *this;
}

}  // namespace netcut
