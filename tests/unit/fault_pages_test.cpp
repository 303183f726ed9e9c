// SPDX-License-Identifier: Apache-2.0
//
// What the pages of the faults promise: there is one for each kind, it tells of each key and each need, and
// its examples run as they are.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/io.h"
#include "fault/moments.h"
#include "fault/needs.h"
#include "matrix/matrix_file.h"
#include "scenario/check.h"
#include "scenario/fault_kind.h"
#include "scenario/scenario.h"
#include "scenario/schema.h"
#include "scenario/template.h"
#include "scenario/yaml.h"
#include "study/study_file.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

const std::filesystem::path docs = NETCUT_SOURCE_DIR "/docs";

std::string read(const std::filesystem::path& page) {
    const auto text = read_file(page);
    if (!text) throw std::runtime_error(text.error().text());
    return *text;
}

std::filesystem::path page_of(const std::string& name) {
    return docs / "faults" / (name + ".md");
}

std::vector<std::filesystem::path> all_pages() {
    std::vector<std::filesystem::path> pages;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(docs))
        if (entry.path().extension() == ".md") pages.push_back(entry.path());
    return pages;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream stream(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
}

std::vector<std::string> headings_of(const std::string& page) {
    std::vector<std::string> headings;
    for (const std::string& line : lines_of(page))
        if (line.starts_with("## ")) headings.push_back(line.substr(3));
    return headings;
}

// From the line after `## heading` to the next one.
std::string section(const std::string& page, const std::string& heading) {
    const std::size_t begin = page.find("## " + heading + "\n");
    if (begin == std::string::npos) return {};
    return page.substr(begin, page.find("\n## ", begin) - begin);
}

std::vector<std::string> yaml_blocks(const std::string& page) {
    std::vector<std::string> blocks;
    bool inside = false;
    for (const std::string& line : lines_of(page)) {
        if (inside && line != "```") blocks.back() += line + '\n';
        if (!inside && line == "```yaml") blocks.emplace_back();
        inside = inside ? line != "```" : line == "```yaml";
    }
    return blocks;
}

// As a file given to `netcut-fl run`: its template beneath it, then checked as a whole.
Result<Scenario> scenario_of(const std::string& yaml) {
    Scenario scenario;
    if (const std::string base = template_named_in(yaml); !base.empty()) {
        NETCUT_TRY(read_template(scenario, base));
    }
    NETCUT_TRY(read_yaml(scenario, yaml, "example"));
    NETCUT_TRY(check(scenario));
    return scenario;
}

// The first column of the tables, where it is one word in backticks.
std::set<std::string> tabulated(const std::string& text) {
    std::set<std::string> words;
    for (const std::string& line : lines_of(text)) {
        if (!line.starts_with("| `")) continue;
        const std::string word = line.substr(3, line.find('`', 3) - 3);
        if (line.find("` |") == 3 + word.size() && word.find(' ') == std::string::npos) words.insert(word);
    }
    return words;
}

TEST(FaultPages, EveryKindHasOneAndIsInTheOverview) {
    const std::string overview = read(docs / "faults.md");
    std::vector<std::string> names = {"flap", "moments"};
    for (const FaultKind& kind : fault_kinds()) names.emplace_back(kind.name);
    for (const std::string& name : names) {
        EXPECT_THAT(read(page_of(name)), StartsWith("# " + name + ": "));
        EXPECT_THAT(overview, HasSubstr("](faults/" + name + ".md)"));
    }
}

TEST(FaultPages, HaveTheSameHeadings) {
    for (const auto& entry : std::filesystem::directory_iterator(docs / "faults"))
        EXPECT_THAT(headings_of(read(entry.path())),
                    testing::ElementsAre("What it is for", "Example", "Keys", "What the application sees",
                                         "On the wire", "What the kernel must have", "How it ends",
                                         "Evidence", "Pitfalls"))
            << entry.path();
}

// A line of a page's table, as the kind's definition has it.
std::string row_of(const FaultKey& key) {
    return "\n| `" + key.name + "` | " + (key.standard.empty() ? key.without : "`" + key.standard + "`") +
           " | " + key.meaning + " |\n";
}

TEST(FaultPages, TellOfEachKeyAndOfNoOther) {
    const std::string filters = section(read(docs / "faults.md"), "Which packets");
    const auto is_filter = [&](const FaultKey& key) { return tabulated(filters).contains(key.name); };
    for (const FaultKind& kind : fault_kinds()) {
        const std::string keys = section(read(page_of(kind.name)), "Keys");
        for (const FaultKey& key : kind.keys) {
            EXPECT_THAT(is_filter(key) ? filters : keys, HasSubstr(row_of(key))) << kind.name;
            EXPECT_THAT(keys, HasSubstr("`" + key.name + "`")) << kind.name;
        }
        for (const std::string& word : tabulated(keys.substr(0, keys.find("\n\n"))))
            EXPECT_NE(kind.key(word), nullptr) << kind.name << " has no key " << word;
    }
}

TEST(FaultPages, HaveARowForEachMomentAndNoOther) {
    std::string rows = "| moment | the packet that trips it | it |\n|---|---|---|\n";
    for (const MomentKind& kind : moment_kinds()) {
        if (kind.name == nullptr) continue;
        rows += "| `" + kind.form() + "` | " + kind.packet + " | " +
                (kind.passes ? "is the last to pass" : "is the first to meet the fault") + kind.also + " |\n";
    }
    EXPECT_THAT(section(read(page_of("moments")), "Keys"), HasSubstr("\n" + rows + "\n"));
}

TEST(FaultPages, SchemaHasTheKeysOfEachKind) {
    const auto schema = nlohmann::json::parse(fault_schema()).at("anyOf");
    ASSERT_EQ(schema.size(), fault_kinds().size());
    for (std::size_t i = 0; i < schema.size(); ++i) {
        const FaultKind& kind = fault_kinds()[i];
        EXPECT_EQ(schema[i].at("title"), kind.name);
        for (const FaultKey& key : kind.keys)
            EXPECT_EQ(schema[i].at("properties").at(key.name).at("description"), key.meaning);
        EXPECT_EQ(schema[i].at("properties").contains("for"), !kind.refuses("for")) << kind.name;
    }
}

TEST(FaultPages, NameTheKernelOptionsThatAreNeeded) {
    for (const FaultKind& kind : fault_kinds()) {
        const std::string needs = section(read(page_of(kind.name)), "What the kernel must have");
        for (const Need need : kind.needs) {
            std::istringstream options(need_options(need));
            for (std::string option; std::getline(options >> std::ws, option, ',');)
                EXPECT_THAT(needs, HasSubstr(option)) << kind.name;
        }
    }
}

// The first mistake of a file that some command reads; empty: there is none.
std::string mistake_in(const std::string& yaml) {
    const auto first_of = [](const std::vector<Error>& errors) {
        return errors.empty() ? "" : errors.front().text();
    };
    if (is_study(yaml)) return first_of(read_study_text(yaml, "example").errors);
    if (is_matrix(yaml)) return first_of(read_matrix_text(yaml, "example").errors);
    const auto scenario = scenario_of(yaml);
    return scenario ? "" : scenario.error().text();
}

TEST(FaultPages, ExamplesAreFilesThatCommandsRead) {
    for (const auto& page : all_pages())
        for (const std::string& yaml : yaml_blocks(read(page))) EXPECT_EQ(mistake_in(yaml), "") << page;
}

TEST(FaultPages, ExamplesAreOfTheirKind) {
    for (const FaultKind& kind : fault_kinds()) {
        const auto blocks = yaml_blocks(read(page_of(kind.name)));
        ASSERT_FALSE(blocks.empty()) << kind.name;
        for (const std::string& yaml : blocks) {
            const auto scenario = scenario_of(yaml);
            ASSERT_TRUE(scenario && !scenario->faults.empty()) << kind.name;
            EXPECT_EQ(scenario->faults.front().kind->name, kind.name);
        }
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
