// SPDX-License-Identifier: Apache-2.0
#include "bench/watchers.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <future>
#include <limits>

#include "base/error.h"
#include "base/io.h"
#include "base/time.h"
#include "bench/namespaces.h"
#include "bench/require.h"
#include "fault/fault.h"
#include "kernel/precedence.h"
#include "record/event.h"
#include "scenario/fault_spec.h"
#include "scenario/triggers.h"
#include "trigger/line_scanner.h"
#include "trigger/pattern.h"

namespace netcut::bench {
namespace {

// On a disk, as the engine's files are, and gone with the descriptor.
Fd unnamed_file() {
    const std::string folder = std::filesystem::current_path();
    return Fd(must(::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_APPEND | O_CLOEXEC, 0600), "make a file"));
}

FaultSpec fault_spec(Nanoseconds duration) {
    FaultSpec spec;
    spec.name = "cut";
    spec.nodes = {"collaborator1"};
    spec.trigger.kind = FaultTrigger::Kind::log;
    spec.trigger.pattern = matching_text;
    spec.trigger.node = "collaborator1";
    spec.duration = duration;
    spec.times = std::numeric_limits<unsigned>::max();
    return spec;
}

}  // namespace

ProductWatcher::ProductWatcher(int core, Scene& scene, Nanoseconds duration)
    : pipe_(must(make_pipe())),
      timers_(io_),
      journal_(unnamed_file(), {}),
      sockets_(scene.fabric),
      tap_(scene.fabric),
      runner_(runner(scene, duration)) {
    must(tap_.prepare());
    scanner_.watch({must(Pattern::parse(runner_.spec().trigger.pattern)),
                    [this](std::string_view line) { runner_.trigger("collaborator1", line); }});
    watch(std::move(pipe_.read), scanner_, "collaborator1");
    thread_ = std::thread([this, core] {
        pin_to(core);
        take_precedence();
        io_.run();
    });
}

ProductWatcher::~ProductWatcher() {
    io_.stop();
    thread_.join();
}

FaultRunner ProductWatcher::runner(Scene& scene, Nanoseconds duration) {
    const auto failed = [this](const Error&) { failed_ = true; };
    FaultSpec spec = fault_spec(duration);
    Fault cut = scene.prepare_cut();
    auto watch = std::make_unique<RecoveryWatch>(
        io_, scene.fabric, scene.table, sockets_, tap_, cut.plan(), *spec.kind,
        RecoveryWatch::into_journal(journal_, scene.fabric, spec.name, failed));
    return FaultRunner(
        timers_, journal_, std::move(spec),
        std::make_unique<KernelFault>(scene.fabric, scene.table, std::move(cut)), std::move(watch),
        no_processes_,
        {[this](const FaultRunner&) { fired_ = true; }, [this](const FaultRunner&) { healed_ = true; },
         failed, [](const std::vector<std::size_t>&) { return std::vector<event::PhaseSeen>{}; }});
}

void ProductWatcher::watch(Fd log, LineScanner& scanner, const std::string& node) {
    std::make_shared<LogPump>(io_, std::move(log), unnamed_file(), node,
                              LogPump::Observer{[&scanner](std::string_view bytes) { scanner.feed(bytes); },
                                                [this](const Error&) { failed_ = true; }, [] {}})
        ->start();
}

std::vector<Fd> ProductWatcher::watch_others(std::size_t nodes) {
    std::vector<Fd> logs;
    std::promise<void> watched;
    boost::asio::post(io_, [&] {  // on the thread that runs them
        for (std::size_t i = 0; i < nodes; ++i) {
            Pipe pipe = must(make_pipe());
            others_.emplace_back().watch(
                {must(Pattern::parse(std::string(matching_text))), [](std::string_view) {}});
            watch(std::move(pipe.read), others_.back(), fmt::format("collaborator{}", i + 2));
            logs.push_back(std::move(pipe.write));
        }
        watched.set_value();
    });
    watched.get_future().get();
    return logs;
}

void ProductWatcher::await_heal() {
    while (!healed_ && !failed_) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (failed_) throw std::runtime_error("a cut failed");
    fired_ = healed_ = false;
}

FloorWatcher::FloorWatcher(int core, const Scene& scene)
    : pipe_(must(make_pipe())), cut_(scene.fabric.router()), thread_([this, core] {
          pin_to(core);
          watch();
      }) {}

FloorWatcher::~FloorWatcher() {
    pipe_.write.reset();
    thread_.join();
}

void FloorWatcher::watch() {
    const Fd epoll(must(::epoll_create1(EPOLL_CLOEXEC), "make an epoll descriptor"));
    epoll_event event{EPOLLIN, {}};
    must(::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, pipe_.read.get(), &event), "watch a pipe");
    std::array<char, 4096> buffer;
    for (;;) {
        must(::epoll_wait(epoll.get(), &event, 1, -1), "await a line");
        const auto size = must(::read(pipe_.read.get(), buffer.data(), buffer.size()), "read a line");
        if (size == 0) return;
        if (::memmem(buffer.data(), static_cast<std::size_t>(size), matching_text.data(),
                     matching_text.size()) == nullptr)
            continue;
        cut_.fire();
        fired_ = true;
    }
}

void FloorWatcher::await_heal() {
    cut_.heal();
    fired_ = false;
}

}  // namespace netcut::bench
