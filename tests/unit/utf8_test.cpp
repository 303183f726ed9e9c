// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "record/event.h"
#include "report/final_screen.h"
#include "report/junit.h"
#include "report/terminal.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

// What steers a terminal, hides, or turns what stands beside it around.
const std::vector<std::string> hostile = {"\x1b[31m",
                                          "\x07",
                                          "\x7f",
                                          "\x9b"
                                          "31m",
                                          "\xc2\x9b"
                                          "31m",
                                          "\xe2\x80\xae",
                                          "\xe2\x80\x8f",
                                          "\xe2\x81\xa6",
                                          "\xd8\x9c",
                                          "\xe2\x80\xa8",
                                          "\xe2\x80\x8b",
                                          "\xef\xbb\xbf",
                                          "\xef\xbf\xbe",
                                          "\xef\xbf\xbf",
                                          "\xed\xa0\x80",
                                          "\xc0\x80",
                                          "\xf4\x90\x80\x80",
                                          "\xff",
                                          "\xe2\x80",
                                          std::string(1, '\0')};

TEST(Utf8, HostileTextIsShownAsQuestionMarks) {
    for (const std::string& text : hostile) {
        const std::string shown = printable("a" + text + "b");
        EXPECT_TRUE(shown.starts_with("a?")) << shown;
        EXPECT_TRUE(shown.ends_with("b")) << shown;
        EXPECT_THAT(shown, Not(HasSubstr(text)));
        EXPECT_THAT(printable_lines("a\n" + text), Not(HasSubstr(text)));
    }
    EXPECT_EQ(printable("a\nb"), "a?b");
    EXPECT_EQ(printable_lines("a\nb\r\n"), "a\nb?\n");
}

TEST(Utf8, WordsOfAllLanguagesAreShownAsTheyAre) {
    for (const char* text : {"Größe", "日本語", "עברית", "می‌خواهم", "👩‍🔬", "e\xcc\x81"}) {
        EXPECT_EQ(printable(text), text);
        EXPECT_EQ(xml_text(text), text);
    }
}

TEST(Utf8, IsCutBetweenCharacters) {
    EXPECT_EQ(printable("abcdef", 3), "abc...");
    EXPECT_EQ(printable("abcdef", 6), "abcdef");
    EXPECT_EQ(printable("äöü", 3), "ä...");
}

TEST(Utf8, XmlHasWhatItMayHave) {
    for (const std::string& text : hostile) {
        const std::string xml = xml_text("a" + text + "b");
        for (std::string_view rest = xml; !rest.empty(); rest.remove_prefix(first_character(rest).bytes)) {
            const auto character = first_character(rest).value;
            ASSERT_TRUE(character) << text;
            EXPECT_TRUE(*character >= 0x20 && *character != 0xfffe && *character != 0xffff) << text;
        }
    }
    EXPECT_EQ(xml_text("\t\r\n"), "\t\r\n");
}

TEST(Utf8, AJunitReportIsWellFormedWhateverANodePrints) {
    for (const std::string& text : hostile) {
        const std::string xml =
            junit_xml("run" + text, {{"line" + text, 1, JunitCase::Outcome::failed, text, text}});
        EXPECT_EQ(xml_text(xml), xml) << text;
    }
}

TEST(Utf8, TheLastScreenSteersNoTerminal) {
    for (const std::string& text : hostile) {
        const Json verdict = {{"verdict", "hung"},
                              {"reason", "no progress" + text},
                              {"headline", "Failed" + text},
                              {"passed", false},
                              {"exit_status", 1},
                              {"faults", Json::array()},
                              {"expected", {{{"what", text}, {"met", false}, {"found", text}}}},
                              {"rounds", nullptr},
                              {"nodes", {{{"node", "a" + text}, {"finished", false}, {"ended", text}}}},
                              {"half_open", Json::array()}};
        EXPECT_THAT(final_screen(verdict, "/folder" + text, false), Not(HasSubstr(text)));
        Event event;
        event.what = event::RunBegun{.run = "x" + text};
        EXPECT_THAT(event_line(event), Not(HasSubstr(text)));
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
