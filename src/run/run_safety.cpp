// SPDX-License-Identifier: Apache-2.0
#include "run/run_safety.h"

#include <algorithm>

#include "base/sha256.h"
#include "safety/model_file.h"
#include "safety/tensors.h"
#include "scenario/scenario.h"
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

Result<void> RunSafety::start(const Fabric& fabric) {
    if (!run_.scenario.deliveries && run_.scenario.twins.updates.empty()) return {};
    NETCUT_ASSIGN(tap_,
                  DeliveryTap::start(
                      run_.timers, fabric, run_.journal.realtime_begin(),
                      {[this](const std::string& node, const event::Delivered& what) { note(node, what); },
                       [this](std::uint64_t packets) { note_missed(packets); }, run_.fail}));
    // Of what passes a proxy nobody sees when it arrived, and for whom.
    const auto& sites = run_.scenario.fabric.sites;
    if (std::any_of(sites.begin(), sites.end(), [](const SiteSpec& site) { return site.relays(); }))
        note_missed(0);
    for (std::size_t i = 0; i < fabric.size(); ++i) {
        const NodeLink& node = fabric.node(i);
        std::vector<std::string> addresses;
        for (const IpAddress& address : node.addresses) addresses.push_back(address.to_string());
        own(addresses, node.name);
    }
    return {};
}

void RunSafety::watch(LineScanner& scanner, const std::string& node) {
    watch_for_counted(scanner, node);
    watch_for_model(scanner, node);
}

// A line may be in a file of logs too, and must not count twice: the first place that tells is the one that is heard.
void RunSafety::watch_for_counted(LineScanner& scanner, const std::string& node) {
    if (!run_.scenario.counted.any() || node != reader_.node()) return;
    for (const CountedReader::Line& line : reader_.lines())
        scanner.watch_whole({line.pattern, [this, &line, &scanner](std::string_view text, const auto&) {
                                 if (counted_stream_ == nullptr) counted_stream_ = &scanner;
                                 if (counted_stream_ == &scanner) on_counted(line, text);
                             }});
}

void RunSafety::on_counted(const CountedReader::Line& line, std::string_view text) {
    if (counted_lines_ > most_counted) return;
    const event::About about{.node = reader_.node()};
    if (++counted_lines_ > most_counted) return run_.journal.add(event::CountedFull{}, about);
    run_.journal.add(reader_.read(line, text), about);
}

void RunSafety::watch_for_model(LineScanner& scanner, const std::string& node) {
    const ModelSpec& model = run_.scenario.model;
    if (node != or_aggregator(model.node)) return;
    for (const auto& [text, target] :
         {std::pair(&model.digest, &model_.digest), std::pair(&model.metric, &model_.metric)})
        if (!text->empty())
            scanner.watch_whole(
                {Pattern::parse(*text).value(),
                 [target = target](std::string_view, const std::optional<std::string>& group) {
                     if (group) *target = group->substr(0, 200);
                 }});
}

void RunSafety::own(const std::vector<std::string>& addresses, const std::string& node) {
    if (tap_) tap_->own(addresses, node);
}

void RunSafety::note(const std::string& node, const event::Delivered& delivered) {
    if (++deliveries_ <= most_delivered) return run_.journal.add(delivered, {.node = node});
    if (deliveries_ == most_delivered + 1) run_.journal.add(event::DeliveriesMissed{});
}

void RunSafety::note_missed(std::uint64_t packets) {
    if (!std::exchange(missed_, true)) run_.journal.add(event::DeliveriesMissed{packets});
}

void RunSafety::finish(const PathOf& path_of) {
    if (tap_) tap_->finish();
    note_model(path_of);
}

// It is read with the user's rights: nodes may have made anything of it.
void RunSafety::note_model(const PathOf& path_of) {
    const ModelSpec& model = run_.scenario.model;
    if (!model.any()) return;
    const std::string name = or_aggregator(model.node);
    const std::size_t node = node_index(run_.scenario, name).value_or(0);
    const AsUser as_user(run_.user);
    note_file(path_of(node, model.file).and_then(find_model_file));
    if (const auto& twins = run_.scenario.twins.tensors; !twins.empty()) {
        const auto path = path_of(node, model.tensors).and_then(find_model_file);
        if (path) model_.tensors_place = place_of(*path);
        compare_with_twins(path.and_then(read_model_file), twins, model_);
    }
    run_.journal.add(model_, {.node = name});
}

void RunSafety::note_file(const Result<std::string>& path) {
    if (run_.scenario.model.file.empty()) return;
    const auto digest = path.and_then([](const std::string& found) { return digest_file(found); });
    if (!digest) {
        model_.missing = digest.error().text();
        return;
    }
    model_.sha256 = digest->sha256;
    model_.bytes = digest->bytes;
    model_.place = place_of(*path);
}

// In the folder of the run; empty if it is elsewhere.
std::string RunSafety::place_of(const std::string& path) const {
    const std::string folder = run_.folder.path() + "/";
    return path.starts_with(folder) ? path.substr(folder.size()) : "";
}

}  // namespace netcut
