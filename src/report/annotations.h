// SPDX-License-Identifier: Apache-2.0
//
// What a CI job shows beside its log: annotations, and a summary in Markdown. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace netcut {

struct Annotation {
    enum class Level { warning, error };
    Level level = Level::error;
    std::string title;
    std::string text;
};

// As GitHub's runner reads it from a log, and those that are compatible: one line, without its newline
// (https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands).
std::string workflow_command(const Annotation& annotation);

// Of a run: what it was expected to do and did not, or why it proves nothing. `verdict`: as in verdict.json.
std::vector<Annotation> annotations_of_run(const Json& verdict);
std::string summary_of_run(const Json& verdict, const std::string& folder);

// Of many runs: `table` has the form that html_page() takes, of kind experiments or map. Of a map only the summary says
// something: an outage that is not survived is what was looked for.
std::vector<Annotation> annotations_of_table(const Json& table);
std::string summary_of_table(const Json& table, const std::string& folder);

// Of an error that made no run.
Annotation annotation_of(const Error& error);

// Shown as it is: nothing in it is markup, a link or the end of a table's cell.
std::string markdown_text(const std::string& text);

}  // namespace netcut
