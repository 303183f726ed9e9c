// SPDX-License-Identifier: Apache-2.0
//
// The summary of a CI job, in GitHub's Markdown.
#include <fmt/format.h>

#include <cctype>

#include "base/json.h"
#include "base/utf8.h"
#include "report/annotations.h"
#include "scenario/judgement.h"

namespace netcut {
namespace {

// A summary has 1 MiB at most, and people read the first screen of it.
constexpr std::size_t most_summary_rows = 50;
constexpr std::size_t most_cell_text = 500;  // bytes

using Cells = std::vector<std::string>;

std::string markdown_row(const Cells& cells) {
    return fmt::format("| {} |\n", fmt::join(cells, " | "));
}

std::string markdown_table(const Cells& head, const std::vector<Cells>& rows) {
    if (rows.empty()) return {};
    std::string text = "\n" + markdown_row(head) + markdown_row(Cells(head.size(), "---"));
    for (std::size_t i = 0; i < rows.size() && i < most_summary_rows; ++i) text += markdown_row(rows[i]);
    if (rows.size() > most_summary_rows)
        text += fmt::format("\nand {} more\n", rows.size() - most_summary_rows);
    return text;
}

std::string text_at(const Json& json, const char* key) {
    return markdown_text(json.at(key).get<std::string>());
}

std::string seconds_text(const Json& value, const char* otherwise) {
    return value.is_null() ? otherwise : fmt::format("{:.3f} s", value.get<double>());
}

std::string packets_text(const Json& node) {
    const bool queued = node.contains("packets_queued");
    const Json& packets = node.at(queued ? "packets_queued" : "packets_lost");
    std::string text =
        fmt::format("{} {}", packets.at("total").get<std::uint64_t>(), queued ? "waited" : "lost");
    if (!packets.contains("rebound_up")) return text;
    return text + fmt::format(", {} of another port", packets.at("rebound_up").get<std::uint64_t>() +
                                                          packets.at("rebound_down").get<std::uint64_t>());
}

std::vector<Cells> fault_cells(const Json& faults) {
    std::vector<Cells> rows;
    for (const Json& fault : faults)
        for (const Json& node : fault.at("nodes"))
            rows.push_back({text_at(fault, "fault"), text_at(fault, "kind"), text_at(node, "node"),
                            seconds_text(fault.at("fired_s"), ""),
                            seconds_text(fault.at("lasted_s"), "to the end"), packets_text(node),
                            seconds_text(node.at("time_to_recover_s"), "never")});
    return rows;
}

std::vector<Cells> expected_cells(const Json& verdict) {
    std::vector<Cells> rows;
    for (const Json& one : verdict.value("expected", Json::array())) {
        const bool met = one.at("met").get<bool>();
        rows.push_back({met ? "met" : "**not met**", text_at(one, "what"), met ? "" : text_at(one, "found")});
    }
    return rows;
}

std::vector<Cells> node_cells(const Json& nodes) {
    std::vector<Cells> rows;
    for (const Json& node : nodes)
        if (!node.at("finished").get<bool>()) rows.push_back({text_at(node, "node"), text_at(node, "ended")});
    return rows;
}

std::string bold_unless(bool good, const std::string& text) {
    return good ? text : "**" + text + "**";
}

}  // namespace

std::string markdown_text(const std::string& text) {
    std::string shown;
    for (const char c : printable(text, most_cell_text))
        shown += std::ispunct(static_cast<unsigned char>(c)) != 0 ? std::string{'\\', c} : std::string(1, c);
    return shown;
}

std::string summary_of_run(const Json& verdict, const std::string& folder) {
    const bool good = verdict.at("exit_status") == 0;
    return fmt::format("### {}: {}\n\n{}: {}\n", text_at(verdict, "name"),
                       bold_unless(good, text_at(verdict, "headline")), text_at(verdict, "verdict"),
                       text_at(verdict, "reason")) +
           markdown_table({"expected", "what", "found"}, expected_cells(verdict)) +
           markdown_table({"fault", "kind", "node", "at", "for", "packets", "data both ways after the heal"},
                          fault_cells(verdict.at("faults"))) +
           markdown_table({"node", "ended"}, node_cells(verdict.at("nodes"))) +
           fmt::format("\nfiles: {}\n\n", markdown_text(folder));
}

std::string summary_of_table(const Json& table, const std::string& folder) {
    Cells head = {"moment"};
    std::vector<Cells> rows;
    const bool map = table.at("kind") == "map";
    for (const Json& row : table.at("rows")) {
        Cells cells = {text_at(row, map ? "phase" : "name")};
        for (const Json& cell : row.at("cells")) {
            if (rows.empty()) head.push_back(text_at(cell, map ? "kind" : "column"));
            cells.push_back(map ? text_at(cell, "text")
                                : bold_unless(cell.at("outcome") == word_of(Judgement::recovered),
                                              text_at(cell, "text")));
        }
        cells.push_back(text_at(row, "what"));
        rows.push_back(std::move(cells));
    }
    head.emplace_back("what happens then");
    return fmt::format("### {}\n", text_at(table, "title")) + markdown_table(head, rows) +
           fmt::format("\nfiles: {}\n\n", markdown_text(folder));
}

}  // namespace netcut
