// SPDX-License-Identifier: Apache-2.0
//
// What the aftermath of a run is on a screen: short, since all of it is in the page.
#include "report/aftermath_text.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "digest/aftermath.h"
#include "folder/run_files.h"
#include "phase/phase.h"
#include "record/json_access.h"

namespace netcut {
namespace {

constexpr std::size_t shown_dead = 2, shown_standing = 12, shown_waiting = 4;
constexpr std::size_t shown_first = 4, shown_last = 10;  // of one that died
constexpr std::size_t shown_bytes = 160;                 // bytes

std::string line_text(const Json& line) {
    return printable(text_of(line.at(2)), shown_bytes);
}

std::string died_rows(const Json& node) {
    const Json& lines = node.at("lines");
    std::string text =
        fmt::format("{} said last{}\n", text_of(node.at("node")), lines.empty() ? ": nothing" : ":");
    const bool all = lines.size() <= shown_first + shown_last + 1;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (!all && i == shown_first) {
            const std::size_t left_out = lines.size() - shown_first - shown_last;
            text += fmt::format("        ({} lines are left out here)\n", left_out);
            i += left_out;
        }
        text += fmt::format("        {}\n", line_text(lines[i]));
    }
    return text;
}

std::string stood_rows(const Json& node) {
    const Json& last = node.at("last");
    const std::string phase = text_of(node.at("phase"));
    std::string text = "        " + text_of(node.at("node")) +
                       (phase == word_of(Phase::unknown) ? ": " : " (" + phase + "): ");
    if (last.is_null())
        text += "it has printed nothing\n";
    else if (node.at("age_s").is_null())
        text += fmt::format("its last line was \"{}\"\n", line_text(last));
    else
        text += fmt::format("its last line came {:.1f} s before: \"{}\"\n", node.at("age_s").get<double>(),
                            line_text(last));
    for (const Json& sentence : node.at("connections"))
        text += fmt::format("            {}\n", printable(text_of(sentence), shown_bytes));
    return text;
}

std::string waited_rows(const Json& fault) {
    const auto lines = fault.at("lines").get<std::size_t>();
    std::string text = fmt::format("{} waited for \"{}\" in the log of {} ({} line{}).\n",
                                   text_of(fault.at("fault")), printable(text_of(fault.at("pattern"))),
                                   text_of(fault.at("node")), lines, lines == 1 ? "" : "s");
    for (const Json& hint : fault.at("hints")) text += "        " + text_of(hint) + "\n";
    return text;
}

template <typename Rows>
std::string rows_of(const Json& list, std::size_t most, const Rows& rows) {
    std::string text;
    for (std::size_t i = 0; i < list.size() && i < most; ++i) text += rows(list[i]);
    if (list.size() > most) text += fmt::format("        and {} more, see report.html\n", list.size() - most);
    return text;
}

std::string listens_row(const Json& addresses) {
    if (addresses.empty()) return {};
    std::string text;
    for (const Json& address : addresses) text += (text.empty() ? "" : ", ") + text_of(address);
    return fmt::format(
        "The aggregator listens on {} only, where no other node can reach it: let it listen on 0.0.0.0 or "
        "[::].\n",
        text);
}

std::string aftermath_text(const Json& aftermath) {
    if (aftermath.is_null()) return {};
    std::string text = rows_of(aftermath.at("waited"), shown_waiting, waited_rows);
    if (const Json& stood = aftermath.at("stood"); !stood.empty())
        text += fmt::format("Where the nodes stood when the run was stopped, at {:.1f} s:\n",
                            aftermath.at("at_us").get<double>() / 1e6) +
                rows_of(stood, shown_standing, stood_rows);
    return text + listens_row(aftermath.at("listens")) + rows_of(aftermath.at("died"), shown_dead, died_rows);
}

}  // namespace

std::string aftermath_screen(const Json& verdict, const RunFolder& folder) {
    Json ignored = Json::array();
    const JournalDigest digest = digest_journal(folder, ignored);
    const std::string text = aftermath_text(aftermath(folder, LogPieces::read(folder), verdict, digest));
    if (text.empty()) return {};
    return printable_lines(
        text +
        "Lines of logs are the words of what runs in the nodes, not of netcut-fl; all of them are in " +
        folder.path() + "/logs.\n");
}

}  // namespace netcut
