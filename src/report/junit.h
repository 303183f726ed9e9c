// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace netcut {

// junit.xml in the form that Jenkins' JUnit plugin and GitHub's test reporters read
// (https://github.com/testmoapp/junitxml describes it).
struct JunitCase {
    enum class Outcome { passed, failed, error, skipped };
    std::string name;
    double seconds = 0;
    Outcome outcome = Outcome::passed;
    std::string message;  // why it did not pass
    std::string output;   // may be empty
};
std::string junit_xml(const std::string& suite, const std::vector<JunitCase>& cases);
// Of one run: a case for each thing expected, or one for its verdict. `output`: what its screen showed.
std::vector<JunitCase> junit_cases(const Json& verdict, double seconds, const std::string& output);

}  // namespace netcut
