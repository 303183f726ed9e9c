// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>

#include "bench/figures.h"
#include "bench/program.h"
#include "synthetic_run.h"

namespace netcut::bench {

std::vector<Figure> measure_report(unsigned events, std::size_t repeats) {
    Figure time{fmt::format("report_of_{}_events", events), Unit::milliseconds, {}, {}};
    Figure memory{fmt::format("memory_of_report_of_{}", events), Unit::mebibytes, {}, {}};
    const std::string folder =
        std::filesystem::temp_directory_path() / fmt::format("netcut-test-bench-report-{}", ::getpid());
    std::filesystem::create_directory(folder);
    test::make_synthetic_run(folder, {.nodes = 200, .seconds = 3600, .events = events});
    for (std::size_t i = 0; i < repeats; ++i) {
        const Usage usage = run_program({built_program("netcut-fl"), "report", folder});
        time.product.add(usage.time);
        memory.product.add(usage.peak_memory);
    }
    std::filesystem::remove_all(folder);
    return {time, memory};
}

}  // namespace netcut::bench
