// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "matrix/matrix_design.h"
#include "matrix/matrix_file.h"
#include "results/cells.h"

namespace netcut {

// What is known of a matrix besides its rows.
struct MatrixExtras {
    std::map<std::string, std::string>
        not_prepared;                  // by MatrixVersion::text(): why its stages could not be done
    std::map<std::string, Json> maps;  // likewise: the map of the shortest fatal outages
    Json history = Json::array();      // earlier results of the same name, see history_entry()
};

// Why a version is unsupported: its stages could not be done, or not one of its undisturbed runs has passed. Empty: it is
// supported, or not known yet.
std::string why_unsupported(const MatrixVersion& version, const ResultSet& results,
                            const MatrixExtras& extras);

// result.json, and the form that html_page() takes, kind "matrix"; docs/matrix.md describes it. Pure.
inline constexpr int matrix_result_version = 1;
Json matrix_result(const MatrixSpec& spec, const StudyDesign& design, const ResultSet& results,
                   const MatrixExtras& extras);

// What an earlier result.json is for the history of a later one: its time, its folder, and the outcome of each cell.
Json history_entry(const Json& result, const std::string& folder);

// For people: a line for each version and moment.
std::string matrix_text(const Json& result);
// 0: each version is supported, and no cell has failed; 1: some have; 4: a moment never came.
int exit_status_of_matrix(const Json& result);

}  // namespace netcut
