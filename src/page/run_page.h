// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/error.h"
#include "base/json.h"
#include "folder/folder.h"

namespace netcut {

// What the page of a run shows. Reads its files with the rights of the folder's user, in pieces: memory is
// bounded however long the journal is. Of a run that left a part of its files only, what is there; an error
// if nothing is.
Result<Json> run_page_data(const RunFolder& folder);

// Makes report.html in the folder, or makes it anew.
Result<void> write_report(const RunFolder& folder);

}  // namespace netcut
