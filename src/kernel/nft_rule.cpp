// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <cstdio>  // libnftnl/expr.h wants FILE
// clang-format on

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#include <cstring>
#include <new>

#include "kernel/nftables.h"

namespace netcut {
namespace {

constexpr std::uint32_t register_size = 4;

std::uint32_t register_at(std::uint32_t index) {
    return NFT_REG32_00 + index;
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
    NftKey padded = bits;
    padded.resize(register_size);
    const std::uint32_t none = 0;
    nftnl_expr* expr = add("bitwise");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, register_at(loaded_ - 1));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, register_size);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, padded.data(), register_size);
    nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, &none, register_size);
    return *this;
}

NftRule& NftRule::equals(NftKey value) {
    nftnl_expr* expr = add("cmp");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, register_at(0));
    nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
    nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
    loaded_ = 0;
    return *this;
}

NftRule& NftRule::in(const std::string& set) {
    nftnl_expr* expr = add("lookup");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, register_at(0));
    nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, set.c_str());
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

NftRule& NftRule::verdict(int code) {
    nftnl_expr* expr = add("immediate");
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
    nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(code));
    return *this;
}

NftRule& NftRule::drop() {
    return verdict(0 /* NF_DROP */);
}
NftRule& NftRule::accept() {
    return verdict(1 /* NF_ACCEPT */);
}

}  // namespace netcut
