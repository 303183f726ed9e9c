// SPDX-License-Identifier: Apache-2.0
#include "cli/check_command.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "cli/option_values.h"
#include "cli/options.h"
#include "cli/run_command.h"
#include "cli/screen.h"
#include "explore/experiments.h"
#include "matrix/matrix_design.h"
#include "matrix/matrix_file.h"
#include "scenario/churn.h"
#include "scenario/input.h"
#include "scenario/link.h"
#include "scenario/mistakes.h"
#include "scenario/scenario.h"
#include "scenario/template.h"
#include "scenario/yaml.h"
#include "scenario/yaml_section.h"
#include "study/study_file.h"
#include "user/as_user.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

constexpr int wrong_status = 2;

// One file, and what is found in it.
class Checker {
  public:
    explicit Checker(const CheckOptions& options) : options_(options) {}

    std::vector<Error> find() {
        const auto text = read_input(options_.file, Input::file_or_pipe, most_scenario);
        if (!text) {
            mistakes_.add(Failure(text.error()), Place{options_.file});
            return mistakes_.found();
        }
        if (is_study(*text))
            look_at_study(*text);
        else if (is_matrix(*text))
            look_at_matrix(*text);
        else
            look(*text);
        std::vector<Error> all = reading_.errors;
        all.insert(all.end(), mistakes_.found().begin(), mistakes_.found().end());
        for (Error& error : all)
            if (error.excerpt.empty() && error.place.file == options_.file)
                error.excerpt = excerpt_of(*text, error.place);
        std::stable_sort(all.begin(), all.end(), [](const Error& a, const Error& b) {
            return std::pair(a.place.line, a.place.column) < std::pair(b.place.line, b.place.column);
        });
        return all;
    }
    // What it has, of a file that nothing is wrong with.
    std::string contents() const {
        return cells_ > 0 ? fmt::format("cells: {}", cells_)
                          : fmt::format("nodes: {}, faults: {}", scenario_.collaborators + 1,
                                        scenario_.faults.size());
    }

  private:
    void look_at_study(const std::string& text) {
        StudyReading reading = read_study_text(text, options_.file);
        reading_.errors = std::move(reading.errors);
        cells_ = reading.design.cells.size();
    }

    void look_at_matrix(const std::string& text) {
        MatrixReading reading = read_matrix_text(text, options_.file);
        reading_.errors = std::move(reading.errors);
        if (!reading_.errors.empty()) return;
        const auto design = design_of(reading.spec);
        if (mistakes_.add(design ? Result<void>() : Result<void>(Failure(design.error())), {"frameworks"}))
            cells_ = design->cells.size();
    }

    void look(const std::string& text) {
        const std::string base = template_named_in(text);
        const Result<void> beneath = base.empty() ? Result<void>() : read_template(scenario_, base);
        reading_ = read_all(scenario_, text, options_.file);
        if (!mistakes_.add(beneath, reading_.place_of("template"))) reading_.misread.insert("*");
        if (!mistakes_.add(apply_parameters(scenario_, options_.sets), {"--set"}))
            reading_.misread.insert("parameters");
        for (std::size_t i = 0; i < scenario_.faults.size(); ++i)
            if (!mistakes_.add(read_named_files(scenario_.faults[i])))
                reading_.misread.insert(fmt::format("faults/{}", i));
        if (!mistakes_.add(read_churn_traces(scenario_))) reading_.misread.insert("churn");
        if (!mistakes_.add(read_traces(scenario_))) reading_.misread.insert("link");
        find_mistakes(scenario_, reading_, mistakes_);
        if (!reading_.errors.empty() || !mistakes_.found().empty()) return;
        mistakes_.add(check_sets(scenario_, options_.sets), {"--set"});
        // Of each a scenario is made, which has its mistakes besides those of the experiment.
        for (const ExperimentSpec& experiment : scenario_.experiments)
            mistakes_.add(check_experiment(experiment), reading_.place_of("experiments"));
    }

    Result<void> check_experiment(const ExperimentSpec& experiment) const {
        const ExperimentColumn column{experiment.fault.kind, std::chrono::seconds(20)};
        NETCUT_TRY(experiment_scenario(scenario_, experiment, column));
        return {};
    }

    const CheckOptions& options_;
    Scenario scenario_;
    std::size_t cells_ = 0;  // of a study or a matrix
    Reading reading_;
    Mistakes mistakes_;
};

std::string text_of(const Error& error) {
    Error what = error;
    what.place = {};
    what.excerpt.clear();
    return fmt::format("{}: {} [{}]\n{}", error.place.text(), what.text(), word_of(error.mistake),
                       error.excerpt.empty() ? "" : error.excerpt + "\n");
}

Json json_of(const Error& error) {
    const auto number = [](int value) { return value > 0 ? Json(value) : Json(); };
    return {{"code", word_of(error.mistake)},
            {"file", error.place.file},
            {"line", number(error.place.line)},
            {"column", number(error.place.column)},
            {"attempt", error.attempt},
            {"reason", error.reason},
            {"proposal", error.hint.empty() ? Json() : Json(error.hint)}};
}

Json json_of(const std::string& file, const std::vector<Error>& mistakes) {
    Json list = Json::array();
    for (const Error& error : mistakes) list.push_back(json_of(error));
    return {{"file", file}, {"valid", mistakes.empty()}, {"mistakes", std::move(list)}};
}

Result<int> try_check(const CheckOptions& options) {
    NETCUT_ASSIGN(const User caller, find_user(""));
    const AsUser as_caller(caller);
    Checker checker(options);
    const std::vector<Error> mistakes = checker.find();
    if (options.json)
        show("{}\n", json_of(options.file, mistakes).dump(2, ' ', false, Json::error_handler_t::replace));
    else if (mistakes.empty())
        show("{}: nothing is wrong with it ({})\n", options.file, checker.contents());
    else
        for (const Error& error : mistakes) show("{}", text_of(error));
    return mistakes.empty() ? 0 : wrong_status;
}

}  // namespace

void add_check_options(CLI::App& command, CheckOptions& options) {
    command.add_option("FILE", options.file, "A scenario, a study or a matrix in YAML")
        ->type_name("")
        ->required();
    Group(command, "What to check")
        .add("--set", options.sets, "NAME=VALUE", "Set a parameter of the template");
    command.add_flag("--json", options.json, "Print JSON");
    command.footer("Exit status: 0 nothing is wrong, 2 something is.");
}

int check_command(const CheckOptions& options) {
    const auto status = try_check(options);
    return status ? *status : report_error(status.error());
}

}  // namespace netcut::cli
