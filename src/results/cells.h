// SPDX-License-Identifier: Apache-2.0
//
// What came of many runs, by cell: of a study, a matrix or a set of experiments. Pure; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "statistics/interval.h"
#include "study/row.h"

namespace netcut {

// How a run ended, in one word: that of its row, and ", but" if it went on with a model that is not right.
std::string outcome_with_model(const StudyRow& row);
// Whether a run that ended so has failed: it crashed, hung, left, or went on with a wrong model. One whose moment never came
// has neither failed nor survived.
bool has_failed(std::string_view outcome);
bool has_survived(std::string_view outcome);

// The runs of one combination of levels. Those that the machine spoiled are counted, and nothing more.
struct ResultCell {
    struct Run {
        std::string key, outcome, folder,
            detail;  // folder: below that of the results; empty: it was not kept
        std::optional<double> recovery_s;
    };
    std::vector<std::string> levels;  // of ResultSet::factors, in their order
    std::string id{};                 // "c012": cells are in the order of their ids when all rows are there
    std::map<std::string, std::size_t> outcomes{};
    std::map<std::string, std::vector<double>> numbers{};  // by measure, of the runs that have it
    std::vector<Run> runs{};                               // the first ones; see ResultSet::most_runs
    std::size_t crowded = 0, errors = 0;

    std::size_t count() const;  // of runs that say something
    std::size_t failed() const;
    std::size_t survived() const;
};

// How often runs had to be made again, of all.
struct MachineTrouble {
    std::size_t crowded = 0, errors = 0, lost = 0;  // tries that were made again
    std::size_t crowded_rows = 0, error_rows = 0;   // that were given up: they are in no number
};

class ResultSet {
  public:
    static constexpr std::size_t most_runs = 20'000;     // that are kept one by one, for links
    static constexpr std::size_t most_rows = 2'000'000;  // more are refused: numbers are kept in memory

    std::string title, path;

    // Rows of one set have the same factors.
    void take(const StudyRow& row);
    // Sorts cells by their ids, and runs of each by their keys: rows come in the order in which runs have ended.
    void sort();

    const std::vector<std::string>& factors() const { return factors_; }
    // Names of numbers that at least one run has, the built-in ones first.
    std::vector<std::string> measures() const;
    const std::vector<ResultCell>& cells() const { return cells_; }
    std::size_t rows() const { return rows_; }
    const MachineTrouble& trouble() const { return trouble_; }
    // Of the runs: the programs and machines that made them, and when.
    const std::set<std::string>& versions() const { return versions_; }
    const std::set<std::string>& kernels() const { return kernels_; }
    const std::set<std::string>& hosts() const { return hosts_; }
    const std::string& first_started() const { return first_started_; }
    const std::string& last_started() const { return last_started_; }

    // Those cells of which a factor has that level, without the factor. Empty if there is none.
    ResultSet where(const std::string& factor, const std::string& level) const;

  private:
    ResultCell& cell_of(const std::vector<std::string>& levels, const std::string& id);

    std::vector<std::string> factors_;
    std::vector<ResultCell> cells_;
    std::map<std::vector<std::string>, std::size_t> places_;
    std::set<std::string> measured_, versions_, kernels_, hosts_;
    std::string first_started_, last_started_;
    std::size_t rows_ = 0, runs_kept_ = 0;
    MachineTrouble trouble_;
};

// "loss=10%, congestion=reno"
std::string cell_name(const std::vector<std::string>& factors, const std::vector<std::string>& levels);

}  // namespace netcut
