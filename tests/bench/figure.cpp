// SPDX-License-Identifier: Apache-2.0
#include "bench/figure.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <thread>

namespace netcut::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr double median = 0.5, tail = 0.99, most = 1;

const char* unit_name(Unit unit) {
    return unit == Unit::milliseconds ? "ms" : "us";
}

double in(Unit unit, Nanoseconds value) {
    return static_cast<double>(value.count()) / (unit == Unit::milliseconds ? 1e6 : 1e3);
}

double rounded(double value) {
    return std::round(value * 1000) / 1000;
}

Json samples_json(const Samples& samples, Unit unit) {
    const auto value = [&](double part) { return rounded(in(unit, samples.quantile(part))); };
    return {{"p50", value(median)}, {"p99", value(tail)}, {"max", value(most)}, {"n", samples.size()}};
}

Json figure_json(const Figure& figure) {
    return {{"name", figure.name},
            {"unit", unit_name(figure.unit)},
            {"product", samples_json(figure.product, figure.unit)},
            {"floor", samples_json(figure.floor, figure.unit)},
            {"ratio_p50", rounded(figure.ratio(median))},
            {"ratio_p99", rounded(figure.ratio(tail))}};
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
    return fmt::format("{:>10.1f}{:>10.1f}{:>10.1f}", in(unit, samples.quantile(median)),
                       in(unit, samples.quantile(tail)), in(unit, samples.quantile(most)));
}

}  // namespace

Nanoseconds Samples::quantile(double part) const {
    if (values_.empty()) return Nanoseconds(0);
    std::vector<Nanoseconds> sorted = values_;
    std::sort(sorted.begin(), sorted.end());
    const auto rank = static_cast<std::size_t>(std::ceil(part * static_cast<double>(sorted.size())));
    return sorted[std::max<std::size_t>(rank, 1) - 1];
}

double Figure::ratio(double part) const {
    return static_cast<double>(product.quantile(part).count()) /
           static_cast<double>(std::max<std::int64_t>(floor.quantile(part).count(), 1));
}

std::string table_text(const std::vector<Figure>& figures) {
    std::string text = fmt::format("{:<24}{:>4}{:>30}{:>30}{:>16}\n", "", "", "product", "floor", "ratio");
    text += fmt::format("{:<24}{:>4}", "figure", "unit");
    for (int i = 0; i < 2; ++i) text += fmt::format("{:>10}{:>10}{:>10}", "p50", "p99", "max");
    text += fmt::format("{:>8}{:>8}{:>6}\n", "p50", "p99", "n");
    for (const Figure& figure : figures)
        text += fmt::format("{:<24}{:>4}{}{}{:>8.2f}{:>8.2f}{:>6}\n", figure.name, unit_name(figure.unit),
                            columns(figure.product, figure.unit), columns(figure.floor, figure.unit),
                            figure.ratio(median), figure.ratio(tail), figure.product.size());
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
