// SPDX-License-Identifier: Apache-2.0
//
// The rooms of src/, in the order of docs/design.md: one includes only those above it; and headers stand beside their sources.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string text_of(const std::filesystem::path& path) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

const std::filesystem::path source = NETCUT_SOURCE_DIR;

std::vector<std::string> included_by(const std::string& text) {
    static const std::regex include("(?:^|\n)#include [\"<]([^\">]+)[\">]");
    std::vector<std::string> names;
    for (std::sregex_iterator one(text.begin(), text.end(), include), end; one != end; ++one)
        names.push_back((*one)[1]);
    return names;
}

// The list at the head of the page.
class Rooms {
  public:
    explicit Rooms(const std::string& page) {
        std::istringstream lines(page.substr(0, page.find("\n\nA room includes only rooms above it")));
        static const std::regex room("    src/(\\w+)/ .*");
        std::smatch found;
        for (std::string line; std::getline(lines, line);)
            if (std::regex_match(line, found, room)) places_.emplace(found[1], places_.size());
    }

    std::size_t count() const { return places_.size(); }

    // Of "run/journal.h" or "src/run/journal.h"; empty: of none.
    std::string room_of(const std::string& path) const {
        static const std::regex in_room("(?:src/)?(\\w+)/.*");
        std::smatch found;
        return std::regex_match(path, found, in_room) && places_.contains(found[1]) ? found[1].str() : "";
    }

    // What a file includes of rooms below its own: "src/base/a.h includes run/b.h".
    std::vector<std::string> arrows_up(const std::string& path, const std::string& text) const {
        const std::string own = room_of(path);
        if (own.empty()) return {path + " is in no room of docs/design.md"};
        std::vector<std::string> arrows;
        for (const std::string& name : included_by(text)) {
            const std::string other = room_of(name);
            if (!other.empty() && places_.at(other) > places_.at(own))
                arrows.push_back(path + " includes " + name);
        }
        return arrows;
    }

  private:
    std::map<std::string, std::size_t> places_;
};

// A header without comments, texts, lines of the preprocessor, and bodies of functions.
class Declarations {
  public:
    explicit Declarations(std::string text) {
        static const std::regex noise(
            R"re(//[^\n]*|/\*[^]*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\])+'|#(?:[^\n\\]|\\\n|\\.)*)re");
        text = std::regex_replace(text, noise, "");
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '{' && !opens_scope())
                i = end_of_braces(text, i);
            else if (text[i] == ';' || text[i] == '{' || text[i] == '}')
                end_statement();
            else
                statement_ += text[i];
        }
    }

    // Functions that are declared and have no body.
    std::vector<std::string> without_body() const {
        std::vector<std::string> names;
        for (const std::string& name : declared_)
            if (!with_body_.contains(name)) names.push_back(name);
        return names;
    }

  private:
    bool opens_scope() const {
        static const std::regex scope("\\b(namespace|struct|class|union)\\b[^()]*$");
        return std::regex_search(statement_, scope);
    }
    // Its type, its name, its parameters.
    std::optional<std::string> function() const {
        static const std::regex function(
            "^[^=(]*[\\w>&*]\\s+[&*]*(\\w+)\\s*\\([^]*\\)\\s*(const|noexcept|override|\\s)*$");
        static const std::regex other("^\\s*(using|friend|static_assert|return)\\b");
        std::smatch found;
        if (std::regex_search(statement_, other) || !std::regex_search(statement_, found, function))
            return {};
        return found[1];
    }
    // After the body of a function nothing is left of it.
    std::size_t end_of_braces(const std::string& text, std::size_t at) {
        if (const auto name = function()) with_body_.insert(*name);
        if (statement_.find('(') != std::string::npos) statement_.clear();
        for (std::size_t depth = 0; at < text.size(); ++at) {
            depth += text[at] == '{' ? 1 : 0;
            if (text[at] == '}' && --depth == 0) break;
        }
        return at;
    }
    void end_statement() {
        if (const auto name = function()) declared_.push_back(*name);
        statement_.clear();
    }

    std::string statement_;
    std::vector<std::string> declared_;
    std::set<std::string> with_body_;
};

std::map<std::string, std::string> sources() {
    std::map<std::string, std::string> texts;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / "src")) {
        const auto& path = entry.path();
        const std::string name = path.lexically_relative(source);
        if ((path.extension() == ".h" || path.extension() == ".cpp") && name != "src/precompiled.h")
            texts[name] = text_of(path);
    }
    return texts;
}

// All that a file and what it includes of src/ include, and who is the first to do so.
using Includers = std::map<std::string, std::string>;
void gather(const std::map<std::string, std::string>& texts, const std::string& file, Includers& all) {
    for (const std::string& name : included_by(texts.at(file)))
        if (all.emplace(name, file).second && texts.contains("src/" + name))
            gather(texts, "src/" + name, all);
}

// "pcapng.h": pcapng.cpp, or pcapng_reader.cpp and pcapng_writer.cpp.
bool has_source(const std::map<std::string, std::string>& texts, const std::string& header) {
    const std::string stem = header.substr(0, header.size() - 2);
    for (const auto& [name, text] : texts)
        if (name == stem + ".cpp" || (name.starts_with(stem + "_") && name.ends_with(".cpp"))) return true;
    return header == "src/run/engine_impl.h";  // engine_*.cpp
}

TEST(RoomOrder, NoFileIncludesARoomBelowItsOwn) {
    const Rooms rooms(text_of(source / "docs/design.md"));
    ASSERT_GT(rooms.count(), 10U);
    const auto texts = sources();
    EXPECT_GT(texts.size(), 200U);
    for (const auto& [name, text] : texts) EXPECT_THAT(rooms.arrows_up(name, text), IsEmpty());
}

TEST(RoomOrder, WhatAHeaderDeclaresIsDefinedInItOrInTheSourceBesideIt) {
    const auto texts = sources();
    for (const auto& [name, text] : texts) {
        if (!name.ends_with(".h") || has_source(texts, name)) continue;
        EXPECT_THAT(Declarations(text).without_body(), IsEmpty()) << name << " has no source";
    }
}

// Which files a change touches is of use as long as they are there.
TEST(RoomOrder, FilesThatContributorsAreToldOfExist) {
    static const std::regex file("(?:src|tests|docs|tools)/[a-zA-Z0-9_/.-]+\\.(?:h|cpp|md|jsonl?)\\b");
    const std::string page = text_of(source / "CONTRIBUTING.md");
    std::size_t found = 0;
    for (std::sregex_iterator one(page.begin(), page.end(), file), end; one != end; ++one) {
        const std::string name = one->str();
        const std::string last = std::filesystem::path(name).stem();
        if (last == "KIND" || last == "FAMILY") continue;
        ++found;
        EXPECT_TRUE(std::filesystem::exists(source / name)) << name;
    }
    EXPECT_GT(found, 20U);
}

TEST(RoomOrder, IncludeHasTheHeadersOfTheLibraryAlone) {
    const Rooms rooms(text_of(source / "docs/design.md"));
    std::vector<std::string> headers;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / "include")) {
        if (!entry.is_regular_file()) continue;
        headers.push_back(entry.path().lexically_relative(source / "include"));
        for (const std::string& name : included_by(text_of(entry.path())))
            EXPECT_TRUE(rooms.room_of(name).empty() && name.find('/') == std::string::npos)
                << "whoever includes " << headers.back() << " has no " << name;
    }
    EXPECT_THAT(headers, ElementsAre("netcut/netcut.h"));
}

TEST(RoomOrder, AScenarioIncludesNothingOfTheKernel) {
    const auto texts = sources();
    Includers all;
    for (const auto& [name, text] : texts)
        if (name.starts_with("src/scenario/")) gather(texts, name, all);
    for (const auto& [included, by] : all)
        EXPECT_FALSE(included.starts_with("kernel/") || included.starts_with("boost/asio"))
            << by << " includes " << included;
}

TEST(RoomOrder, AnArrowAgainstTheOrderIsFound) {
    const Rooms rooms(
        "    src/base/    errors\n    src/kernel/  talks to Linux\n"
        "    src/run/     the engine\n\nA room includes only rooms above it.\n    src/no/ room\n");
    EXPECT_EQ(rooms.count(), 3U);
    EXPECT_THAT(rooms.arrows_up("src/kernel/a.cpp", "#include \"kernel/b.h\"\n#include \"base/c.h\"\n"),
                IsEmpty());
    EXPECT_THAT(rooms.arrows_up("src/kernel/a.h", "// x\n#include <map>\n#include \"run/b.h\"\n"),
                ElementsAre("src/kernel/a.h includes run/b.h"));
    EXPECT_THAT(rooms.arrows_up("src/attic/a.cpp", ""), ElementsAre(HasSubstr("no room")));
}

TEST(RoomOrder, ADeclarationWithoutABodyIsFound) {
    const auto found = [](const std::string& text) { return Declarations(text).without_body(); };
    EXPECT_THAT(found("namespace n {\n// int a();\nResult<void> b(int fd,\n    int c = 0);\n}\n"),
                ElementsAre("b"));
    EXPECT_THAT(
        found("class A {\n    A() = default;\n    int b() const noexcept;\n    int c() { return d(); }\n};"),
        ElementsAre("b"));
    EXPECT_THAT(found("#define A(b) \\\n    c(b);\nstruct D {\n    std::function<void(int)> e{};\n"
                      "    D(int f) : g_(f) {}\n    int h = i();\n};"),
                IsEmpty());
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
