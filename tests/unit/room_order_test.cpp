// SPDX-License-Identifier: Apache-2.0
//
// The rooms of src/, in the order of docs/design.md: one includes only those above it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

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

// The list at the head of the page. A header of include/netcut belongs to the room of its name, or to the one whose
// lines name it.
class Rooms {
  public:
    explicit Rooms(const std::string& page) {
        std::istringstream lines(page.substr(0, page.find("\n\nA room includes only rooms above it")));
        static const std::regex room("    src/(\\w+)/ .*"), header("(\\w+)\\.h\\b");
        std::string name;
        for (std::string line; std::getline(lines, line);) {
            std::smatch found;
            if (std::regex_match(line, found, room)) {
                name = found[1];
                places_.emplace(name, places_.size());
            }
            for (std::sregex_iterator one(line.begin(), line.end(), header), end; one != end; ++one)
                headers_[(*one)[1]] = name;
        }
    }

    std::size_t count() const { return places_.size(); }

    // Of "run/journal.h", "src/run/journal.h" or "netcut/run.h"; empty: of none.
    std::string room_of(const std::string& path) const {
        static const std::regex in_face("(?:include/)?netcut/(\\w+)\\.h"), in_room("(?:src/)?(\\w+)/.*");
        std::smatch found;
        if (std::regex_match(path, found, in_face)) {
            const auto named = headers_.find(found[1]);
            return named == headers_.end() ? known(found[1]) : named->second;
        }
        return std::regex_match(path, found, in_room) ? known(found[1]) : "";
    }

    // What a file includes of rooms below its own: "src/base/a.h includes run/b.h".
    std::vector<std::string> arrows_up(const std::string& path, const std::string& text) const {
        const std::string own = room_of(path);
        if (own.empty()) return {path + " is in no room of docs/design.md"};
        static const std::regex include("(?:^|\n)#include \"([^\"]+)\"");
        std::vector<std::string> arrows;
        for (std::sregex_iterator one(text.begin(), text.end(), include), end; one != end; ++one) {
            const std::string other = room_of((*one)[1]);
            if (!other.empty() && places_.at(other) > places_.at(own))
                arrows.push_back(path + " includes " + (*one)[1].str());
        }
        return arrows;
    }

  private:
    std::string known(const std::string& name) const { return places_.contains(name) ? name : ""; }

    std::map<std::string, std::size_t> places_;
    std::map<std::string, std::string> headers_;
};

const std::filesystem::path source = NETCUT_SOURCE_DIR;

TEST(RoomOrder, NoFileIncludesARoomBelowItsOwn) {
    const Rooms rooms(text_of(source / "docs/design.md"));
    ASSERT_GT(rooms.count(), 10U);
    std::size_t files = 0;
    for (const char* folder : {"src", "include"})
        for (const auto& entry : std::filesystem::recursive_directory_iterator(source / folder)) {
            const auto& path = entry.path();
            if (path.extension() != ".h" && path.extension() != ".cpp") continue;
            const std::string name = path.lexically_relative(source);
            if (name == "src/precompiled.h") continue;
            ++files;
            EXPECT_THAT(rooms.arrows_up(name, text_of(path)), IsEmpty());
        }
    EXPECT_GT(files, 200U);
}

TEST(RoomOrder, AnArrowAgainstTheOrderIsFound) {
    const Rooms rooms(
        "    src/base/    errors\n    src/kernel/  talks to Linux; its face is also rights.h\n"
        "    src/run/     the engine\n\nA room includes only rooms above it.\n    src/no/ room\n");
    EXPECT_EQ(rooms.count(), 3U);
    EXPECT_THAT(rooms.arrows_up("src/run/a.cpp", "#include \"kernel/b.h\"\n#include \"run/c.h\"\n"),
                IsEmpty());
    EXPECT_THAT(rooms.arrows_up("src/kernel/a.h", "// x\n#include <map>\n#include \"netcut/run.h\"\n"),
                ElementsAre("src/kernel/a.h includes netcut/run.h"));
    EXPECT_THAT(rooms.arrows_up("src/base/a.cpp", "#include \"base/a.h\"\n#include \"netcut/rights.h\"\n"),
                ElementsAre(HasSubstr("netcut/rights.h")));
    EXPECT_THAT(rooms.arrows_up("include/netcut/rights.h", "#include \"run/b.h\"\n"),
                ElementsAre(HasSubstr("run/b.h")));
    EXPECT_THAT(rooms.arrows_up("src/attic/a.cpp", ""), ElementsAre(HasSubstr("no room")));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
