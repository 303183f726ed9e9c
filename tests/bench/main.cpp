// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "bench/figures.h"
#include "netcut/node.h"

namespace {

using namespace netcut::bench;

constexpr int failed = 1, not_possible_here = 3;

struct Plan {
    std::size_t cuts = 200;
    std::vector<std::pair<std::size_t, std::size_t>> networks{
        {10, 20}, {100, 10}, {1000, 5}};  // nodes, repeats
};
const Plan short_plan{10, {{10, 2}, {100, 1}, {1000, 1}}};

std::vector<Figure> measure(const Plan& plan, const Cores& cores) {
    std::vector<Figure> all;
    const auto take = [&](std::vector<Figure> figures) {
        for (Figure& figure : figures) all.push_back(std::move(figure));
    };
    for (const auto& [nodes, repeats] : plan.networks) take(measure_network(nodes, repeats));
    take(measure_line(cores, plan.cuts));
    take(measure_fire(cores, plan.cuts));
    return all;
}

void run(const RunInfo& info, const std::string& out) {
    netcut::raise_open_files();
    const Cores cores = choose_cores();
    const auto figures = measure(info.shortened ? short_plan : Plan{}, cores);
    fmt::print("{}\nOf the cuts, the sender is pinned to core {}, what is measured to core {}.\n",
               table_text(figures), cores.sender, cores.product);
    std::ofstream file(out);
    file << report_json(figures, info).dump(2) << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + out);
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Measures netcut-fl beside the least that the kernel needs for the same.");
    RunInfo info;
    std::string out = "bench.json";
    app.add_flag("--short", info.shortened, "few repeats: shows that it works, measures little");
    app.add_option("--out", out, "where the JSON goes")->capture_default_str();
    app.add_option("--revision", info.revision, "revision of the source, for the JSON");
    CLI11_PARSE(app, argc, argv);
    if (::geteuid() != 0) {
        fmt::print(stderr, "netcut_bench: needs root: it makes network namespaces\n");
        return not_possible_here;
    }
    try {
        run(info, out);
    } catch (const std::exception& error) {
        fmt::print(stderr, "netcut_bench: {}\n", error.what());
        return failed;
    }
    return 0;
}
