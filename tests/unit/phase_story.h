// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "base/time.h"
#include "link/counter.h"
#include "phase/phase.h"
#include "phase/phase_classifier.h"

namespace netcut::test {

using namespace std::chrono_literals;

inline constexpr Nanoseconds period = 5ms;

// A node whose samples are written down as a story, one sentence after the other.
class Story {
  public:
    Story() { add(0ms); }

    Story& idle(Nanoseconds time) { return rest(time, 0); }
    Story& compute(Nanoseconds time, double cpus = 1) { return rest(time, cpus); }
    Story& rest(Nanoseconds time, double cpus) {
        return repeat(time, [&] { use(cpus); });
    }
    Story& up(Nanoseconds time, std::uint64_t bytes_a_period = 30'000) {
        return repeat(time, [&] { send_up(bytes_a_period); });
    }
    Story& down(Nanoseconds time, std::uint64_t bytes_a_period = 30'000) {
        return repeat(time, [&] { send_down(bytes_a_period); });
    }
    // A call on a connection of its own: greetings both ways, a question and its answer.
    Story& poll(Nanoseconds time = 10ms) {
        connect();
        repeat(time, [&] {
            send_up(1500, 3);
            send_down(2500, 3);
            use(0.6);
        });
        return close();
    }
    Story& both(Nanoseconds time, std::uint64_t up, std::uint64_t down, std::uint64_t packets = 1) {
        return repeat(time, [&] {
            send_up(up, packets);
            send_down(down, packets);
        });
    }
    // A window update goes up, a ping comes down.
    Story& chatter(Nanoseconds time) {
        return repeat(time, [&] {
            count(sample_.data.up, 1, 90);
            count(sample_.data.down, 1, 90);
        });
    }
    Story& unacknowledged(Nanoseconds time, std::uint64_t bytes, bool resending = false) {
        repeat(time, [&] {
            sockets_.unacknowledged = bytes;
            sockets_.resending = resending;
        });
        sockets_.unacknowledged = 0;
        sockets_.resending = false;
        return *this;
    }
    Story& crowd(bool crowded) {
        crowded_ = crowded;
        return *this;
    }
    // It uses the CPU for what it has got.
    Story& unread(Nanoseconds time, std::uint64_t bytes) {
        repeat(time, [&] {
            sockets_.unread = bytes;
            use(0.5);
        });
        sockets_.unread = 0;
        return *this;
    }
    Story& connect() {
        ++sockets_.connections;
        ++sockets_.opened;
        return *this;
    }
    // Something had no CPU for so long, and then uses some.
    Story& starve(Nanoseconds time, double cpus = 1) {
        rest(time, 0);
        sample_.ready += time;
        return rest(period, cpus);
    }
    Story& close() {
        --sockets_.connections;
        return *this;
    }
    Story& not_sampled_for(Nanoseconds time) {
        add(time);
        return *this;
    }
    // And so much came down meanwhile.
    Story& missed_down(Nanoseconds time, std::uint64_t bytes) {
        send_down(bytes);
        return not_sampled_for(time);
    }
    Story& sample_fails() {
        sample_.time += period;
        PhaseSample failed;
        failed.time = sample_.time;
        failed.complete = false;
        tell(failed);
        return *this;
    }

    PhaseNow now() const { return classifier_.now(); }
    Nanoseconds time() const { return sample_.time; }
    std::vector<PhaseInterval> told() {
        collect();
        return intervals_;
    }
    std::vector<PhaseInterval> end() {
        classifier_.finish();
        return told();
    }

  private:
    Story& repeat(Nanoseconds time, const std::function<void()>& happens) {
        for (Nanoseconds passed{0}; passed < time; passed += period) {
            happens();
            add(period);
        }
        return *this;
    }
    static void count(CounterValue& counter, std::uint64_t packets, std::uint64_t bytes) {
        counter.packets += packets;
        counter.bytes += bytes;
    }
    void send_up(std::uint64_t bytes, std::uint64_t packets = 20) {
        count(sample_.data.up, packets, bytes);
        count(sample_.data.messages_up, packets, bytes);
    }
    void send_down(std::uint64_t bytes, std::uint64_t packets = 20) {
        count(sample_.data.down, packets, bytes);
        count(sample_.data.messages_down, packets, bytes);
    }
    void use(double cpus) {
        sample_.cpu += Nanoseconds(static_cast<std::int64_t>(static_cast<double>(period.count()) * cpus));
    }
    void add(Nanoseconds later) {
        sample_.time += later;
        if (crowded_) sample_.crowded += later;
        sample_.sockets = sockets_;
        tell(sample_);
    }
    void tell(const PhaseSample& sample) {
        classifier_.add(sample);
        collect();
    }
    void collect() {
        for (const PhaseInterval& interval : classifier_.take()) intervals_.push_back(interval);
    }

    PhaseClassifier classifier_;
    PhaseSample sample_;
    SocketBacklog sockets_;
    bool crowded_ = false;
    std::vector<PhaseInterval> intervals_;
};

inline std::vector<Phase> phases(const std::vector<PhaseInterval>& intervals) {
    std::vector<Phase> all;
    for (const PhaseInterval& interval : intervals)
        if (interval.phase != Phase::unknown) all.push_back(interval.phase);
    return all;
}

inline Nanoseconds time_in(const std::vector<PhaseInterval>& intervals, Phase phase) {
    Nanoseconds time{0};
    for (const PhaseInterval& interval : intervals)
        if (interval.phase == phase) time += interval.to - interval.from;
    return time;
}

inline const PhaseInterval& first(const std::vector<PhaseInterval>& intervals, Phase phase) {
    for (const PhaseInterval& interval : intervals)
        if (interval.phase == phase) return interval;
    throw std::runtime_error(std::string("never ") + word_of(phase));
}

}  // namespace netcut::test
