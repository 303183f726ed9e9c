// SPDX-License-Identifier: Apache-2.0
#include "cli/own_run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/post.hpp>

#include "base/error.h"
#include "base/io.h"
#include "base/json.h"
#include "folder/folder.h"
#include "folder/run_files.h"
#include "node/stream.h"
#include "record/reader.h"
#include "user/user.h"

namespace netcut::cli {
namespace {

constexpr std::size_t longest_line = 1 << 20;  // of a journal
constexpr std::size_t most_of_verdict = 64 << 20;
constexpr std::size_t longest_message = 128 << 10;  // of a run's
constexpr int between_looks_ms = 50;

// As root: with the rights of whose run it is.
Result<User> reader_of(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return system_failure("find the run in " + path);
    return ::geteuid() == 0 ? find_account(std::to_string(info.st_uid)) : find_user("");
}

// The run's end closes the connection, however it ends.
bool is_closed(const Fd& connection, int wait_ms) {
    pollfd watched{connection.get(), POLLIN, 0};
    return ::poll(&watched, 1, wait_ms) > 0;
}

// Splits what comes into the whole lines behind the first `skip`, and remembers what has no end yet.
class WholeLines {
  public:
    WholeLines(std::size_t skip, const RunAccess::Bytes& take) : skip_(skip), take_(take) {}
    void add(std::string_view bytes) {
        partial_ += bytes;
        std::size_t end = partial_.rfind('\n') + 1, begin = 0;
        for (; skip_ > 0 && begin < end; --skip_) begin = partial_.find('\n', begin) + 1;
        if (end > begin) take_(std::string_view(partial_).substr(begin, end - begin));
        partial_.erase(0, end);
        if (partial_.size() > longest_line) partial_.resize(longest_line);  // no journal has such a line
    }
    std::size_t torn() const { return partial_.size(); }

  private:
    std::size_t skip_;
    const RunAccess::Bytes& take_;
    std::string partial_;
};

}  // namespace

Result<std::unique_ptr<OwnRun>> OwnRun::open(const std::string& path) {
    NETCUT_ASSIGN(const User reader, reader_of(path));
    NETCUT_ASSIGN(RunFolder folder, RunFolder::open(path, reader));
    const Fd fd(::open(folder.path_that_stays().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    struct stat info {};
    if (!fd || ::fstat(fd.get(), &info) != 0) return system_failure("look at the folder " + folder.path());
    NETCUT_ASSIGN(DoorAddress door, DoorAddress::of_folder(info.st_uid, fd.get()));
    return std::unique_ptr<OwnRun>(new OwnRun(std::move(folder), std::move(door)));
}

Result<RunState> OwnRun::state() const {
    RunState state;
    NETCUT_TRY(read_lines(folder_, "journal.jsonl", longest_line, [&state](std::string_view line) {
        if (const auto event = read_event(line).event) state.apply(*event);
    }));
    return state;
}

Result<Json> OwnRun::inspect() {
    NETCUT_ASSIGN(const RunState record, state());
    Json run = {{"id", door_.id},
                {"folder", folder_.path()},
                {"user", folder_.user().name},
                {"under_way", is_under_way()}};
    run.update(record.to_json());
    const auto verdict = read_whole(folder_, "verdict.json", most_of_verdict);
    if (!verdict) return run;
    NETCUT_ASSIGN(run["verdict_json"], parse_json(*verdict, "read the verdict"));
    return run;
}

Result<void> OwnRun::read_on(const std::string& file, bool follow, const Bytes& take) const {
    std::optional<Fd> connection;
    if (follow)
        if (auto connected = connect_to_door(door_)) connection = std::move(*connected);
    Fd fd;
    std::vector<char> buffer(64 << 10);
    for (;;) {
        const bool over =
            !connection || is_closed(*connection, 0);  // before reading: then that was the last of it
        if (!fd) {
            auto opened = folder_.open_file(file);
            if (!opened && (over || opened.error().code != ENOENT)) return Failure(opened.error());
            if (opened) fd = std::move(*opened);
        }
        ssize_t count = 0;
        while (fd && (count = ::read(fd.get(), buffer.data(), buffer.size())) > 0)
            take({buffer.data(), static_cast<std::size_t>(count)});
        if (count < 0) return system_failure("read " + folder_.path() + "/" + file);
        if (over) return {};
        is_closed(*connection, between_looks_ms);
    }
}

Result<void> OwnRun::logs(const std::string& node, Stream stream, bool follow, const Bytes& take) {
    NETCUT_ASSIGN(const RunState record, state());
    std::vector<std::string> names;
    for (const NodeState& known : record.nodes()) names.push_back(known.outcome.name);
    if (record.node(node) == nullptr)
        return usage_failure(fmt::format("read what {} has printed", node), "the run has no such node",
                             fmt::format("it has {}", fmt::join(names, ", ")));
    return read_on(fmt::format("logs/{}.{}", node, stream_name(stream)), follow, take);
}

Result<void> OwnRun::events(std::size_t from, bool follow, const Bytes& take) {
    WholeLines lines(from > 0 ? from - 1 : 0, take);
    NETCUT_TRY(read_on("journal.jsonl", follow, [&lines](std::string_view bytes) { lines.add(bytes); }));
    if (lines.torn() > 0 && !is_under_way())
        take(Json{{"event", "journal.torn"}, {"details", {{"bytes", lines.torn()}}}}.dump() + "\n");
    return {};
}

Result<Json> OwnRun::add_fault(const Json& fault) {
    return ask_door(door_,
                    {Message::Kind::add, 0, {fault.dump(-1, ' ', false, Json::error_handler_t::replace)}});
}

Result<Json> OwnRun::fire(const std::string& fault) {
    return ask_door(door_, {Message::Kind::fire, 0, {fault}});
}

Result<Json> OwnRun::heal(const std::string& fault) {
    return ask_door(door_, {Message::Kind::heal, 0, {fault}});
}

Result<std::vector<std::string>> OwnRun::faults_that_are_on() {
    NETCUT_TRY(connect_to_door(door_));
    NETCUT_ASSIGN(const RunState record, state());
    std::vector<std::string> names;
    for (const FaultState& fault : record.faults())
        if (fault.on) names.push_back(fault.name);
    return names;
}

Result<Json> OwnRun::stop() {
    NETCUT_ASSIGN(const Fd connection, connect_to_door(door_));
    NETCUT_TRY(ask_door(door_, {Message::Kind::stop, 0, {""}}));
    while (!is_closed(connection, -1)) continue;
    NETCUT_ASSIGN(Json run, inspect());
    run.erase("verdict_json");
    return run;
}

Result<Json> OwnRun::forget(bool) {
    return usage_failure("forget the run in " + folder_.path(),
                         "it is no run of the daemon: its folder is all there is", "delete the folder");
}

void OwnRun::execute(boost::asio::io_context& io, const std::string& node, const Json& what, Reader reader) {
    reader_ = std::move(reader);
    auto connection = connect_to_running(door_);
    if (!connection)
        return boost::asio::post(io, [this, error = connection.error()] { end(Failure(error)); });
    channel_ = std::make_shared<Channel>(
        io.get_executor(), std::move(*connection), longest_message,
        Channel::Observer{[this](const Message& message) { hear(message); }, [this](bool) { end({}); }});
    channel_->start();
    channel_->send({Message::Kind::execute,
                    last_request_,
                    {node, what.dump(-1, ' ', false, Json::error_handler_t::replace)}});
}

void OwnRun::end(Result<void> result) {
    if (channel_) channel_->close();
    waiting_.clear();
    if (reader_.ended) std::exchange(reader_.ended, nullptr)(std::move(result));
}

void OwnRun::leave() {
    if (channel_) channel_->close();
    channel_.reset();
    waiting_.clear();
    reader_ = {};
}

void OwnRun::hear(const Message& message) {
    if (message.kind == Message::Kind::output && message.words.size() == 1) {
        reader_.bytes(message.words[0]);
        channel_->send({Message::Kind::taken, message.id, {std::to_string(message.words[0].size())}});
        return;
    }
    if (message.kind == Message::Kind::opened) return;
    if (message.kind == Message::Kind::closed) return end({});
    const auto answer = answer_in(message);
    const auto asked = waiting_.find(message.id);
    if (asked == waiting_.end()) {
        if (!answer) end(Failure(answer.error()));  // of the command itself
        return;
    }
    const Done done = std::move(asked->second);
    waiting_.erase(asked);
    done(answer ? Result<void>() : Failure(answer.error()));
}

void OwnRun::write_input(boost::asio::io_context&, std::uint64_t command, std::string bytes, Done done) {
    waiting_[++last_request_] = std::move(done);
    channel_->send({Message::Kind::input, last_request_, {std::to_string(command), std::move(bytes)}});
}

void OwnRun::resize(boost::asio::io_context&, std::uint64_t command, TerminalSize size) {
    waiting_[++last_request_] = [](const Result<void>&) {};
    channel_->send({Message::Kind::resize,
                    last_request_,
                    {std::to_string(command), std::to_string(size.rows), std::to_string(size.columns)}});
}

}  // namespace netcut::cli
