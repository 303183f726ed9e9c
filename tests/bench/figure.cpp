// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <thread>

#include "base/time.h"

namespace netcut::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double median = 0.5, tail = 0.99, most = 1;

struct UnitText {
    const char* name;
    double size;  // of one, in what Samples hold
};

UnitText text_of(Unit unit) {
    switch (unit) {
        case Unit::milliseconds:
            return {"ms", 1e6};
        case Unit::microseconds:
            return {"us", 1e3};
        case Unit::kibibytes:
            return {"KiB", 1024};
        case Unit::mebibytes:
            return {"MiB", 1024 * 1024};
        case Unit::percent:
            return {"%", 0.01};
        case Unit::gigabytes_per_second:
            break;
    }
    return {"GB/s", 1e9};
}

double in(Unit unit, double value) {
    return value / text_of(unit).size;
}

double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

Json samples_json(const Samples& samples, Unit unit) {
    const auto value = [&](double part) { return rounded(in(unit, samples.quantile(part))); };
    return {{"p50", value(median)}, {"p99", value(tail)}, {"max", value(most)}, {"n", samples.size()}};
}

Json figure_json(const Figure& figure) {
    Json json = {{"name", figure.name},
                 {"unit", text_of(figure.unit).name},
                 {"product", samples_json(figure.product, figure.unit)},
                 {"floor", samples_json(figure.floor, figure.unit)},
                 {"ratio_p50", rounded(figure.ratio(median))},
                 {"ratio_p99", rounded(figure.ratio(tail))}};
    json["peers"] = Json::object();
    for (const auto& [name, samples] : figure.peers)
        if (!samples.empty()) json["peers"][name] = samples_json(samples, figure.unit);
    return json;
}

std::string cpu_model() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name")) return line.substr(line.find(": ") + 2);
    return "unknown";
}

Json machine_json() {
    utsname system{};
    ::uname(&system);
    return {{"cpu", cpu_model()},
            {"cores", std::thread::hardware_concurrency()},
            {"kernel", fmt::format("{} {} {}", system.sysname, system.release, system.machine)},
            {"date", wall_time_text(std::chrono::system_clock::now())}};
}

std::string columns(const Samples& samples, Unit unit) {
    return fmt::format("{:>10.4g}{:>10.4g}{:>10.4g}", in(unit, samples.quantile(median)),
                       in(unit, samples.quantile(tail)), in(unit, samples.quantile(most)));
}

std::string row(const std::string& name, Unit unit, const std::string& columns, const Samples& product) {
    return fmt::format("{:<26}{:>5}{}{:>6}\n", name, text_of(unit).name, columns, product.size());
}

}  // namespace

double Samples::quantile(double part) const {
    if (values_.empty()) return 0;
    std::vector<double> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

double Figure::ratio(double part) const {
    const double least = floor.quantile(part);
    return least == 0 ? 0 : product.quantile(part) / least;
}

std::string series_text(const std::vector<Figure>& figures) {
    std::map<std::string, std::vector<const Figure*>> all;
    for (const Figure& figure : figures)
        if (!figure.series.empty()) all[figure.series].push_back(&figure);
    std::string text;
    for (const auto& [name, members] : all) {
        std::set<std::string> peers;
        for (const Figure* figure : members)
            for (const auto& [peer, samples] : figure->peers) peers.insert(peer);
        text += fmt::format("\"{}\" netcut-fl floor", name);
        for (const std::string& peer : peers) text += fmt::format(" \"{}\"", peer);
        text += '\n';
        for (const Figure* figure : members) {
            const auto cell = [&](const Samples& samples) {
                return samples.empty() ? std::string(" NaN")
                                       : fmt::format(" {:g}", in(figure->unit, samples.quantile(median)));
            };
            text += fmt::format("{:g}", figure->size) + cell(figure->product) + cell(figure->floor);
            for (const std::string& peer : peers) {
                const auto found = figure->peers.find(peer);
                text += found == figure->peers.end() ? " NaN" : cell(found->second);
            }
            text += '\n';
        }
        text += "\n\n";
    }
    return text;
}

std::string table_text(const std::vector<Figure>& figures) {
    std::string text = fmt::format("{:<26}{:>5}{:>30}{:>30}{:>16}\n", "", "", "product", "floor", "ratio");
    text += fmt::format("{:<26}{:>5}", "figure", "unit");
    for (int i = 0; i < 2; ++i) text += fmt::format("{:>10}{:>10}{:>10}", "p50", "p99", "max");
    text += fmt::format("{:>8}{:>8}{:>6}\n", "p50", "p99", "n");
    for (const Figure& figure : figures) {
        std::string cells = columns(figure.product, figure.unit);
        cells += figure.floor.empty() ? std::string(46, ' ')
                                      : fmt::format("{}{:>8.2f}{:>8.2f}", columns(figure.floor, figure.unit),
                                                    figure.ratio(median), figure.ratio(tail));
        text += row(figure.name, figure.unit, cells, figure.product);
        for (const auto& [name, samples] : figure.peers)
            if (!samples.empty())
                text += row("  " + name, figure.unit, columns(samples, figure.unit) + std::string(46, ' '),
                            samples);
    }
    return text;
}

Json report_json(const std::vector<Figure>& figures, const RunInfo& info) {
    Json report;
    report["machine"] = machine_json();
    report["versions"] = {{"netcut_fl", NETCUT_VERSION}, {"compiler", __VERSION__}};
    report["revision"] = info.revision.empty() ? Json(nullptr) : Json(info.revision);
    report["short"] = info.shortened;
    report["figures"] = Json::array();
    for (const Figure& figure : figures) report["figures"].push_back(figure_json(figure));
    return report;
}

}  // namespace netcut::bench
