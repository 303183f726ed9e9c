// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <future>

#include "base/error.h"
#include "base/io.h"
#include "bench/figures.h"
#include "bench/require.h"
#include "node/log_pump.h"
#include "trigger/line_scanner.h"
#include "trigger/pattern.h"

namespace netcut::bench {
namespace {

constexpr std::size_t block = 64 * 1024;

// What a chatty framework prints; no line matches.
std::string some_lines() {
    std::string text;
    for (int i = 0; text.size() < block; ++i)
        text += fmt::format("[12:00:{:02}] INFO     collaborator{} is at step {} with loss 0.{}\n", i % 60,
                            i % 8, i, i * 37 % 1000);
    text.resize(block);
    return text;
}

// As logs are: on a disk, gone with the descriptor.
Fd log_file() {
    return Fd(must(::open(".", O_TMPFILE | O_WRONLY | O_APPEND | O_CLOEXEC, 0600), "make a file"));
}

// Bytes per second, of the CPU time that the reading thread took.
template <typename Read>
double rate_of(std::size_t blocks, Read read) {
    Pipe pipe = must(make_pipe());
    auto writer = std::async(std::launch::async, [&] {
        const std::string text = some_lines();
        for (std::size_t i = 0; i < blocks; ++i) must(write_all(pipe.write.get(), text, "write lines"));
        pipe.write.reset();
    });
    const auto cpu = [] {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
    };
    const double begin = cpu();
    read(std::move(pipe.read));
    const double took = cpu() - begin;
    writer.get();
    return static_cast<double>(blocks * block) / took;
}

void read_as_product(Fd source, std::size_t patterns) {
    boost::asio::io_context io;
    LineScanner scanner;
    for (std::size_t i = 0; i < patterns; ++i)
        scanner.watch(
            {must(Pattern::parse(fmt::format("round {} of 5 begins", i))), [](std::string_view) {}});
    std::make_shared<LogPump>(io, std::move(source), log_file(), "collaborator1",
                              LogPump::Observer{[&](std::string_view bytes) { scanner.feed(bytes); },
                                                [](const Error&) {}, [&] { io.stop(); }})
        ->start();
    io.run();
}

void read_as_floor(Fd source) {
    const Fd log = log_file();
    std::vector<char> buffer(block);
    for (;;) {
        const auto size = must(::read(source.get(), buffer.data(), buffer.size()), "read lines");
        if (size == 0) return;
        must(write_all(log.get(), std::string_view(buffer.data(), static_cast<std::size_t>(size)),
                       "log lines"));
    }
}

}  // namespace

std::vector<Figure> measure_pump(std::size_t patterns, std::size_t megabytes, std::size_t repeats) {
    Figure figure{fmt::format("log_pump_{}_patterns", patterns), Unit::gigabytes_per_second, {}, {}};
    figure.series = "log pump, GB/s, by patterns";
    figure.size = static_cast<double>(patterns);
    const std::size_t blocks = megabytes * 1024 * 1024 / block;
    for (std::size_t i = 0; i < repeats; ++i) {
        figure.product.add(rate_of(blocks, [&](Fd source) { read_as_product(std::move(source), patterns); }));
        figure.floor.add(rate_of(blocks, read_as_floor));
    }
    return {figure};
}

}  // namespace netcut::bench
