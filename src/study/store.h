// SPDX-License-Identifier: Apache-2.0
//
// The folder of a study. Several processes, also of several machines, may work on it at once: what decides is rename(2) and
// O_EXCL alone, so that it may be on a file system without locks.
//
//     study.yaml         the file as it was given
//     design.json        its factors and cells (study/facts.h), with their digest; a study with other cells is refused
//     claims/KEY.N       the Nth try of a run: who makes it, and how it ended (study/claims.h)
//     rows/KEY.json      the row of a run, written once
//     runs/KEY, KEY.N    the folders of runs
//     study.json, results.csv, results.jsonl, index.html: made of the rows
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "folder/folder.h"
#include "study/design.h"
#include "study/row.h"

namespace netcut {

// Reads and writes rows. Not thread-safe.
class StudyStore {
  public:
    // To write: `text` is the study's file. An error of the kind usage: the folder is of a study with other cells.
    static Result<StudyStore> begin(RunFolder folder, const StudyDesign& design, const std::string& text);
    // The same, of the study that `other` is of.
    static Result<StudyStore> begin_copy(RunFolder folder, const StudyStore& other);
    // To read what is there.
    static Result<StudyStore> open(RunFolder folder);

    const RunFolder& folder() const { return folder_; }
    // Reads the rows that have come since the last call.
    Result<void> refresh();
    // By key; each run once. As of the last refresh() and write().
    const std::map<std::string, StudyRow>& rows() const { return rows_; }
    Result<void> write(const StudyRow& row);

    const Json& design() const { return design_; }  // design.json
    // results.csv and results.jsonl of the rows, and study.json: design.json and what is counted of the rows.
    Result<void> write_results() const;

  private:
    static Result<StudyStore> begin_with(RunFolder folder, const Json& design, const std::string& text);
    explicit StudyStore(RunFolder folder) : folder_(std::move(folder)) {}

    RunFolder folder_;
    Json design_{};
    std::map<std::string, StudyRow> rows_;
};

// The names of what a folder below the store's has, without those of unfinished files.
Result<std::vector<std::string>> names_in_folder(const RunFolder& folder, const std::string& below);

}  // namespace netcut
