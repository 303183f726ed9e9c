// SPDX-License-Identifier: Apache-2.0
//
// Matrix files: YAML, docs/matrix.md. What they name is read with the thread's rights (AsUser).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "explore/cut_kind.h"
#include "explore/search.h"
#include "scenario/scenario.h"
#include "study/design.h"
#include "study/study_file.h"

namespace netcut {

// One version of a framework, and the scenario that runs it, with the moments that it has.
struct MatrixVersion {
    std::string framework, version;
    Scenario base{};

    std::string text() const;  // "OpenFL 1.3"
};

// A matrix file as it was read. Moments are those of the scenarios by their names.
struct MatrixSpec {
    StudyDesign design{};  // without factors and cells
    std::vector<MatrixVersion> versions{};
    std::vector<std::string> moments{};
    std::vector<CutKind> kinds{};
    std::vector<Nanoseconds> durations{};
    std::optional<SearchOptions> explore{};  // the shortest fatal outage of each cell is looked for, too
};

struct MatrixReading {
    MatrixSpec spec{};
    std::vector<Error> errors{};
};
// `parameters`: of each scenario, over what the file says.
MatrixReading read_matrix_text(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters = {});
// The same; the first error.
Result<MatrixSpec> read_matrix(const std::string& text, const std::string& file,
                               const std::map<std::string, std::string>& parameters = {});
// Whether a YAML text is a matrix: it has `frameworks`.
bool is_matrix(const std::string& text);

// JSON Schema (2020-12) of a matrix file.
std::string matrix_schema();

}  // namespace netcut
