// SPDX-License-Identifier: Apache-2.0
//
// Links and mentions of pages lead to pages, and to headings, that there are.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "base/io.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

const fs::path source = NETCUT_SOURCE_DIR;

std::vector<fs::path> files_of(const std::set<std::string>& extensions) {
    std::vector<fs::path> files;
    for (const char* folder : {"", "docs", "include", "src", "tests", "tools", "systemd"}) {
        if (*folder == '\0') {
            for (const auto& entry : fs::directory_iterator(source))
                if (extensions.contains(entry.path().extension())) files.push_back(entry.path());
            continue;
        }
        for (const auto& entry : fs::recursive_directory_iterator(source / folder))
            if (entry.is_regular_file() && extensions.contains(entry.path().extension()))
                files.push_back(entry.path());
    }
    return files;
}

std::string text_of(const fs::path& file) {
    const auto text = read_file(file);
    EXPECT_TRUE(text) << file;
    return text.value_or("");
}

// As GitHub makes it of a heading.
std::string anchor_of(const std::string& heading) {
    std::string anchor;
    for (const char c : heading) {
        if (c == ' ')
            anchor += '-';
        else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_')
            anchor += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return anchor;
}

bool has_heading(const fs::path& page, const std::string& anchor) {
    std::istringstream lines(text_of(page));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with('#') && anchor_of(line.substr(line.find_first_not_of("# "))) == anchor)
            return true;
    return false;
}

TEST(Links, OfPagesLeadSomewhere) {
    const std::regex link(R"(\]\(([^)#]*)(#[^)]*)?\))");
    std::size_t seen = 0;
    for (const fs::path& page : files_of({".md"})) {
        const std::string text = text_of(page);
        for (std::sregex_iterator match(text.begin(), text.end(), link), end; match != end; ++match) {
            const std::string target = (*match)[1], anchor = (*match)[2];
            if (target.find("://") != std::string::npos) continue;
            ++seen;
            const fs::path to = target.empty() ? page : page.parent_path() / target;
            ASSERT_TRUE(fs::exists(to)) << page << ": " << target;
            EXPECT_TRUE(anchor.empty() || has_heading(to, anchor.substr(1))) << page << ": " << match->str();
        }
    }
    EXPECT_GT(seen, 50U);
}

TEST(Links, PagesThatAreSpokenOfAreThere) {
    const std::regex mention(R"(docs/[a-z/-]+\.md)");
    std::size_t seen = 0;
    for (const fs::path& file : files_of({".md", ".h", ".cpp", ".json", ".js", ".yaml", ".in"})) {
        const std::string text = text_of(file);
        for (std::sregex_iterator match(text.begin(), text.end(), mention), end; match != end;
             ++match, ++seen)
            EXPECT_TRUE(fs::exists(source / match->str())) << file << ": " << match->str();
    }
    EXPECT_GT(seen, 5U);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
