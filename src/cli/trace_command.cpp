// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_command.h"

#include <fmt/format.h>

#include "base/nearest_word.h"
#include "cli/option_values.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "link/trace_model.h"
#include "link/trace_text.h"
#include "scenario/words.h"

namespace netcut::cli {
namespace {

constexpr Words<std::string (*)(const LinkTrace&), 2> formats{
    {{"csv", csv_text}, {"mahimahi", mahimahi_text}}};

Result<std::string> text_of(const TraceOptions& options) {
    const TraceModel* const model = trace_model(options.model);
    if (model == nullptr) return unknown_word(options.model, trace_model_names(), "model of a link");
    unsigned seed = 1;
    std::uint64_t mean = 0;
    Nanoseconds length{0};
    std::string (*format)(const LinkTrace&) = csv_text;
    NETCUT_TRY(set_count(seed, "--seed", options.seed));
    NETCUT_TRY(set_parsed(mean, "--mean", options.mean, parse_rate));
    NETCUT_TRY(set_parsed(length, "--length", options.length, parse_duration));
    NETCUT_TRY(set_parsed(format, "--format", options.format, [](const std::string& word) {
        return parse_word(word, formats, "format of traces");
    }));
    return format(make_trace(*model, seed, length, static_cast<double>(mean)));
}

std::string models_text() {
    std::string text;
    for (const TraceModel& model : trace_models())
        text += fmt::format("  {:10} {} ({} on average, {} long)\n", model.name, model.meaning,
                            fmt::format("{}mbit", model.mean / 1e6), duration_text(model.length));
    return text;
}

}  // namespace

void add_trace_options(CLI::App& command, TraceOptions& options) {
    command.add_option("MODEL", options.model, "lte, diurnal, wifi or satellite")->type_name("")->required();
    Group group(command, "The trace");
    group.add("--seed", options.seed, "N", "The seed (default: 1)");
    group.add("--mean", options.mean, "RATE", "The mean rate, such as 12mbit (default: the model's)");
    group.add("--length", options.length, "TIME", "The length (default: the model's)");
    group.add("--format", options.format, "csv|mahimahi", "The format (default: csv)");
    command.footer("The models are\n" + models_text() + "Example: netcut-fl trace lte --seed 3 > lte.csv");
}

int trace_command(const TraceOptions& options) {
    const auto text = text_of(options);
    if (!text) return report_error(text.error());
    show("{}", *text);
    return 0;
}

}  // namespace netcut::cli
