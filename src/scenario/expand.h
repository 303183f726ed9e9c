// SPDX-License-Identifier: Apache-2.0
//
// Words in braces, and what they stand for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// {name} {index} {aggregator} {cols} {work} {bin} {workspace} {files} {path} and the scenario's parameters;
// "{{" is a brace. A word that is nothing but one parameter becomes as many words as its value has, perhaps
// none.
struct ExpandContext {
    std::string node;
    unsigned index = 0;
    std::string work_folder;
    std::string program_folder;
    std::string path;  // the user's PATH
};
Result<std::vector<std::string>> expand(const std::vector<std::string>& words, const Scenario& scenario,
                                        const ExpandContext& context);
// Of variables, the values; each stays one word.
Result<std::map<std::string, std::string>> expand_values(const std::map<std::string, std::string>& variables,
                                                         const Scenario& scenario,
                                                         const ExpandContext& context);
// A single word, which stays one.
Result<std::string> expand_text(const std::string& word, const Scenario& scenario,
                                const ExpandContext& context);

}  // namespace netcut
