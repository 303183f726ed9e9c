// SPDX-License-Identifier: Apache-2.0
#include "safety/model_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "scenario/expand.h"

namespace netcut {
namespace {

// Student's t for 99.95 %, by the degrees of freedom from 1 on; more are taken for the last.
constexpr std::array<double, 10> student = {636.6, 31.60, 12.92, 8.610, 6.869,
                                            5.959, 5.408, 5.041, 4.781, 4.587};

std::optional<double> number_of(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() && std::isfinite(value)
               ? std::optional(value)
               : std::nullopt;
}

// What the last digit is worth: 0.01 of "0.84".
double last_digit_of(const std::string& text) {
    const std::size_t point = text.find('.');
    if (point == std::string::npos || text.find_first_of("eE") != std::string::npos) return 1;
    return std::pow(10.0, -static_cast<double>(text.size() - point - 1));
}

// "accuracy" of "re:round [0-9]+: accuracy ([0-9.]+)".
std::string name_of_metric(const std::string& pattern) {
    const std::size_t group = pattern.find('(');
    std::string name;
    for (std::size_t i = std::min(group, pattern.size()); i-- > 0;) {
        const char c = pattern[i];
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !name.empty()) break;
        if (letter) name.insert(name.begin(), c);
    }
    return name.size() < 3 ? "the metric" : name;
}

bool all_same(const std::vector<std::string>& values) {
    return std::all_of(values.begin(), values.end(), [&](const auto& one) { return one == values.front(); });
}

// A parameter of a template may name the file, and be empty.
bool names_a_file(const std::string& text, const Scenario& scenario) {
    const auto path = expand_text(text, scenario, {aggregator_name, 0, "work", "bin", "path"});
    return !path || !path->empty();
}

class ModelJudge {
  public:
    ModelJudge(const Facts& facts, const Scenario& scenario, Safety& safety)
        : seen_(facts.safety.model.value_or(event::ModelSeen{})),
          scenario_(scenario),
          spec_(scenario.model),
          twins_(scenario.twins),
          safety_(safety) {}

    void judge() {
        if (!spec_.digest.empty())
            same_bits(FindingKind::digest, "digest", seen_.digest, twins_.digests, "its line never came");
        if (names_a_file(spec_.file, scenario_))
            same_bits(FindingKind::file, "file", seen_.sha256, twins_.files, seen_.missing);
        if (names_a_file(spec_.tensors, scenario_)) tensors();
        if (!spec_.metric.empty()) metric();
    }

  private:
    void find(FindingKind kind, std::string text) {
        safety_.findings.push_back({kind, {}, {}, std::move(text)});
    }
    void judged(const char* what) {
        safety_.judged.emplace_back(what);
        safety_.model_is_known = true;
    }
    void unjudged(const char* what, const std::string& why) {
        safety_.unjudged.push_back(fmt::format("{}: {}", what, why));
    }

    // What is compared bit by bit says something only if undisturbed runs agree in it.
    void same_bits(FindingKind kind, const char* what, const std::string& seen,
                   const std::vector<std::string>& twins, const std::string& missing) {
        if (twins.empty()) return unjudged(what, "no undisturbed run has one (run --twins 3)");
        if (!all_same(twins)) return unjudged(what, "undisturbed runs differ in it among themselves");
        if (twins.size() < 2 && !spec_.deterministic)
            return unjudged(what, "one undisturbed run does not tell whether training is deterministic");
        judged(what);
        if (seen.empty())
            return find(kind, fmt::format("there is no model to compare ({}: {})", what, missing));
        if (seen != twins.front()) find(kind, fmt::format("the model differs ({})", what));
    }

    void metric() {
        const auto found = number_of(seen_.metric);
        const std::string name = name_of_metric(spec_.metric);
        std::vector<double> values;
        for (const std::string& text : twins_.metrics)
            if (const auto value = number_of(text)) values.push_back(*value);
        if (values.empty()) return unjudged(name.c_str(), "no undisturbed run has told it (run --twins 3)");
        const auto [least, most] = std::minmax_element(values.begin(), values.end());
        auto band = band_of(twins_.metrics, spec_.deterministic);
        if (spec_.band) band = MetricBand{*least - *spec_.band, *most + *spec_.band};
        if (!band)
            return unjudged(name.c_str(),
                            "one undisturbed run does not tell how far it goes by chance (band:)");
        judged(name.c_str());
        if (!found) return find(FindingKind::metric, name + " was never told");
        if (*found >= band->least && *found <= band->most) return;
        std::string twins = fmt::format("{:g} to {:g}", *least, *most);
        if (*least == *most) twins = fmt::format("{:g}", *least);
        std::string text = fmt::format("{} {}, twins {}", name, seen_.metric, twins);
        if (band->least < *least || band->most > *most)
            text += fmt::format(" (by chance {:.4g} to {:.4g})", band->least, band->most);
        find(FindingKind::metric, text);
    }

    void tensors() {
        if (twins_.tensors.empty()) return unjudged("tensors", "no undisturbed run has any (run --twins 3)");
        if (!seen_.no_tensors.empty()) {
            judged("tensors");
            return find(FindingKind::tensors, "there is no model like the twins' (" + seen_.no_tensors + ")");
        }
        if (!seen_.difference)
            return unjudged("tensors", seen_.tensors.empty() ? "they were not looked at" : seen_.tensors);
        auto limit = spec_.within;
        // The largest of very many differences varies little.
        if (!limit && twins_.tensors.size() > 1 && seen_.twins_differ) limit = 3 * *seen_.twins_differ;
        if (!limit && spec_.deterministic) limit = 0.0;
        if (!limit)
            return unjudged("tensors",
                            "one undisturbed run does not tell how far they go by chance (within:)");
        judged("tensors");
        if (*seen_.difference > *limit)
            find(FindingKind::tensors,
                 fmt::format("the model differs ({} by {:.3g}, twins by {:.3g})", seen_.tensor,
                             *seen_.difference, seen_.twins_differ.value_or(0)));
    }

    const event::ModelSeen seen_;
    const Scenario& scenario_;
    const ModelSpec& spec_;
    const TwinFacts& twins_;
    Safety& safety_;
};

}  // namespace

std::optional<MetricBand> band_of(const std::vector<std::string>& texts, bool deterministic) {
    std::vector<double> values;
    double digit = 0;
    for (const std::string& text : texts)
        if (const auto value = number_of(text)) {
            values.push_back(*value);
            digit = std::max(digit, last_digit_of(text));
        }
    if (values.empty()) return {};
    const auto [least, most] = std::minmax_element(values.begin(), values.end());
    if (deterministic) return MetricBand{*least, *most};
    if (values.size() < 2) return {};
    const auto n = static_cast<double>(values.size());
    double mean = 0, squares = 0;
    for (const double value : values) mean += value / n;
    for (const double value : values) squares += (value - mean) * (value - mean) / (n - 1);
    const double deviation = std::max(std::sqrt(squares), digit / 2);
    const double reach =
        student[std::min(values.size() - 2, student.size() - 1)] * deviation * std::sqrt(1 + 1 / n);
    return MetricBand{std::min(*least, mean - reach), std::max(*most, mean + reach)};
}

void judge_model(const Facts& facts, const Scenario& scenario, Safety& safety) {
    ModelJudge(facts, scenario, safety).judge();
}

}  // namespace netcut
