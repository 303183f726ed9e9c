// SPDX-License-Identifier: Apache-2.0
#include "study/claims.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/json.h"
#include "folder/run_files.h"
#include "folder/shared_files.h"
#include "study/store.h"
#include "user/as_user.h"

namespace netcut {
namespace {

constexpr std::size_t most_claim = 64 * 1024;  // bytes

std::string first_line(const char* path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

std::string link_of(const char* path) {
    std::array<char, 256> target{};
    const ssize_t count = ::readlink(path, target.data(), target.size());
    return count > 0 ? std::string(target.data(), static_cast<std::size_t>(count)) : "";
}

// proc_pid_stat(5): the 22nd number, counted behind the name, which may have anything in it. 0: there is no such process.
std::uint64_t start_of(int process) {
    const std::string stat = first_line(fmt::format("/proc/{}/stat", process).c_str());
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return 0;
    std::istringstream words(stat.substr(name_end + 1));
    std::string word, state;
    words >> state;
    if (state == "Z" || state == "X") return 0;  // it has ended, and nobody has asked for its status
    for (int field = 4; field <= 22; ++field) words >> word;
    std::uint64_t started = 0;
    std::from_chars(word.data(), word.data() + word.size(), started);
    return started;
}

std::optional<Nanoseconds> time_of_file(const Fd& file) {
    struct stat state {};
    if (!file || ::fstat(file.get(), &state) != 0) return {};
    return std::chrono::seconds(state.st_mtim.tv_sec) + Nanoseconds(state.st_mtim.tv_nsec);
}

}  // namespace

Claimant Claimant::self() {
    Claimant self;
    std::array<char, 256> host{};
    ::gethostname(host.data(), host.size() - 1);
    self.host = host.data();
    self.machine = first_line("/proc/sys/kernel/random/boot_id") + " " + link_of("/proc/self/ns/pid");
    self.process = ::getpid();
    self.started = start_of(self.process);
    for (const char* variable : {"SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID"})
        if (const char* value = std::getenv(variable))
            self.task += (self.task.empty() ? "" : "_") + std::string(value);
    return self;
}

std::string Claim::name() const {
    return fmt::format("{}.{}", key, number);
}

Claims::Claims(const RunFolder& folder, Nanoseconds lease, Claimant self)
    : folder_(folder), lease_(lease), self_(std::move(self)) {}

Result<void> Claims::refresh() {
    NETCUT_ASSIGN(const std::vector<std::string> names, names_in_folder(folder_, "claims"));
    for (const std::string& name : names) {
        const std::size_t dot = name.rfind('.');
        if (dot == std::string::npos) continue;
        unsigned number = 0;
        const char* end_of_name = name.data() + name.size();
        const auto [end, error] = std::from_chars(name.data() + dot + 1, end_of_name, number);
        if (error != std::errc() || end != end_of_name) continue;
        unsigned& newest = newest_[name.substr(0, dot)];
        newest = std::max(newest, number);
    }
    return {};
}

std::string Claims::text_of(TryEnd end) const {
    return Json{{"host", self_.host},       {"machine", self_.machine}, {"process", self_.process},
                {"started", self_.started}, {"task", self_.task},       {"end", word_of(end)}}
               .dump() +
           "\n";
}

Claims::State Claims::read(const std::string& name) const {
    State state;
    const auto text = read_whole(folder_, "claims/" + name, most_claim);
    if (!text) return state;
    const auto json = parse_json(*text, "read a claim");
    if (!json || !json->is_object()) return state;
    try {
        state.who = {json->at("host").get<std::string>(), json->at("machine").get<std::string>(),
                     json->at("process").get<int>(), json->at("started").get<std::uint64_t>(),
                     json->at("task").get<std::string>()};
        state.end = parse_word<TryEnd>(json->at("end").get<std::string>()).value_or(TryEnd::running);
        state.readable = true;
    } catch (const nlohmann::json::exception&) {
        state.readable = false;
    }
    return state;
}

bool Claims::is_given_up(const std::string& name, const State& state) const {
    if (state.readable && state.end != TryEnd::running) return state.end != TryEnd::done;
    if (state.readable && state.who.machine == self_.machine && !self_.machine.starts_with(' ') &&
        start_of(state.who.process) != state.who.started)
        return true;
    const auto file = folder_.open_file("claims/" + name);
    if (!file) return false;
    const std::optional<Nanoseconds> touched = time_of_file(*file);
    // What time it is there says a file that is written now.
    const auto clock = folder_.create_file(fmt::format("claims/clock-{}-{}", self_.host, self_.process));
    if (!clock || ::futimens(clock->get(), nullptr) != 0) return false;
    const std::optional<Nanoseconds> now = time_of_file(*clock);
    return touched && now && *now - *touched > lease_;
}

Result<std::optional<Claim>> Claims::create(const std::string& key, unsigned number) {
    Claim claim{key, number};
    NETCUT_ASSIGN(auto file, create_alone(folder_, "claims/" + claim.name()));
    newest_[key] = number;
    if (!file) return std::nullopt;
    claim.file = std::move(*file);
    NETCUT_TRY(write_all(claim.file.get(), text_of(TryEnd::running), "write the claim " + claim.name()));
    NETCUT_TRY(count_earlier(claim));
    return std::optional<Claim>(std::move(claim));
}

Result<void> Claims::count_earlier(Claim& claim) const {
    for (unsigned number = 1; number < claim.number; ++number) {
        const State state = read(fmt::format("{}.{}", claim.key, number));
        if (state.end == TryEnd::stopped) continue;
        ++claim.tries;
        if (state.end == TryEnd::crowded) ++claim.crowded;
        if (state.end == TryEnd::error) ++claim.errors;
        if (state.end == TryEnd::running) ++claim.lost;
    }
    return {};
}

Result<std::optional<Claim>> Claims::take(const std::string& key) {
    const auto newest = newest_.find(key);
    if (newest == newest_.end()) return create(key, 1);
    const std::string name = fmt::format("{}.{}", key, newest->second);
    if (!is_given_up(name, read(name))) return std::nullopt;
    return create(key, newest->second + 1);
}

void Claims::touch(const Claim& claim) const {
    ::futimens(claim.file.get(), nullptr);
}

bool Claims::is_ours(const Claim& claim) const {
    return !folder_.open_file(fmt::format("claims/{}.{}", claim.key, claim.number + 1));
}

Result<void> Claims::end(const Claim& claim, TryEnd how) const {
    return write_shared_file(folder_, "claims/" + claim.name(), text_of(how));
}

}  // namespace netcut
