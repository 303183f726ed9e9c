// SPDX-License-Identifier: Apache-2.0
#include "cli/schema_command.h"

#include "cli/run_command.h"
#include "cli/screen.h"
#include "matrix/matrix_file.h"
#include "matrix/matrix_result_schema.h"
#include "record/journal_schema.h"
#include "record/run_state.h"
#include "scenario/schema.h"
#include "scenario/words.h"
#include "study/study_file.h"
#include "verdict/verdict_schema.h"

namespace netcut::cli {
namespace {

constexpr Words<std::string (*)(), 7> schemas{{{"scenario", scenario_schema},
                                               {"study", study_schema},
                                               {"matrix", matrix_schema},
                                               {"result", matrix_result_schema},
                                               {"verdict", verdict_schema},
                                               {"journal", journal_schema},
                                               {"record", RunState::schema}}};

}  // namespace

std::vector<std::string> schema_words() {
    return netcut::names_in(schemas);
}

void add_schema_options(CLI::App& command, SchemaOptions& options) {
    command
        .add_option("WHAT", options.what,
                    "scenario (default), study, matrix, result: result.json of a matrix, verdict: "
                    "verdict.json, journal: a line of it, or record: what "
                    "inspect and GET /runs/ID/record say of a run")
        ->type_name("");
    command.footer("Example: netcut-fl schema > netcut-fl.schema.json");
}

int schema_command(const SchemaOptions& options) {
    const auto schema = parse_word(options.what, schemas, "schema");
    if (!schema) return report_error(schema.error());
    show("{}\n", (*schema)());
    return 0;
}

}  // namespace netcut::cli
