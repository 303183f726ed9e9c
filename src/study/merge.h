// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "base/error.h"
#include "study/store.h"

namespace netcut {

// Takes the rows of another folder of the same study into `store`, those that it does not have. Folders of runs stay where
// they are: `run` of such a row is empty. How many rows came; an error of the kind usage: it is of another study.
Result<std::size_t> merge_rows(StudyStore& store, const StudyStore& other);

}  // namespace netcut
