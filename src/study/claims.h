// SPDX-License-Identifier: Apache-2.0
//
// Who makes which run of a study. A claim is a file claims/KEY.N that only one process can create (O_EXCL), N being the
// number of the try. Its owner touches it again and again; one that is not touched for the length of the lease, or whose
// process is known to be dead, is given up, and whoever creates KEY.N+1 makes the run again. Times are compared by the
// clock of the file system alone.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "base/words.h"
#include "folder/folder.h"

namespace netcut {

// How a try has ended.
enum class TryEnd { running, done, crowded, error, stopped };
inline constexpr std::array<EnumWord<TryEnd>, 5> try_end_words = {{
    {TryEnd::running, "running"},
    {TryEnd::done, "done"},        // its row is written
    {TryEnd::crowded, "crowded"},  // it is to be made again
    {TryEnd::error, "error"},      // likewise
    {TryEnd::stopped, "stopped"},  // by a signal; it does not count as a try
}};
constexpr const auto& words_of(TryEnd) {
    return try_end_words;
}

// This process as other processes, also of other machines, can know it.
struct Claimant {
    std::string host;
    std::string
        machine;  // of one boot and one namespace of processes: who is the same there sees the same numbers
    int process = 0;
    std::uint64_t started = 0;  // in clock ticks since the boot: numbers of processes are used again
    std::string task{};         // what a cluster calls it; may be empty

    static Claimant self();
};

// Ours; its file is open.
struct Claim {
    std::string key;
    unsigned number = 1;                         // of the try
    unsigned tries = 1;                          // that count, with this one
    unsigned crowded = 0, errors = 0, lost = 0;  // earlier tries, by their ends; lost: their process has died
    Fd file{};

    std::string name() const;  // "KEY.2"
};

// Not thread-safe.
class Claims {
  public:
    // `lease`: after so long without a touch, a claim of another machine is given up.
    Claims(const RunFolder& folder, Nanoseconds lease, Claimant self = Claimant::self());

    // Reads which claims there are; before several calls of take().
    Result<void> refresh();
    // Nothing: another process makes it.
    Result<std::optional<Claim>> take(const std::string& key);
    bool was_tried(const std::string& key) const { return newest_.contains(key); }
    // Says that we are alive; to be called several times in a lease.
    void touch(const Claim& claim) const;
    // Whether another process has given us up, and makes the run again.
    bool is_ours(const Claim& claim) const;
    Result<void> end(const Claim& claim, TryEnd how) const;
    Nanoseconds lease() const { return lease_; }

  private:
    struct State {
        Claimant who{};
        TryEnd end = TryEnd::running;
        bool readable = false;  // its maker has written who it is
    };
    State read(const std::string& name) const;
    bool is_given_up(const std::string& name, const State& state) const;
    Result<std::optional<Claim>> create(const std::string& key, unsigned number);
    Result<void> count_earlier(Claim& claim) const;
    std::string text_of(TryEnd end) const;

    const RunFolder& folder_;
    Nanoseconds lease_;
    Claimant self_;
    std::map<std::string, unsigned> newest_;  // by key, the number of the newest try
};

}  // namespace netcut
