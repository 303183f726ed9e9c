// SPDX-License-Identifier: Apache-2.0
#include "scenario/yaml_bounds.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>

#include <map>
#include <sstream>
#include <vector>

#include "scenario/input.h"

namespace netcut {
namespace {

constexpr std::size_t most_bytes = std::size_t{2} << 20;  // of all values, aliases filled in
constexpr std::size_t bytes_a_node = 8;                   // of one that is empty
constexpr std::size_t deepest = 64;

// Adds up as the text is read, and throws a YamlExcess as soon as it is too much.
class Weight : public YAML::EventHandler {
  public:
    void OnDocumentStart(const YAML::Mark&) override { weights_.clear(); }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(mark, anchor, 0); }
    void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  const std::string& value) override {
        leaf(mark, anchor, value.size());
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = weights_.find(anchor);
        if (known == weights_.end()) throw YamlExcess{mark, "an alias stands within what it is the name of"};
        add(mark, known->second);
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        begin(mark, anchor);
    }
    void OnSequenceEnd() override { end(); }
    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        begin(mark, anchor);
    }
    void OnMapEnd() override { end(); }

  private:
    struct Open {
        YAML::anchor_t anchor;
        std::size_t before;  // the weight when it began
    };

    void add(const YAML::Mark& mark, std::size_t bytes) {
        weight_ += bytes;
        if (weight_ > most_bytes)
            throw YamlExcess{
                mark, fmt::format("with its aliases filled in, it has more than {} MiB", most_bytes >> 20)};
    }
    void leaf(const YAML::Mark& mark, YAML::anchor_t anchor, std::size_t bytes) {
        add(mark, bytes + bytes_a_node);
        if (anchor != YAML::NullAnchor) weights_[anchor] = bytes + bytes_a_node;
    }
    void begin(const YAML::Mark& mark, YAML::anchor_t anchor) {
        open_.push_back({anchor, weight_});
        if (open_.size() > deepest)
            throw YamlExcess{mark, fmt::format("it nests more than {} deep", deepest)};
        add(mark, bytes_a_node);
    }
    void end() {
        const Open closed = open_.back();
        open_.pop_back();
        if (closed.anchor != YAML::NullAnchor) weights_[closed.anchor] = weight_ - closed.before;
    }

    std::size_t weight_ = 0;
    std::vector<Open> open_;
    std::map<YAML::anchor_t, std::size_t> weights_;  // of what anchors name
};

}  // namespace

std::optional<YamlExcess> find_excess(const std::string& text) {
    if (text.size() > most_scenario)
        return YamlExcess{YAML::Mark::null_mark(),
                          fmt::format("it has more than {} MiB", most_scenario >> 20)};
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    try {
        for (Weight weight; parser.HandleNextDocument(weight);) {
        }
    } catch (const YamlExcess& excess) {
        return excess;
    }
    return {};
}

}  // namespace netcut
