// SPDX-License-Identifier: Apache-2.0
#include "page/html_page.h"

#include "page/page.h"
#include "record/json_access.h"

namespace netcut {
namespace {

std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '<')
            result += "&lt;";
        else if (c == '&')
            result += "&amp;";
        else
            result += c;
    }
    return result;
}

// JSON that can stand in a script element: no text in it can end the element, or begin a comment there.
std::string embeddable(const Json& data) {
    const std::string text = data.dump(-1, ' ', false, Json::error_handler_t::replace);
    std::string result;
    result.reserve(text.size() + text.size() / 64);
    for (const char c : text) {
        if (c == '<')
            result += "\\u003c";
        else if (c == '>')
            result += "\\u003e";
        else if (c == '&')
            result += "\\u0026";
        else
            result += c;
    }
    return result;
}

}  // namespace

std::string html_page(const Json& data) {
    const Json title(clipped(text_of(member(data, "title")), 200));
    // Through JSON, which makes valid UTF-8 of it.
    const std::string valid = Json::parse(title.dump(-1, ' ', false, Json::error_handler_t::replace));
    std::string page(page_template::before_title);
    page += escaped(valid);
    page += page_template::before_data;
    page += embeddable(data);
    page += page_template::after_data;
    return page;
}

}  // namespace netcut
