// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

// The page around its title and its data; made by src/page/web/bundle.cmake.
namespace netcut::page_template {

extern const std::string_view before_title;
extern const std::string_view before_data;
extern const std::string_view after_data;

}  // namespace netcut::page_template
