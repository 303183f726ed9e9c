// SPDX-License-Identifier: Apache-2.0
//
// Whatever a run's folder holds, verify ends with an answer: mutated captures and journals, each in a buffer
// of just its size. The seed is printed and can be given again: NETCUT_FUZZ_SEED, NETCUT_FUZZ_FILES.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "base/time.h"
#include "capture/capture_file.h"
#include "record/event.h"
#include "record/facts.h"
#include "record/reader.h"
#include "scenario/fault_spec.h"
#include "scenario/scenario.h"
#include "verdict/verdict.h"
#include "verdict/verdict_json.h"
#include "verify/journal_rules.h"
#include "verify/verify.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::strtoull(value, nullptr, 10) : otherwise;
}

class Mutator {
  public:
    explicit Mutator(std::uint64_t seed) : random_(seed) {}

    std::string change(std::string bytes) {
        for (std::size_t changes = below(5); changes > 0 && !bytes.empty(); --changes) {
            const std::size_t at = below(bytes.size());
            switch (below(6)) {
                case 0:
                    bytes.resize(at);
                    break;
                case 1:
                    bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
                    break;
                case 2:
                    bytes[at] = "\0\1\x7f\xff\"{}[]:,09-"[below(14)];
                    break;
                case 3:
                    bytes.insert(at, bytes.substr(below(bytes.size()), below(64)));
                    break;
                case 4:
                    bytes.erase(at, below(16));
                    break;
                default:
                    bytes[at] = static_cast<char>(below(256));
            }
        }
        bytes.shrink_to_fit();
        return bytes;
    }

  private:
    std::size_t below(std::size_t bound) {
        return std::uniform_int_distribution<std::size_t>(0, bound - 1)(random_);
    }
    std::mt19937_64 random_;
};

std::string sample_capture() {
    const std::vector<std::uint8_t> frame(70, 0x45);
    std::string bytes;
    pcapng::append_section(bytes, "netcut-fl", "");
    pcapng::append_interface(bytes, {"node", "", 256});
    pcapng::append_interface(bytes, {"lost", "", 256});
    for (int i = 0; i < 3; ++i)
        pcapng::append_packet(bytes, {static_cast<std::uint32_t>(i % 2),
                                      Nanoseconds(i),
                                      pcapng::Way::inbound,
                                      70,
                                      frame,
                                      {loss_comment("cut", {})}});
    pcapng::append_statistics(bytes, {0, Nanoseconds(9), 1, 2, {"end"}});
    return bytes;
}

std::string sample_journal() {
    return R"({"n":1,"t_ns":0,"wall":"x","event":"run.begun","details":{"schema":3,"name":"run","realtime_ns":5,"nodes":["aggregator","collaborator1"]}}
{"n":2,"t_ns":1,"wall":"x","event":"node.started","node":"aggregator"}
{"n":3,"t_ns":2,"wall":"x","event":"trigger.matched","node":"collaborator1","fault":"cut","details":{"line":"x","match":1,"verdict":"fires"}}
{"n":4,"t_ns":3,"wall":"x","event":"fault.fired","fault":"cut","details":{"kind":"drop","nodes":["collaborator1"],"number":1,"trigger":{"node":"a","line":"x"},"took_us":1.5,"for_s":20.0}}
{"n":5,"t_ns":4,"wall":"x","event":"fault.healed","fault":"cut","details":{"lasted_s":1e-9,"packets_lost":{"collaborator1":3},"losses":{"collaborator1":{"router_up":1,"router_down":1,"unsendable_at_node":1}}}}
{"n":6,"t_ns":5,"wall":"x","event":"node.recovered","node":"collaborator1","fault":"cut","details":{"sent_again_s":1.0,"sent_again_ns":1,"received_again_s":null,"received_again_ns":null}}
{"n":7,"t_ns":6,"wall":"x","event":"node.exited","node":"aggregator","details":{"exit_code":0,"starts":1,"stopped_by_us":false,"killed_by_fault":false}}
{"n":8,"t_ns":6,"wall":"x","event":"socket.half_open","node":"aggregator","details":{"local":"10.0.0.1 5","remote":"::1 7","state":"ESTABLISHED","unacknowledged_bytes":1,"ms_since_sent":2,"ms_since_received":3,"peer":"x"}}
{"n":9,"t_ns":7,"wall":"x","event":"run.stopping","details":{"end":"hung"}}
{"n":10,"t_ns":8,"wall":"x","event":"run.state","details":{"state":"done"}}
)";
}

TEST(EvidenceFuzz, NoBytesHarmTheReaderOfCaptures) {
    const std::uint64_t seed = setting("NETCUT_FUZZ_SEED", 20260301),
                        files = setting("NETCUT_FUZZ_FILES", 100'000);
    std::cout << "seed " << seed << ", " << files << " captures\n";
    Mutator mutator(seed);
    const std::string sample = sample_capture();
    std::uint64_t whole = 0, packets = 0;
    for (std::uint64_t i = 0; i < files; ++i) {
        const std::string bytes = mutator.change(sample);
        pcapng::Reader reader(bytes);
        auto read = reader.next();
        for (; read && *read; read = reader.next()) {
            ++packets;
            for (const std::string& comment : (*read)->comments) read_loss_comment(comment);
            ASSERT_LE((*read)->bytes.size(), bytes.size());
        }
        whole += read ? 1 : 0;
    }
    std::cout << whole << " whole, " << packets << " packets\n";
    EXPECT_GT(packets, files / 4) << "the mutations must not all end at the first check";
    EXPECT_LT(whole, files);
}

TEST(EvidenceFuzz, NoBytesHarmTheReaderOfJournals) {
    const std::uint64_t seed = setting("NETCUT_FUZZ_SEED", 20260301),
                        files = setting("NETCUT_FUZZ_FILES", 4'000);
    std::cout << "seed " << seed << ", " << files << " journals\n";
    Mutator mutator(seed);
    Scenario scenario;
    scenario.collaborators = 1;
    FaultSpec& cut = scenario.faults.emplace_back();
    cut.name = "cut";
    cut.nodes = {"collaborator1"};
    const std::string sample = sample_journal();
    std::uint64_t events = 0;
    for (std::uint64_t i = 0; i < files; ++i) {
        Check check;
        const std::vector<Event> read = read_journal(mutator.change(sample)).events;
        events += read.size();
        const Facts facts = check_journal(read, scenario, check).facts(scenario);
        verdict_json(facts, judge(facts), scenario);
    }
    EXPECT_GT(events, files);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
