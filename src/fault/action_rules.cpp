// SPDX-License-Identifier: Apache-2.0
#include "fault/action_rules.h"

#include "fault/flow_rules.h"
#include "fault/log_prefix.h"
#include "fault/plan.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"

namespace netcut {
namespace {

// Writes the last rules of fN_up or fN_down.
class ActionWriter {
  public:
    ActionWriter(const FaultContext& fault, Direction part)
        : fault_(fault), part_(part), chain_(fault.name(part == Direction::up ? "up" : "down")) {}

    void operator()(const LeaveAlone&) const {}
    void operator()(const Rebind&) const {}  // before and behind all faults, see add_rebindings

    void operator()(const Drop&) const {
        NftRule rule(chain_);
        lose(rule).drop();
        fault_.add(rule);
    }

    void operator()(const ResetConnection&) const {
        NftRule rule(chain_);
        answer_by_reset(lose(is_tcp(rule)));
        fault_.add(rule);
    }

    void operator()(const Refuse& refuse) const {
        NftRule rule(chain_);
        lose(rule);
        if (fault_.bridged())
            leave_answer_to_us(rule);
        else
            rule.refuse(icmpx_code(refuse.code));
        fault_.add(rule);
    }

    void operator()(const Lose& lose) const {
        const bool up = part_ == Direction::up;
        const std::string set = fault_.name(up ? "lose_up" : "lose_down");
        const auto& numbers = up ? lose.up : lose.down;
        fault_.transaction.add_set({.name = set, .size = static_cast<std::uint32_t>(numbers.size())});
        std::vector<NftKey> keys;
        keys.reserve(numbers.size());
        for (const std::uint32_t number : numbers) keys.push_back(nft_key(number));
        fault_.transaction.add_elements(set, keys);
        for (const char* what : {"numbers", "lost"}) fault_.transaction.add_chain(chain_ + "_" + what);
        NftRule numbered(chain_);
        count(numbered, "seen").go_to(chain_ + "_numbers");
        fault_.add(numbered);
        add_loss_numbers(fault_, part_);
        NftRule rule(chain_ + "_lost");
        this->lose(rule).drop();
        fault_.add(rule);
    }

    void operator()(const Queue&) const {
        NftRule counted(chain_);
        count(counted);
        fault_.add(counted);
        NftRule rule(chain_);
        rule.meta(NFT_META_MARK).replace_by(fault_.name("mark")).set_meta(NFT_META_MARK);
        fault_.add(rule);
    }

    void operator()(const Hold& hold) const {
        const std::string way = part_ == Direction::up ? "up" : "down";
        if (fault_.bridged()) {  // what a bridge floods is for one of its ports
            NftRule flooded(chain_);
            flooded.payload(NFT_PAYLOAD_LL_HEADER, 0, sizeof(MacAddress)).meta(NFT_META_OIF);
            flooded.not_in(port_owners).leave();
            fault_.add(flooded);
        }
        NftRule stands_still(chain_);
        stands_still.constant(holder_key).not_in(holder_set);
        if (hold.closed)
            lose(stands_still).drop();
        else
            stands_still.leave();
        fault_.add(stands_still);
        NftRule counted(chain_);
        count(counted);
        fault_.add(counted);
        NftRule rule(chain_);
        rule.meta(NFT_META_MARK).replace_by(fault_.name("mark_" + way)).set_meta(NFT_META_MARK);
        fault_.add(rule);
    }

    void operator()(const Wait&) const {
        NftRule rule(chain_);
        count(rule);
        fault_.add(rule);
    }

    void operator()(const ForgetIdle& forget) const {
        NftRule other(chain_);
        other.meta(NFT_META_L4PROTO).differs(byte_key(forget.udp ? IPPROTO_UDP : IPPROTO_TCP)).leave();
        fault_.add(other);
        NftRule opening(chain_);
        if (!forget.udp)
            has_tcp_flags(opening, tcp_syn | tcp_ack, tcp_syn);
        else
            opening.meta(NFT_META_IIF).in(fault_.name("nodes"));
        opening.go_to(learning_chain());
        fault_.add(opening);
        add_flow_rules(fault_, chain_, part_, "known", {FlowStep::Kind::renew, forget.after});
        NftRule rule(chain_);
        lose(rule);
        if (forget.reset)
            answer_by_reset(rule);
        else
            rule.drop();
        fault_.add(rule);
    }

    void operator()(const LoseLarge& large) const {
        constexpr std::uint16_t v6_header = 40;
        struct Family {
            std::uint16_t ethertype;
            std::uint32_t length_offset;
            std::uint16_t most;
        };
        for (const auto& [ethertype, offset, most] :
             {Family{ETH_P_IP, 2, large.bytes},
              Family{ETH_P_IPV6, 4, static_cast<std::uint16_t>(large.bytes - v6_header)}}) {
            NftRule rule(chain_);
            rule.meta(NFT_META_PROTOCOL).equals(short_key(ethertype));
            lose(rule.payload(NFT_PAYLOAD_NETWORK_HEADER, offset, 2).exceeds(short_key(most)));
            if (large.told)
                leave_answer_to_us(rule);
            else
                rule.drop();
            fault_.add(rule);
        }
    }

  private:
    // The packet counts for the node of this fault.
    NftRule& count(NftRule& rule, const std::string& what = "hit") const {
        return part_ == Direction::up ? rule.meta(NFT_META_IIF).count_by(fault_.name(what + "_up"))
                                      : rule.meta(NFT_META_OIF).count_by(fault_.name(what + "_down"));
    }

    NftRule& lose(NftRule& rule) const {
        return fault_.log_loss(count(rule), part_ == Direction::up ? "up" : "down");
    }

    // nftables has no reject in a bridge's forward hook, and none that tells an MTU.
    void leave_answer_to_us(NftRule& rule) const {
        rule.log(reply_group, fault_prefix(fault_.number), logged_bytes).drop();
    }

    void answer_by_reset(NftRule& rule) const {
        if (fault_.bridged())
            leave_answer_to_us(rule);
        else
            rule.reset_connection();
    }

    std::string learning_chain() const {
        return fault_.name(part_ == Direction::up ? "learn_up" : "learn_down");
    }

    static std::uint8_t icmpx_code(UnreachableCode code) {
        switch (code) {
            case UnreachableCode::no_route:
                return NFT_REJECT_ICMPX_NO_ROUTE;
            case UnreachableCode::admin_prohibited:
                return NFT_REJECT_ICMPX_ADMIN_PROHIBITED;
            case UnreachableCode::host_unreachable:
                return NFT_REJECT_ICMPX_HOST_UNREACH;
            case UnreachableCode::port_unreachable:
                break;
        }
        return NFT_REJECT_ICMPX_PORT_UNREACH;
    }

    const FaultContext& fault_;
    Direction part_;
    std::string chain_;
};

}  // namespace

void add_loss_numbers(const FaultContext& fault, Direction part) {
    const bool up = part == Direction::up;
    const std::string chain = fault.name(up ? "up" : "down");
    NftRule rule(chain + "_numbers");
    rule.number(std::get<Lose>(fault.plan.action).period).in(fault.name(up ? "lose_up" : "lose_down"));
    rule.go_to(chain + "_lost");
    fault.add(rule);
}

void add_action(const FaultContext& fault, Direction part) {
    std::visit(ActionWriter(fault, part), fault.plan.action);
}

}  // namespace netcut
