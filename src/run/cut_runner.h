// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <string>
#include <vector>

#include "netcut/run.h"
#include "netcut/trigger.h"

namespace netcut {

// The life of one fault of the scenario: matches come in, cuts go out, each with its losses and recovery.
class CutRunner {
  public:
    struct Observer {
        std::function<void(const CutRunner&)> fired;   // after the packets are being lost
        std::function<void(const CutRunner&)> healed;  // after they pass again
        std::function<void(Error)> failed;
    };
    CutRunner(boost::asio::io_context& io, Journal& journal, Fabric& fabric, FaultTable& table,
              FaultSpec spec, Cut cut, Observer observer);

    const FaultSpec& spec() const { return spec_; }
    const Cut& cut() const { return cut_; }
    const std::vector<CutOutcome>& outcomes() const { return outcomes_; }
    // A cut is on its way, or one is active that will heal.
    bool busy() const { return waiting_ || (cut_.active() && spec_.duration); }
    bool fired() const { return !outcomes_.empty(); }
    bool waiting() const { return waiting_; }

    // A watched line has matched. Fires from inside this call, unless a delay is asked for.
    void match(const std::string& node, std::string_view line);
    // The run is over: no more cuts and heals; what is still active is counted for the last time.
    void finish();

  private:
    void begin_cut();   // what must be fast
    void tell_fired();  // counting, journal, observer
    void when_due(boost::asio::steady_timer& timer, unsigned& use, std::function<void()> work);
    void stop_timers();
    void heal();
    void watch_recovery();
    void look_for_data();
    void update_losses();
    void fail(Error error);
    const std::string& node_name(std::size_t index) const { return fabric_.node(index).name; }

    Journal& journal_;
    Fabric& fabric_;
    FaultTable& table_;
    FaultSpec spec_;
    Cut cut_;
    Observer observer_;
    MatchCounter counter_;
    boost::asio::steady_timer timer_;           // of the delay, then of the heal
    boost::asio::steady_timer recovery_timer_;  // of the next look at the counters
    unsigned timer_use_ = 0, recovery_use_ = 0;
    bool waiting_ = false;  // in the delay between match and cut
    std::string trigger_node_, trigger_line_;
    Nanoseconds fire_begun_{0}, fire_ended_{0};
    Result<void> fire_result_;
    std::vector<CutOutcome> outcomes_;
    Clock::time_point healed_at_;
    std::map<std::size_t, PortCounters> counters_at_heal_;
};

}  // namespace netcut
