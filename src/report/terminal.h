// SPDX-License-Identifier: Apache-2.0
//
// A run on a terminal, as it goes. Threads: a TerminalReport is used on one thread, the functions on any.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "record/event.h"
#include "record/run_state.h"
#include "scenario/scenario.h"

namespace netcut {

// One line for an event, without a newline; empty for those that are for machines alone.
std::string event_line(const Event& event);

// Whether it is a terminal that moves its cursor. terminfo(5) has "dumb" for those that do not.
bool moves_its_cursor(int fd);
// The width of a terminal in columns; 0 if `fd` is no terminal.
std::size_t columns_of(int fd);

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

}  // namespace netcut
