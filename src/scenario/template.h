// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "scenario/scenario.h"

namespace netcut {

// A template is a folder with template.yaml, which is a scenario, and files for its commands.
struct TemplatePlace {
    std::string name;     // of a built-in one "flower/app", else the folder
    std::string folder;   // absolute
    std::string variant;  // what follows the name: "keras_cnn_mnist" of "openfl/keras_cnn_mnist"
};
// The built-in ones, which are installed beside this program or found in its build folder.
std::vector<std::string> template_names();
// A built-in one, or a folder of the user's; looked for and read with the thread's rights (AsUser).
Result<TemplatePlace> find_template(const std::string& wanted);
// Overlays `scenario` with a template.
Result<void> read_template(Scenario& scenario, const std::string& wanted);

}  // namespace netcut
