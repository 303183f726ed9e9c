// SPDX-License-Identifier: Apache-2.0
//
// report: from a journal to what people read. Reads events, verdicts and the files of a run's folder, nothing
// else. Threads: a TerminalReport is used on one thread, the functions on any.
#pragma once

#include <string>

#include "netcut/run.h"
#include "netcut/scenario.h"
#include "record/run_state.h"

namespace netcut {

// One line for an event, without a newline; empty for those that are for machines alone.
std::string event_line(const Event& event);

// The one screen at the end: what was cut, when, on which line, what it lost, who finished, where the files
// are.
std::string final_screen(const Json& verdict, const std::string& folder, bool colours);

// After a bad run: the last lines of nodes that ended by themselves and badly, where those that still ran stood when
// the run was stopped, and why a fault that waited for a log line never fired. Empty if there is nothing of it.
std::string aftermath_screen(const Json& verdict, const RunFolder& folder);

// What a node has printed last, on either stream; empty if it is nothing, or cannot be read.
std::string last_line_of(const RunFolder& folder, const std::string& node);

// junit.xml in the form that Jenkins' JUnit plugin and GitHub's test reporters read
// (https://github.com/testmoapp/junitxml describes it).
struct JunitCase {
    enum class Outcome { passed, failed, error, skipped };
    std::string name;
    double seconds = 0;
    Outcome outcome = Outcome::passed;
    std::string message;  // why it did not pass
    std::string output;   // may be empty
};
std::string junit_xml(const std::string& suite, const std::vector<JunitCase>& cases);
// Of one run: a case for each thing expected, or one for its verdict. `output`: what its screen showed.
std::vector<JunitCase> junit_cases(const Json& verdict, double seconds, const std::string& output);

// Whether it is a terminal that moves its cursor. terminfo(5) has "dumb" for those that do not.
bool moves_its_cursor(int fd);

// What a screen knows of a run before it begins.
struct RunPlan {
    struct Waiting {
        std::string fault, what;  // "cut", "\"round 2\" in the log of collaborator1"
        std::string node;         // whose log it is; may be empty
    };
    std::vector<Waiting> faults;
    bool tells_progress = false;  // its progress lines are events
    Nanoseconds hang_after{0};
};
RunPlan plan_of(const Scenario& scenario);

// Prints events as they come; on a terminal with a line below them that says how things stand
// (unless TERM is dumb), and with colour (unless NO_COLOR is set). A reader that
// does not read is not waited for but at the end: lines that do not fit into 256 KiB are left out, and counted.
class TerminalReport {
  public:
    TerminalReport(int fd, bool quiet, RunPlan plan = {});

    void take(const Event& event);
    // To be called several times a second. Draws the status line again, on a terminal; says once which faults still
    // wait after ten seconds.
    void tick();
    void finish(const Json& verdict, const std::string& folder);
    // Whose last line the status line has, and that line.
    std::string node_that_matters() const;
    void set_last_line(std::string line) { last_line_ = std::move(line); }
    bool is_terminal() const { return terminal_; }

  private:
    void print(const std::string& text);
    void print_line(const std::string& line);
    void tell_left_out();
    void flush(std::chrono::milliseconds patience);
    std::string status_line() const;
    void clear_status();
    void tell_waiting();

    int fd_;
    bool quiet_;
    bool terminal_;  // a line may be written over
    bool colours_;
    std::string pending_;       // what the reader has not taken yet
    std::size_t left_out_ = 0;  // lines that there was no room for
    bool status_shown_ = false;
    RunState state_;
    Clock::time_point begun_ = Clock::now();  // when the run did, as far as its events tell
    RunPlan plan_;
    bool told_waiting_ = false;
    std::string last_line_;
};

// --- pages ---

// A page for people: one HTML file that asks the network for nothing. `data` has a `title` and a `kind`:
//   run          what run_page_data makes of a run's folder
//   experiments  a table of outcomes: columns, and rows of cells with outcome, detail and repeats
//   map          a resilience map: rows (phases) of cells (kinds) with the longest outage survived and the
//   shortest fatal
// (src/report/page/README.md has their form). Texts in it may come from anywhere; none of them becomes
// markup.
std::string html_page(const Json& data);

// What the page of a run shows. Reads its files with the rights of the folder's user, in pieces: memory is
// bounded however long the journal is. Of a run that left a part of its files only, what is there; an error
// if nothing is.
Result<Json> run_page_data(const RunFolder& folder);

// Makes report.html in the folder, or makes it anew.
Result<void> write_report(const RunFolder& folder);

// Makes index.html in a folder of runs: the latest thousand, with links to their reports.
Result<void> write_run_index(const std::string& path, const User& user);

}  // namespace netcut
