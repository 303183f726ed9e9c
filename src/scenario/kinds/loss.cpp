// SPDX-License-Identifier: Apache-2.0
//
// Packets are lost by a list that a model and a seed make.
#include "base/error.h"
#include "fault/loss_model.h"
#include "fault/needs.h"
#include "fault/plan.h"
#include "scenario/fault_kind.h"
#include "scenario/fault_spec.h"
#include "scenario/kinds/keys.h"
#include "scenario/scenario.h"

namespace netcut {
namespace {

Result<LossModel> model_of(const FaultSpec& fault) {
    NETCUT_ASSIGN(LossModel model, LossModel::parse(fault.text("model")));
    if (const auto file = fault.files.find("model"); file != fault.files.end())
        NETCUT_TRY(model.read_trace(file->second));
    return model;
}

std::string trace_file(const std::string& text) {
    const auto model = LossModel::parse(text);
    return model ? model->trace_file() : "";
}

std::uint32_t period_of(const LossModel& model, const FaultSpec& fault) {
    if (const auto given = number_of(fault, "period")) return static_cast<std::uint32_t>(given);
    // A list of numbers is not meant to begin anew.
    if (std::holds_alternative<PacketRanges>(model.parameters())) return max_loss_period;
    return model.natural_period().value_or(default_loss_period);
}

Result<void> check_loss(const Scenario&, FaultSpec& fault) {
    if (fault.text("model").empty())
        return fault_failure(fault, "model", "nothing says which packets are lost", "write model: iid 5%",
                             Mistake::missing);
    const auto model = model_of(fault);
    if (!model) return fault_failure(fault, "model", model.error());
    const auto list = model->lost_packets(number_of(fault, "seed"), period_of(*model, fault));
    if (!list) return fault_failure(fault, fault.given("period") ? "period" : "model", list.error());
    return {};
}

// The other direction's packets are lost by a list of their own.
Result<void> plan_loss(const Scenario&, const FaultSpec& fault, FaultPlan& plan) {
    NETCUT_ASSIGN(const LossModel model, model_of(fault));
    const std::uint32_t period = period_of(model, fault);
    const std::uint64_t seed = number_of(fault, "seed");
    NETCUT_ASSIGN(auto up, model.lost_packets(seed, period));
    NETCUT_ASSIGN(auto down, model.lost_packets(seed + 1, period));
    plan.action = Lose{std::move(up), std::move(down), period};
    return {};
}

}  // namespace

std::vector<FaultKind> loss_kinds() {
    return {
        {.name = "loss",
         .summary = "loses the packets of a list that a model and a seed make: the same everywhere",
         .example = "--fault '{kind: loss, model: iid 1%, seed: 7, on: start, for: never}'",
         .keys = Keys{{"model", text_type(LossModel::parse), "see below", "", "-", trace_file},
                      {"seed", number_type(0, std::numeric_limits<std::uint64_t>::max()),
                       "a whole number; the other direction has the seed plus one", "1"},
                      {"period", number_type(1, 1'000'000'000),
                       "the list starts again after this many packets; at most 16777216", "",
                       "100000, or the model's own"}} +
                 packet_filter(),
         .needs = {Need::numgen},
         .counts_packets = true,
         .check = check_loss,
         .plan = plan_loss},
    };
}

}  // namespace netcut
