// SPDX-License-Identifier: Apache-2.0
//
// What tells whether the model is right: whose updates were counted, what was delivered of them, what is left at the end.
#include <fmt/format.h>

#include "base/sha256.h"
#include "record/event.h"
#include "run/engine.h"
#include "run/engine_impl.h"
#include "safety/tensors.h"
#include "scenario/expand.h"
#include "scenario/scenario.h"
#include "trigger/line_scanner.h"
#include "trigger/pattern.h"
#include "user/as_user.h"

namespace netcut {
namespace {

// What nodes print has no end, and the journal must have one.
constexpr std::size_t most_counted = 200'000, most_delivered = 200'000;

std::string or_aggregator(const std::string& node) {
    return node.empty() ? aggregator_name : node;
}

}  // namespace

// A line may be in a file of logs too, and must not count twice: the first place that tells is the one that is heard.
void Engine::Impl::watch_for_counted(LineScanner& scanner, const std::string& node) {
    if (!scenario_.counted.any() || node != counted_reader_.node()) return;
    for (const CountedReader::Line& line : counted_reader_.lines())
        scanner.watch_whole({line.pattern, [this, &line, &scanner](std::string_view text, const auto&) {
                                 if (counted_stream_ == nullptr) counted_stream_ = &scanner;
                                 if (counted_stream_ == &scanner) on_counted(line, text);
                             }});
}

void Engine::Impl::on_counted(const CountedReader::Line& line, std::string_view text) {
    if (counted_lines_ > most_counted) return;
    const event::About about{.node = counted_reader_.node()};
    if (++counted_lines_ > most_counted) return journal_->add(event::CountedFull{}, about);
    journal_->add(counted_reader_.read(line, text), about);
}

void Engine::Impl::watch_for_model(LineScanner& scanner, const std::string& node) {
    const ModelSpec& model = scenario_.model;
    if (node != or_aggregator(model.node)) return;
    for (const auto& [text, target] :
         {std::pair(&model.digest, &model_seen_.digest), std::pair(&model.metric, &model_seen_.metric)})
        if (!text->empty())
            scanner.watch_whole(
                {Pattern::parse(*text).value(),
                 [target = target](std::string_view, const std::optional<std::string>& group) {
                     if (group) *target = group->substr(0, 200);
                 }});
}

Result<std::string> Engine::Impl::model_path(const std::string& file) const {
    const auto index = node_index(scenario_, or_aggregator(scenario_.model.node)).value_or(0);
    const Actor& actor = *actors_[index];
    NETCUT_ASSIGN(
        const std::string path,
        expand_text(file, scenario_, expand_context(actor.outcome.name, static_cast<unsigned>(index))));
    return log_path(actor, path);
}

// What is left when all have ended. It is read with the user's rights: nodes may have made anything of it.
void Engine::Impl::note_model() {
    const ModelSpec& model = scenario_.model;
    if (!model.any() || actors_.empty()) return;
    const AsUser as_user(user_);
    if (!model.file.empty()) {
        const auto digest =
            model_path(model.file).and_then([](const std::string& path) { return digest_file(path); });
        if (digest) {
            model_seen_.sha256 = digest->sha256;
            model_seen_.bytes = digest->bytes;
        } else {
            model_seen_.missing = digest.error().text();
        }
    }
    if (!model.tensors.empty() && !scenario_.twins.tensors.empty())
        if (const auto path = model_path(model.tensors))
            compare_with_twins(*path, scenario_.twins.tensors, model_seen_);
    journal_->add(model_seen_, {.node = or_aggregator(model.node)});
}

Result<void> Engine::Impl::follow_deliveries() {
    if (!scenario_.deliveries && scenario_.twins.updates.empty()) return {};
    DeliveryTap::Observer observer{[this](const std::string& node, const event::Delivered& what) {
                                       if (++deliveries_ <= most_delivered)
                                           return journal_->add(what, {.node = node});
                                       if (deliveries_ == most_delivered + 1)
                                           journal_->add(event::DeliveriesMissed{});
                                   },
                                   [this](std::uint64_t packets) {
                                       if (!std::exchange(deliveries_missed_, true))
                                           journal_->add(event::DeliveriesMissed{packets});
                                   },
                                   [this](Error error) { fail(std::move(error)); }};
    NETCUT_ASSIGN(delivery_tap_, DeliveryTap::start(timers_, fabric_->router(), journal_->realtime_begin(),
                                                    std::move(observer)));
    for (std::size_t i = 0; i < fabric_->size(); ++i)
        delivery_tap_->own(addresses_of(fabric_->node(i)).addresses, fabric_->node(i).name);
    return {};
}

void Engine::Impl::note_safety() {
    if (delivery_tap_) delivery_tap_->finish();
    note_model();
}

}  // namespace netcut
