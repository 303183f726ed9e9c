// SPDX-License-Identifier: Apache-2.0
//
// explore: many runs, and what they show together: experiments, the search for the shortest fatal outage, the
// reduction of a failure, the replay of a run.
//
// Each run is a process of its own, `netcut-fl run`, so that runs disturb each other no more than separate
// machines of the same speed would. The algorithms (Bisection, reduce_to_smallest, compare_runs) are pure.
// Threads: a RunPool lives on one thread; the functions may be used on any.
#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "netcut/run.h"

namespace netcut {

// --- running many ---

struct RunRequest {
    std::string id;  // the name of its folder below runs/, unique
    Scenario scenario;
    bool afresh = false;  // also if it was made before
};

struct RunOutcome {
    std::string id;  // empty: it was not made
    int exit_status = 0;
    Json verdict;         // as in verdict.json; null if the run made none
    std::string message;  // then: the end of what it said
    bool reused = false;  // it had been made before

    // "recovered", "crashed", "hung", "left", "not noticed" (recovered, but no packet met the fault),
    // "not-triggered", "undisturbed", "error".
    std::string word() const;
    bool survived() const;  // it was hit by the fault, and went on; or there was none
    bool unnoticed() const;
    bool fatal() const;   // crashed, hung or left
    bool judged() const;  // it says something about the federation
    // Of word(): the time to recover, who crashed and how, who hangs; may be empty.
    std::string detail() const;
    std::optional<double> seconds_to_recover() const;
    // That it was not the moment that was asked for, but a later one; else empty.
    std::string late_text() const;
};

// Runs as many at once as it may. A request whose run is there already, from the same scenario and judged, is
// not repeated: so what was stopped goes on where it was.
class RunPool {
  public:
    // `program`: netcut-fl itself. `jobs`: runs at once. `local`: without the daemon, even if there is one.
    RunPool(const RunFolder& folder, std::string program, unsigned jobs, bool local = false);
    ~RunPool();
    RunPool(const RunPool&) = delete;
    RunPool& operator=(const RunPool&) = delete;

    // `done` may submit more. It is not called for runs that stop() ended.
    void submit(RunRequest request, std::function<void(const RunOutcome&)> done);
    // Returns when nothing is left to do. A signal (SIGINT, SIGTERM) ends the runs in order; its number is
    // then the result, else 0. An error means that runs cannot be started or files not be written.
    Result<int> run();

    struct Progress {
        std::size_t done = 0, under_way = 0, waiting = 0;
        // Until all that is known of has ended, from how long the runs took that were made; none before the first.
        std::optional<Nanoseconds> left;
    };
    Progress progress() const;
    // Called several times a second while run() runs.
    void on_tick(std::function<void()> tick) { tick_ = std::move(tick); }

  private:
    struct Child;
    Result<void> start_next();
    void fill();
    void on_end(Child& child, int exit_status);
    std::optional<RunOutcome> outcome_of_earlier(const RunRequest& request, const std::string& yaml) const;
    RunOutcome read_outcome(const std::string& id, int exit_status) const;
    void stop(int signal);

    struct Waiting {
        RunRequest request;
        std::function<void(const RunOutcome&)> done;
    };
    const RunFolder& folder_;
    std::string program_;
    unsigned jobs_;
    bool local_;
    boost::asio::io_context io_;
    std::deque<Waiting> waiting_;
    std::vector<std::unique_ptr<Child>> children_;
    std::optional<Error> error_;
    int signal_ = 0;
    std::function<void()> tick_;
    std::size_t done_ = 0, made_ = 0;  // made: not taken from before
    Nanoseconds made_in_{0};           // all of these together
};

// "7 of 48 runs, 2 under way, about 3 min left". `open_ended`: more runs may follow from those that are known of.
std::string progress_text(const RunPool::Progress& progress, bool open_ended);

// The name of a run's folder: letters, digits, dots and dashes; other signs become "_".
std::string run_id(const std::string& moment, const std::string& column, unsigned repeat);
std::string csv_field(const std::string& text);  // RFC 4180

// --- experiments ---

// A moment in each phase of a node's work (docs/phases.md), by its name: what can be asked of any federation.
std::vector<ExperimentSpec> phase_experiments();

// A kind of cut and what it says beyond that: "unplug(new-mac,no-announce)".
struct CutKind {
    const FaultKind* kind = fault_kind("drop");
    std::string name = "drop";  // as it was given
    std::string keys;           // of a fault, as YAML: "{kind: unplug, mac: new, announce: false}"

    CutKind() = default;
    CutKind(const FaultKind* of) : kind(of), name(of->name) {}
    // In parentheses are keys of the kind, KEY=VALUE, or the options of a cut, without their dashes.
    static Result<CutKind> parse(const std::string& text);
    Result<void> apply(FaultSpec& fault) const;
};

struct ExperimentColumn {
    CutKind cut;
    Nanoseconds duration{0};
    std::string text() const;  // "drop 20s"
};
// The scenario of one cell: `base` with the experiment's parameters and its cut. Checked.
Result<Scenario> experiment_scenario(const Scenario& base, const ExperimentSpec& experiment,
                                     const ExperimentColumn& column);

struct ExperimentCell {
    std::vector<RunOutcome> repeats;

    // The word of all repeats; "mixed" if they differ.
    std::string word() const;
    // One line for people: "recovered +1.7 s", "hung 2 of 3, recovered 1".
    std::string text() const;
};
struct ExperimentTable {
    std::string title;
    std::vector<ExperimentSpec> rows;
    std::vector<ExperimentColumn> columns;
    std::vector<std::vector<ExperimentCell>> cells;  // by row, by column

    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;  // the form that html_page() takes, kind "experiments"
    // Adds a row without runs.
    void add_row(ExperimentSpec row);
    // Submits the runs of one row. The table must stay where it is, and get no more rows, until the pool has
    // run.
    Result<void> submit_row(RunPool& pool, std::size_t row, const Scenario& base, unsigned repeats,
                            const std::function<void(const std::string&)>& tell);
    // 0: none was fatal; 1: some were; 4: a moment never came; else the status of a run that went wrong.
    int exit_status() const;
    // Leaves out runs that were submitted and never made, as after a signal.
    void leave_out_unmade();
};

// --- the same run, repeated ---

// Whether a run does each time what is expected of it, by its exit status.
struct Repeats {
    std::string title;
    std::vector<RunOutcome> runs;

    std::size_t failed() const;
    // "flaky: 2 of 20 runs failed; 3 % to 30 % of all runs would fail (95 % confidence)"
    std::string headline() const;
    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;  // the form that html_page() takes, kind "experiments", of one cell
    // 0: all did; 1: some crashed, hung, or did not do what was expected; else that of a run that went wrong, or 4.
    int exit_status() const;
    void leave_out_unmade();  // as ExperimentTable has it
};
// Between which shares of all runs those that fail probably are, when `failed` of `runs` did: Wilson's interval with 95 %
// confidence (E. B. Wilson, JASA 22, 1927). `runs` is not 0.
std::pair<double, double> likely_share(std::size_t failed, std::size_t runs);

// --- the search for the shortest fatal outage ---

// What an outage did.
enum class Effect { unnoticed, survived, fatal };

// Bisects on a scale on which longer is worse. It takes outcomes as they come, and never more than needed. What
// nobody noticed is not fatal, and tells nothing about survival.
class Bisection {
  public:
    Bisection() = default;
    // From `least` to `most`, until the two bounds are no more than `within` apart.
    Bisection(Nanoseconds least, Nanoseconds most, Nanoseconds within);

    // What to try next; none when it is done.
    std::optional<Nanoseconds> next() const;
    void take(Nanoseconds length, Effect effect);

    std::optional<Nanoseconds> longest_unnoticed() const { return unnoticed_; }
    std::optional<Nanoseconds> longest_survived() const { return survived_; }
    std::optional<Nanoseconds> shortest_fatal() const { return fatal_; }

  private:
    Nanoseconds least_{0}, most_{0}, within_{0};
    std::optional<Nanoseconds> longest_harmless() const { return std::max(survived_, unnoticed_); }
    std::optional<Nanoseconds> unnoticed_, survived_, fatal_;
};

// Where one kind of cut at one moment begins to be fatal.
struct ResilienceCell {
    CutKind cut;
    Bisection bounds{};
    std::size_t runs = 0;
    struct Try {
        Nanoseconds length{0};
        std::string outcome, run;  // its word, and its folder below runs/
    };
    std::vector<Try> tries;
    bool mixed = false;   // at one length some repeats survived and some did not: it counts as fatal
    std::string trouble;  // why it cannot be told: the moment never came, a run went wrong
    int trouble_status = 0;

    std::string text() const;  // "survives 6.8 s, not 7 s"
};
struct ResilienceMap {
    std::string title;
    Nanoseconds limit{0};  // longer ones were not tried
    std::vector<ExperimentSpec> rows;
    std::vector<std::vector<ResilienceCell>> cells;  // by row, by kind

    std::string to_text() const;
    std::string to_csv() const;
    Json to_json() const;     // the form that html_page() takes, kind "map"
    int exit_status() const;  // 0, or that of a run that went wrong, or 4
};
struct SearchOptions {
    Nanoseconds least{0}, most{0}, within{0};
    unsigned repeats = 1;  // an outage is survived if none of them is fatal, and one of them was noticed
};
// Submits what the search needs; the map is complete when the pool has run. It must stay where it is until
// then.
Result<void> search(RunPool& pool, ResilienceMap& map, const Scenario& base, const SearchOptions& options,
                    const std::function<void(const std::string&)>& tell);

// Moves the cut of `moment`, whose `when` counts bytes, over a transfer, `step` by `step`, until the transfer
// is over before the byte comes. Rows of the table are added for each step. Returns what RunPool::run() does.
struct SweepOptions {
    std::uint64_t step = 0;  // bytes
    unsigned repeats = 1;
    unsigned steps_at_once = 1;
};
Result<int> sweep(RunPool& pool, ExperimentTable& table, const Scenario& base, ExperimentSpec moment,
                  const SweepOptions& options, const std::function<void(const std::string&)>& tell);

// --- reduction ---

// ddmin of Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing Input (2002), over `count`
// items. `fails` says of each of several sets of items whether the failure is still there; the sets may be
// tried at once. The result fails, and none of its items can be left out alone.
using ItemSet = std::vector<std::size_t>;
using SetOracle = std::function<Result<std::vector<bool>>(const std::vector<ItemSet>&)>;
Result<ItemSet> reduce_to_smallest(std::size_t count, const SetOracle& fails);

// --- replay ---

// Where two journals of the same scenario go apart, in words, the first difference first; empty: nowhere.
// Times are not compared: what fired, in which order, on which packet or line, what was lost to exact faults,
// how nodes ended and what the verdict was.
struct Divergence {
    std::string what;      // "fault cut 1: data packets sent before it"
    std::string recorded;  // "12"
    std::string replayed;  // "13"
};
std::vector<Divergence> compare_runs(const std::vector<Event>& recorded, const std::vector<Event>& replayed);

}  // namespace netcut
