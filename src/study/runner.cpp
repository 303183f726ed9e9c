// SPDX-License-Identifier: Apache-2.0
#include "study/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <csignal>
#include <filesystem>

#include "base/thread.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr auto between_refreshes = std::chrono::seconds(1);
constexpr int touches_in_a_lease = 8;
constexpr int most_of_the_time = 50;  // looking at tasks may use the 50th part of a CPU

// The first try has the name of the run alone.
std::string folder_of(const Claim& claim) {
    return claim.number == 1 ? claim.key : fmt::format("{}-t{}", claim.key, claim.number);
}

std::string why_spoiled(const StudyRow& row) {
    if (row.machine == MachineWord::crowded)
        return fmt::format("crowded: one of its programs waited for a CPU for {:.0f} % of the run",
                           100 * row.starved.value_or(0));
    if (row.machine == MachineWord::unknown)
        return "for how long its programs waited for a CPU is not known (on a kernel that does not tell, "
               "write "
               "machine: {crowded_above: 100%})";
    return fmt::format("{}: {}", word_of(row.machine), row.detail);
}

}  // namespace

StudyRunner::StudyRunner(const StudyDesign& design, StudyStore& store, RunPool& pool,
                         const StudyRunOptions& options, std::function<void(const std::string&)> tell)
    : design_(design),
      store_(store),
      pool_(pool),
      options_(options),
      tell_(std::move(tell)),
      claims_(store.folder(), options.lease),
      progress_(design),
      packer_(MachineRoom::here(), options.jobs) {
    std::size_t number = 0;
    for (const StudyRunKey& run : order_of(design)) {
        const bool ours = !options.shard || number % options.shard->of + 1 == options.shard->number;
        ++number;
        const bool wanted = !options.wanted || options.wanted(run.cell);
        if (ours && wanted) open_.push_back({run, key_text(design, run)});
    }
    pool_.manage({[this](const std::string& id, int process) {
                      under_way_[id].process = process;
                      tasks_.begin(process);
                  },
                  [this] { look(); }, [this](RunPool::Progress& progress) { correct(progress); }});
}

StudyRunner::~StudyRunner() {
    pool_.manage({});
}

void StudyRunner::note(Result<void> result) {
    if (!result && !error_) error_ = std::move(result).error();
}

bool StudyRunner::budget_is_used() const {
    return (design_.budget && Clock::now() - begun_ > *design_.budget) ||
           (design_.most_runs && store_.rows().size() + under_way_.size() >= *design_.most_runs);
}

Result<void> StudyRunner::refresh() {
    refreshed_ = Clock::now();
    NETCUT_TRY(store_.refresh());
    NETCUT_TRY(claims_.refresh());
    for (const auto& [key, row] : store_.rows())
        if (learnt_.insert(key).second) packer_.learn(row);
    progress_.update(store_.rows());
    times_ = RunTimes(store_.rows());
    std::erase_if(open_, [&](const Open& one) { return store_.rows().contains(one.key); });
    return {};
}

Result<bool> StudyRunner::try_to_begin(const Open& open) {
    NETCUT_ASSIGN(auto claim, claims_.take(open.key));
    if (!claim) {
        ++elsewhere_;
        return false;
    }
    if (claim->tries > design_.most_tries) {
        UnderWay none{open.run, std::move(*claim)};
        NETCUT_TRY(keep_row(row_of_lost(design_, open.run, none.claim), none, {}));
        return false;
    }
    const std::string id = folder_of(*claim);
    UnderWay& run = under_way_[id];
    run = {open.run, std::move(*claim), 0, wall_time_text(std::chrono::system_clock::now()), Clock::now()};
    packer_.add(open.key, design_.cells[open.run.cell].id);
    pool_.submit({id, scenario_of(design_, open.run), true},
                 [this, id](const RunOutcome& outcome) { note(finish(id, outcome)); });
    return true;
}

// Runs that nobody has begun come first, so that a bad one delays nothing. Whether one was begun.
Result<bool> StudyRunner::begin_one() {
    elsewhere_ = 0;
    const std::vector<Open> open = open_;  // a row may come meanwhile
    for (const bool tried : {false, true})
        for (const Open& one : open) {
            if (claims_.was_tried(one.key) != tried || !progress_.wants(one.run)) continue;
            if (store_.rows().contains(one.key)) continue;
            const bool ours = std::any_of(under_way_.begin(), under_way_.end(),
                                          [&](const auto& run) { return run.second.claim.key == one.key; });
            if (ours || !packer_.fits(design_.cells[one.run.cell].id)) continue;
            NETCUT_ASSIGN(const bool begun, try_to_begin(one));
            if (begun) return true;
        }
    return false;
}

Result<void> StudyRunner::top_up() {
    if (error_ || budget_is_used()) return {};
    for (bool begun = true; begun && !budget_is_used();) {
        NETCUT_ASSIGN(begun, begin_one());
    }
    return {};
}

void StudyRunner::look() {
    const Clock::time_point now = Clock::now();
    if (now - touched_ > options_.lease / touches_in_a_lease) {
        touched_ = now;
        for (const auto& [id, run] : under_way_) claims_.touch(run.claim);
    }
    if (now - looked_ > look_took_ * most_of_the_time) {
        looked_ = now;
        const Nanoseconds before = thread_cpu_time();
        tasks_.look();
        look_took_ = thread_cpu_time() - before;
    }
    if (now - refreshed_ < between_refreshes || pool_.progress().stopping) return;
    note(refresh());
    note(top_up());
}

Result<void> StudyRunner::finish(const std::string& id, const RunOutcome& outcome) {
    auto node = under_way_.extract(id);
    UnderWay run = std::move(node.mapped());
    packer_.remove(run.claim.key);
    EndedRun ended{run.key, outcome, {}, run.started};
    if (const TaskUse use = tasks_.end(run.process); use.cpu > Nanoseconds(0)) ended.use = use;
    const StudyRow row = measure_run(store_.folder(), design_, ended, run.claim);
    if (!claims_.is_ours(run.claim)) {
        remove_folder(id);
        return {};
    }
    if (!row.good() && row.tries < design_.most_tries) {
        packer_.learn(row);
        tell_(fmt::format("{}  {}; it is made again", row.key, why_spoiled(row)));
        if (design_.keep != KeepRuns::all) remove_folder(id);
        NETCUT_TRY(
            claims_.end(run.claim, row.machine == MachineWord::crowded ? TryEnd::crowded : TryEnd::error));
    } else {
        NETCUT_TRY(keep_row(row, run, id));
    }
    NETCUT_TRY(refresh());
    return top_up();
}

Result<void> StudyRunner::keep_row(const StudyRow& row, const UnderWay& run, const std::string& id) {
    const bool failed = !row.good() || row.exit_status != 0;
    const bool keep = design_.keep == KeepRuns::all || (design_.keep == KeepRuns::failed && failed);
    StudyRow kept = row;
    if (!keep) kept.run.clear();
    NETCUT_TRY(store_.write(kept));
    std::erase_if(open_, [&](const Open& one) { return one.key == row.key; });
    NETCUT_TRY(claims_.end(run.claim, TryEnd::done));
    if (!keep && !id.empty()) remove_folder(id);
    const std::string machine = row.good() ? "" : fmt::format(" ({})", word_of(row.machine));
    tell_(fmt::format("{}  {}  {}{}{}", row.key, design_.cells[run.key.cell].text(), row.outcome(),
                      row.detail.empty() ? "" : ": " + row.detail, machine));
    return {};
}

void StudyRunner::remove_folder(const std::string& id) const {
    const AsUser as_user(store_.folder().user());
    const std::string at = store_.folder().path_that_stays() + "/runs/" + id;
    std::error_code ignored;  // what cannot be removed takes room and does no harm
    std::filesystem::remove_all(at, ignored);
    std::filesystem::remove(at + ".yaml", ignored);
    std::filesystem::remove(at + ".txt", ignored);
}

void StudyRunner::correct(RunPool::Progress& progress) const {
    const std::size_t rows = store_.rows().size();
    std::size_t wanted = 0;
    Nanoseconds work{0};
    bool known = true;
    for (const Open& one : open_) {
        if (one.run.repeat > progress_.expected_repeats(one.run.cell)) continue;
        ++wanted;
        const auto mean = times_.of(design_.cells[one.run.cell].id);
        known = known && mean;
        if (mean) work += *mean;
    }
    progress.done = rows;
    progress.under_way = under_way_.size();
    progress.waiting = wanted - std::min(wanted, under_way_.size());
    progress.left.reset();
    if (!known || wanted == 0) return;
    for (const auto& [id, run] : under_way_) work -= std::min(work, Clock::now() - run.begun);
    progress.left =
        work / static_cast<std::int64_t>(std::max<std::size_t>(1, under_way_.size() + elsewhere_));
}

// What a signal ended is to be made again, and at once.
void StudyRunner::give_back() {
    for (const auto& [id, run] : under_way_) {
        note(claims_.end(run.claim, TryEnd::stopped));
        remove_folder(id);
    }
    under_way_.clear();
}

// Whether a run may be left that another process has begun and not ended.
Result<bool> StudyRunner::wait_for_others() {
    boost::asio::io_context io;
    boost::asio::signal_set signals(io, SIGINT, SIGTERM, SIGHUP);
    boost::asio::steady_timer timer(io, std::min<Nanoseconds>(std::chrono::seconds(1), options_.lease / 4));
    signals.async_wait([&](boost::system::error_code error, int signal) {
        if (error) return;
        waited_signal_ = signal;
        timer.cancel();
    });
    timer.async_wait([&](boost::system::error_code) { signals.cancel(); });
    io.run();
    NETCUT_TRY(refresh());
    NETCUT_TRY(top_up());
    return elsewhere_ > 0 && under_way_.empty();
}

Result<int> StudyRunner::run() {
    NETCUT_TRY(refresh());
    NETCUT_TRY(top_up());
    for (;;) {
        NETCUT_ASSIGN(const int signal, pool_.run());
        if (signal != 0) give_back();
        if (error_) return Failure(*error_);
        if (signal != 0) return signal;
        bool waiting = under_way_.empty() && elsewhere_ > 0 && !budget_is_used();
        while (waiting && waited_signal_ == 0) {
            NETCUT_ASSIGN(waiting, wait_for_others());
        }
        if (waited_signal_ != 0) return waited_signal_;
        if (under_way_.empty()) return 0;
    }
}

}  // namespace netcut
