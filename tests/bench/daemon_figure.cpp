// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/io.h"
#include "base/time.h"
#include "bench/figures.h"
#include "bench/fire_timing.h"
#include "bench/program.h"
#include "bench/require.h"

namespace netcut::bench {
namespace {

namespace http = boost::beast::http;
using boost::asio::local::stream_protocol;

constexpr auto patience = std::chrono::seconds(20);

template <typename Look>
auto await(const char* what, Look look) {
    for (const auto deadline = Clock::now() + patience; Clock::now() < deadline;
         std::this_thread::sleep_for(std::chrono::milliseconds(20)))
        if (auto found = look()) return std::move(*found);
    throw std::runtime_error(std::string("waited in vain for ") + what);
}

// One connection, that stays.
class Client {
  public:
    explicit Client(const std::string& socket) : socket_(io_) {
        await("the daemon", [&]() -> std::optional<bool> {
            boost::system::error_code refused;
            socket_.connect(stream_protocol::endpoint(socket), refused);
            if (!refused) return true;
            socket_.close();
            return {};
        });
    }
    nlohmann::json ask(http::verb verb, const std::string& target, const nlohmann::json& body = {}) {
        http::request<http::string_body> request(verb, target, 11);
        request.set(http::field::host, "netcut-fl");
        request.set(http::field::content_type, "application/json");
        if (!body.is_null()) request.body() = body.dump();
        request.prepare_payload();
        http::write(socket_, request);
        http::response<http::string_body> response;
        http::read(socket_, buffer_, response);
        if (response.result_int() >= 400) throw std::runtime_error(target + ": " + response.body());
        return nlohmann::json::parse(response.body(), nullptr, false);
    }

  private:
    boost::asio::io_context io_;
    stream_protocol::socket socket_;
    boost::beast::flat_buffer buffer_;
};

bool is_own_namespace(const Fd& ns) {
    struct stat own {
    }, other{};
    must(::fstat(own_namespace().get(), &own), "look at a namespace");
    must(::fstat(ns.get(), &other), "look at a namespace");
    return own.st_ino == other.st_ino;
}

pid_t parent_of(pid_t pid) {
    const auto stat = read_file(fmt::format("/proc/{}/stat", pid));
    if (!stat) return 0;  // it has ended
    std::istringstream fields(*stat);
    std::string id, name, state;
    pid_t parent = 0;
    fields >> id >> name >> state >> parent;
    return parent;
}

bool descends_from(pid_t pid, pid_t ancestor) {
    while (pid > 1 && pid != ancestor) pid = parent_of(pid);
    return pid == ancestor;
}

// The network namespace of a node, by the process that was started for it, once it has entered that.
std::optional<Fd> namespace_of(const std::string& node, pid_t daemon) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const auto words = read_file(entry.path() / "cmdline");
        if (!words || words->find("--hostname" + std::string(1, '\0') + node + std::string(1, '\0')) ==
                          std::string::npos)
            continue;
        if (!descends_from(std::stoi(name), daemon)) continue;
        Fd ns(must(::open((entry.path() / "ns/net").c_str(), O_RDONLY | O_CLOEXEC), "open a namespace"));
        if (is_own_namespace(ns)) return {};
        return ns;
    }
    return {};
}

// A daemon of its own, and a run of two nodes that sleep, with a cut that waits to be asked for.
class DaemonRun {
  public:
    DaemonRun()
        : folder_(std::filesystem::temp_directory_path() / fmt::format("netcut-test-bench-{}", ::getpid())),
          daemon_(std::in_place, Words{built_program("netcut-fld"), "--socket", folder_ + ".sock", "--state",
                                       folder_, "--group", std::to_string(::getegid())}),
          client_(folder_ + ".sock") {
        run_program({built_program("netcut-fl"), "run", "-d", "--socket", folder_ + ".sock", "--out",
                     folder_ + "-run", "--cols", "1", "--aggregator", "sleep 600", "--collaborator",
                     "sleep 600", "--fault",
                     "{name: cut, kind: drop, nodes: [collaborator1], on: {log: never}, for: 20s}"});
        run_ = "/runs/" + client_.ask(http::verb::get, "/runs").at("runs").at(0).at("id").get<std::string>();
        collaborator_ = await("a node", [&] { return namespace_of("collaborator1", daemon_->pid()); });
        aggregator_ = await("a node", [&] { return namespace_of("aggregator", daemon_->pid()); });
    }
    ~DaemonRun() {
        daemon_.reset();  // and its run with it
        for (const char* rest : {"", "-run", ".sock"}) std::filesystem::remove_all(folder_ + rest);
    }
    Traffic traffic() const { return {collaborator_.get(), aggregator_.get()}; }
    void fire() { client_.ask(http::verb::post, run_ + "/faults/cut/fire"); }
    void heal() { client_.ask(http::verb::post, run_ + "/faults/cut/heal"); }

  private:
    std::string folder_;
    std::optional<Running> daemon_;
    Client client_;
    std::string run_;
    Fd collaborator_, aggregator_;
};

}  // namespace

std::vector<Figure> measure_daemon(const Cores& cores, std::size_t repeats) {
    Figure loss{"daemon_fire_to_loss", Unit::microseconds, {}, {}};
    DaemonRun run;
    Traffic traffic = run.traffic();
    for (std::size_t i = 0; i < repeats; ++i) {
        traffic.await_both_ways();
        loss.product.add(time_fire(cores, traffic, [&] { run.fire(); }).first_loss);
        run.heal();
    }
    return {loss};
}

}  // namespace netcut::bench
