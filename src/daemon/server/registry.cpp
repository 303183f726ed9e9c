// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/registry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/io.h"
#include "base/log.h"
#include "base/time.h"
namespace netcut {
namespace {

constexpr const char* unfinished = ".new";

std::string new_id() {
    std::random_device random;
    return fmt::format("{:08x}{:04x}", random(), random() & 0xffff);
}

bool is_under_way(const Run& run) {
    return !run.record().over();
}

bool may_see(const Peer& peer, const Run& run) {
    return peer.is_root() || run.record().user.uid == peer.uid;
}

}  // namespace

Registry::Registry(boost::asio::io_context& io, BrokerLink& broker, std::string folder,
                   std::uint64_t open_files, Configuration configuration, Accounts& accounts)
    : io_(io),
      broker_(broker),
      folder_(std::move(folder)),
      open_files_(open_files),
      configuration_(std::move(configuration)),
      accounts_(accounts) {}

Result<void> Registry::load() {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
        // It was killed as it wrote one.
        if (entry.path().extension() == unfinished) ::unlink(entry.path().c_str());
        if (entry.path().extension() != ".json") continue;
        const auto text = read_file(entry.path());
        auto record = text ? RunRecord::from_text(*text) : Result<RunRecord>(Failure(text.error()));
        if (!record) {
            log_warning("{} is left out: {}", entry.path().string(), record.error().text());
            continue;
        }
        const bool lost = !record->over();
        if (lost) record->lose("the daemon died under it");
        auto account = accounts_.of(record->user.uid);
        runs_.push_back(
            std::make_shared<Run>(io_, broker_, std::move(*record), std::move(account), observer()));
        if (lost) save(*runs_.back());
    }
    if (error)
        return system_failure("read the folder " + folder_, error.value(), "give another one with --state");
    std::sort(runs_.begin(), runs_.end(),
              [](const auto& a, const auto& b) { return a->record().created < b->record().created; });
    return {};
}

Run::Observer Registry::observer() {
    return {[this](Run& run) { save(run); }, [this](Run& run) { on_over(run); }};
}

const Limits& Registry::limits_of(const Peer& peer) const {
    const auto user = peer.user();
    return configuration_.of(user ? user->name : "", peer.uid);
}

Result<void> Registry::check_runs(const User& user, const Limits& limits) const {
    const auto under_way = std::count_if(runs_.begin(), runs_.end(), [&](const auto& run) {
        return run->record().user.uid == user.uid && is_under_way(*run);
    });
    if (static_cast<std::size_t>(under_way) < limits.runs) return {};
    return usage_failure(
        "start another run",
        fmt::format("the limit `runs` of {} is {}, and so many are under way", user.name, limits.runs),
        "stop one, or wait for its end");
}

void Registry::create(HttpRequest request,
                      std::function<void(tl::expected<std::shared_ptr<Run>, HttpReply>)> done) {
    const auto refuse = [&](const Error& error) { done(tl::unexpected(reply_of(problem_of(error)))); };
    auto user = request.peer.user();
    if (!user) return refuse(user.error());
    WorkerOrder order;
    order.user = std::move(*user);
    order.limits = configuration_.of(order.user.name, request.peer.uid);
    order.open_files = open_files_;
    if (auto allowed = check_runs(order.user, order.limits); !allowed) return refuse(allowed.error());
    RunRecord record;
    record.user = order.user;
    record.id = new_id();
    record.created = wall_time_text(std::chrono::system_clock::now());
    const auto run = std::make_shared<Run>(io_, broker_, std::move(record), request.account, observer());
    runs_.push_back(run);
    auto started = run->start(request.peer, order, std::move(request.body), std::move(request.room),
                              [this, run, done](std::optional<HttpReply> refusal) {
                                  if (!refusal) {
                                      const RunRecord& begun = run->record();
                                      log_info("run {} of {} begins", begun.id, begun.user.name);
                                      return done(run);
                                  }
                                  forget(run->record().id);
                                  done(tl::unexpected(std::move(*refusal)));
                              });
    if (started) return;
    forget(run->record().id);
    refuse(started.error());
}

std::vector<std::shared_ptr<Run>> Registry::visible_to(const Peer& peer) const {
    std::vector<std::shared_ptr<Run>> visible;
    for (const auto& run : runs_)
        if (may_see(peer, *run)) visible.push_back(run);
    return visible;
}

std::shared_ptr<Run> Registry::find(const std::string& id, const Peer& peer) const {
    std::shared_ptr<Run> found;
    for (const auto& run : runs_) {
        if (!may_see(peer, *run)) continue;
        const std::string& known = run->record().id;
        if (known == id) return run;
        // As with docker, the beginning is enough if it is the only one.
        if (id.size() >= 4 && known.starts_with(id)) {
            if (found) return nullptr;
            found = run;
        }
    }
    return found;
}

void Registry::forget(const std::string& id) {
    ::unlink(file_of(id).c_str());
    std::erase_if(runs_, [&](const auto& run) { return run->record().id == id; });
}

// Whole or not at all; a record that cannot be written is no reason to end a run.
void Registry::save(const Run& run) const {
    const std::string file = file_of(run.record().id);
    const Fd fd(::open((file + unfinished).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    const auto written = fd ? write_all(fd.get(), run.record().to_text(), "write " + file)
                            : Result<void>(system_failure("write " + file));
    if (written && ::rename((file + unfinished).c_str(), file.c_str()) == 0) return;
    log_error("the record of a run is not kept: {}", written ? file : written.error().text());
}

void Registry::on_over(const Run& run) {
    const bool known =
        std::any_of(runs_.begin(), runs_.end(), [&](const auto& one) { return one.get() == &run; });
    if (!known) return;  // it was refused
    save(run);
    const User& user = run.record().user;
    log_info("run {} of {} is over", run.record().id, user.name);
    const Limits& limits = configuration_.of(user.name, user.uid);
    std::vector<std::string> ended;
    for (const auto& one : runs_)
        if (one->record().user.uid == user.uid && one->record().over()) ended.push_back(one->record().id);
    for (std::size_t i = 0; i + limits.kept < ended.size(); ++i) forget(ended[i]);
    if (all_over_ &&
        std::none_of(runs_.begin(), runs_.end(), [](const auto& one) { return is_under_way(*one); }))
        std::exchange(all_over_, nullptr)();
}

void Registry::stop_all(std::function<void()> done) {
    bool any = false;
    for (const auto& run : runs_)
        if (is_under_way(*run)) {
            any = true;
            run->stop({}, [](const HttpReply&) {});
        }
    if (!any) return done();
    all_over_ = std::move(done);
}

std::map<std::string, unsigned> Registry::count_by_state() const {
    std::map<std::string, unsigned> counts;
    for (const auto& [state, word] : held_run_words) counts[word] = 0;
    for (const auto& run : runs_) ++counts[word_of(run->record().state)];
    return counts;
}

}  // namespace netcut
