// SPDX-License-Identifier: Apache-2.0
#include "scenario/link_yaml.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <utility>

#include "link/rate.h"
#include "link/trace_model.h"
#include "scenario/input.h"
#include "scenario/value_schema.h"
#include "scenario/words.h"

namespace netcut {
namespace {

constexpr double least_speed = 1e-3, most_speed = 1e5;

Result<double> parse_speed(const std::string& text) {
    double speed = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), speed);
    if (error == std::errc() && end == text.data() + text.size() && speed >= least_speed &&
        speed <= most_speed)
        return speed;
    return usage_failure("read the speed '" + text + "'",
                         fmt::format("it is no number from {} to {}", least_speed, most_speed),
                         "2 is twice as fast");
}

Result<std::string> parse_model(const std::string& word) {
    if (trace_model(word) != nullptr) return word;
    return unknown_word(word, trace_model_names(), "model of a link");
}

Result<std::string> parse_room(const std::string& word) {
    if (parse_duration(word) || parse_bytes(word)) return word;
    return usage_failure("read the queue '" + word + "'", "it is neither a time nor a number of bytes",
                         "write 100ms, or 64KiB");
}

void read_source(YamlSection& section, LinkSource& source) {
    section.scalar("rate", into(source.bits_per_second, parse_rate), rate_schema());
    if (section.single("trace"))
        section.text("trace", source.file);
    else
        section.section(
            "trace",
            [&](YamlSection& trace) {
                trace.scalar("model", into(source.model, parse_model), words_schema(trace_model_names()));
                trace.text("folder", source.folder);
                trace.count("seed", source.seed, 0, std::numeric_limits<std::uint32_t>::max());
                trace.scalar("mean", into(source.mean, parse_rate), rate_schema());
                trace.duration("length", source.length);
            },
            "{model: lte}");
    section.boolean("loop", source.loop);
    section.count("seed", source.loss_seed, 0, std::numeric_limits<std::uint32_t>::max());
    section.scalar(
        "speed", into(source.speed, parse_speed),
        fmt::format(R"({{"type": "number", "minimum": {}, "maximum": {}}})", least_speed, most_speed));
    section.scalar("queue", into(source.queue, parse_room), text_schema());
}

void read_direction(YamlSection& section, const char* key, std::optional<LinkSource>& target) {
    LinkSource source;
    if (section.single(key, rate_schema())) {
        section.scalar(key, into(source.bits_per_second, parse_rate), rate_schema());
        target = source;
        return;
    }
    bool given = false;
    section.section(
        key,
        [&](YamlSection& side) {
            given = true;
            read_source(side, source);
        },
        "{trace: FILE}");
    if (given) target = source;
}

void write_source(YAML::Emitter& out, const LinkSource& source) {
    out << YAML::BeginMap;
    if (source.bits_per_second)
        out << YAML::Key << "rate" << YAML::Value << fmt::format("{}bit", *source.bits_per_second);
    if (!source.file.empty()) out << YAML::Key << "trace" << YAML::Value << source.file;
    if (!source.model.empty() || !source.folder.empty()) {
        out << YAML::Key << "trace" << YAML::Value << YAML::BeginMap;
        if (!source.model.empty()) out << YAML::Key << "model" << YAML::Value << source.model;
        if (!source.folder.empty()) out << YAML::Key << "folder" << YAML::Value << source.folder;
        out << YAML::Key << "seed" << YAML::Value << source.seed;
        if (source.mean) out << YAML::Key << "mean" << YAML::Value << fmt::format("{}bit", *source.mean);
        if (source.length > Nanoseconds(0))
            out << YAML::Key << "length" << YAML::Value << duration_text(source.length);
        out << YAML::EndMap;
    }
    if (!source.loop) out << YAML::Key << "loop" << YAML::Value << false;
    if (source.loss_seed != 1) out << YAML::Key << "seed" << YAML::Value << source.loss_seed;
    if (source.speed != 1) out << YAML::Key << "speed" << YAML::Value << fmt::format("{}", source.speed);
    out << YAML::Key << "queue" << YAML::Value << source.queue << YAML::EndMap;
}

}  // namespace

void read_links(YamlSection& section, Scenario& scenario) {
    bool first = true;
    section.section_or_sections("link", [&](YamlSection& one) {
        if (std::exchange(first, false)) scenario.link.clear();
        LinkSpec& spec = scenario.link.emplace_back();
        one.list("nodes", spec.nodes);
        read_direction(one, "up", spec.up);
        read_direction(one, "down", spec.down);
    });
}

void write_links(YAML::Emitter& out, const std::vector<LinkSpec>& links) {
    if (links.empty()) return;
    out << YAML::Key << "link" << YAML::Value << YAML::BeginSeq;
    for (const LinkSpec& spec : links) {
        out << YAML::Flow << YAML::BeginMap << YAML::Key << "nodes" << YAML::Value << spec.nodes;
        if (spec.up) write_source(out << YAML::Key << "up" << YAML::Value, *spec.up);
        if (spec.down) write_source(out << YAML::Key << "down" << YAML::Value, *spec.down);
        out << YAML::EndMap;
    }
    out << YAML::EndSeq;
}

}  // namespace netcut
