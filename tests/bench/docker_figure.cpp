// SPDX-License-Identifier: Apache-2.0
//
// The same work done with Docker, as the script did that netcut-fl replaces.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/io.h"
#include "base/time.h"
#include "bench/docker_engine.h"
#include "bench/figures.h"
#include "bench/fire_timing.h"
#include "bench/line_timing.h"

namespace netcut::bench {
namespace {

constexpr const char* aggregator = "aggregator";
constexpr const char* collaborator = "collaborator1";
constexpr const char* aggregator_ip = "10.99.0.2";
constexpr const char* collaborator_ip = "10.99.0.3";

// A federation of two containers, and traffic between them.
class DockerScene {
  public:
    explicit DockerScene(const DockerEngine& engine) : engine_(engine) {
        engine.run(aggregator, aggregator_ip);
        engine.run(collaborator, collaborator_ip);
        traffic_.emplace(open("ns/net", O_RDONLY, collaborator).get(),
                         open("ns/net", O_RDONLY, aggregator).get());
        traffic_->await_both_ways();
    }
    ~DockerScene() {
        traffic_.reset();
        engine_.remove({aggregator, collaborator});
    }
    DockerScene(const DockerScene&) = delete;
    DockerScene& operator=(const DockerScene&) = delete;

    Traffic& traffic() { return *traffic_; }
    Fd open_output() const { return open("fd/1", O_WRONLY, collaborator); }  // as the node itself has it
    void cut() const { engine_.disconnect(collaborator); }
    void heal() const { engine_.connect(collaborator, collaborator_ip); }
    Words follow_log() const { return engine_.command({"logs", "--follow", collaborator}); }

  private:
    Fd open(const std::string& what, int flags, const std::string& name) const {
        const std::string path = engine_.proc_folder(name) + "/" + what;
        return Fd(must(::open(path.c_str(), flags | O_CLOEXEC), path.c_str()));
    }

    const DockerEngine& engine_;
    std::optional<Traffic> traffic_;
};

class LogWatcher {
  public:
    explicit LogWatcher(const DockerScene& scene)
        : scene_(scene),
          output_(scene.open_output()),
          log_(must(make_pipe())),
          follower_(std::in_place, scene.follow_log(), log_.write.get()) {
        log_.write.reset();
        thread_ = std::thread([this] { watch(); });
    }
    ~LogWatcher() {
        follower_.reset();
        thread_.join();
    }
    LogWatcher(const LogWatcher&) = delete;
    LogWatcher& operator=(const LogWatcher&) = delete;

    int log() const { return output_.get(); }
    const std::atomic<bool>& fired() const { return fired_; }
    void await_heal() {
        scene_.heal();
        fired_ = false;
    }

  private:
    void watch() {
        std::array<char, 4096> buffer;
        while (const auto size = must(::read(log_.read.get(), buffer.data(), buffer.size()), "read a log")) {
            const std::string_view text(buffer.data(), static_cast<std::size_t>(size));
            if (text.find(matching_text) == std::string_view::npos) continue;
            scene_.cut();
            fired_ = true;
        }
    }

    const DockerScene& scene_;
    Fd output_;
    Pipe log_;
    std::optional<Running> follower_;
    std::atomic<bool> fired_ = false;
    std::thread thread_;
};

Nanoseconds time_start(const DockerEngine& engine, std::size_t containers) {
    Words names;
    const auto begin = Clock::now();
    for (std::size_t i = 0; i < containers; ++i) engine.run(names.emplace_back(fmt::format("node{}", i)));
    const Nanoseconds took = Clock::now() - begin;
    engine.remove(names);
    return took;
}

}  // namespace

PeerSamples measure_docker(const Cores& cores, std::size_t repeats, std::size_t collaborators) {
    const DockerEngine engine;
    PeerSamples samples;
    {
        DockerScene scene(engine);
        for (std::size_t i = 0; i < repeats; ++i) {
            const FireTimes times = time_fire(cores, scene.traffic(), [&] { scene.cut(); });
            samples["fire_to_acknowledged"].add(times.acknowledged);
            samples["fire_to_loss"].add(times.first_loss);
            samples["heal_to_passage"].add(time_heal(cores, scene.traffic(), [&] { scene.heal(); }));
            scene.traffic().await_both_ways();
        }
        LogWatcher watcher(scene);
        for (std::size_t i = 0; i < repeats; ++i)
            samples["line_to_loss_asleep"].add(time_line(cores, scene.traffic(), watcher));
    }
    samples[fmt::format("start_1+{}_processes", collaborators)].add(time_start(engine, collaborators + 1));
    return samples;
}

}  // namespace netcut::bench
