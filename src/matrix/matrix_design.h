// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/error.h"
#include "matrix/matrix_file.h"
#include "study/design.h"

namespace netcut {

// The factors of a matrix, in their order.
enum class MatrixFactor { framework, version, moment, kind, duration };
inline constexpr std::array<EnumWord<MatrixFactor>, 5> matrix_factor_words = {{
    {MatrixFactor::framework, "framework"},
    {MatrixFactor::version, "version"},
    {MatrixFactor::moment, "moment"},
    {MatrixFactor::kind, "kind"},
    {MatrixFactor::duration, "for"},
}};
constexpr const auto& words_of(MatrixFactor) {
    return matrix_factor_words;
}
// The levels of a cell without a fault. A version of which all such runs fail is unsupported.
inline constexpr const char* undisturbed_moment = "undisturbed";
inline constexpr const char* no_kind = "none";
inline constexpr const char* no_duration = "0s";

// A study of the matrix's cells: first those without a fault, one for each version; then each moment that a version has, by
// kind and duration. Checked.
Result<StudyDesign> design_of(const MatrixSpec& spec);

bool is_undisturbed(const StudyCell& cell);
// Whose cell it is, by its place in MatrixSpec::versions.
std::size_t version_of(const MatrixSpec& spec, const StudyCell& cell);

}  // namespace netcut
