// SPDX-License-Identifier: Apache-2.0
//
// netcut-fld: lets people without root run federations, over a Unix socket. It has no engine of its own:
// every run is a worker process.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"
#include "base/io.h"
#include "daemon/broker/broker.h"
#include "daemon/broker/filter.h"
#include "daemon/broker/rights.h"
#include "daemon/server/api.h"
#include "daemon/server/service.h"
#include "help/log_level.h"
#include "help/manual.h"
#include "node/limits.h"
#include "user/user.h"
#include "verdict/verdict.h"

namespace netcut {
namespace {

constexpr auto patience_at_the_end = std::chrono::seconds(20);
constexpr auto last_words = std::chrono::milliseconds(300);

struct Options {
    std::string socket = "/run/netcut-fl.sock";
    std::string group = "netcut";
    std::string user;
    std::string state;
    std::string configuration;
    std::string broker;
    bool as_broker = false;
    bool delegated = false;
    LogLevel log_level = LogLevel::info;
};

std::string state_folder(const Options& options) {
    if (!options.state.empty()) return options.state;
    const char* given = std::getenv("STATE_DIRECTORY");  // systemd.exec(5)
    return given != nullptr ? given : "/var/lib/netcut-fl";
}

// The folder is the daemon's alone, and one daemon's alone for as long as the descriptor is open.
Result<Fd> take_state_folder(const std::string& path) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return system_failure("make the folder " + path, "give another one with --state");
    Fd lock(::open((path + "/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) return system_failure("open the folder " + path, "give another one with --state");
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return usage_failure("use the folder " + path, "another daemon does",
                             "give another one with --state");
    return lock;
}

Result<Configuration> read_configuration(const Options& options) {
    const std::string path =
        options.configuration.empty() ? "/etc/netcut-fl/netcut-fld.yaml" : options.configuration;
    const auto text = read_file(path);
    if (text) return Configuration::read(*text, path);
    if (options.configuration.empty() && text.error().code == ENOENT) return Configuration{};
    return Failure(text.error());
}

// Who the daemon is when root starts it; nothing: it stays root, without a right.
Result<std::optional<User>> account_of(const Options& options) {
    if (::geteuid() != 0) return std::nullopt;
    auto account = find_account(options.user.empty() ? "netcut-fl" : options.user);
    if (account) return std::move(*account);
    if (options.user.empty()) return std::nullopt;
    return usage_failure("be the user '" + options.user + "'", "there is no such user", "see getent passwd");
}

// The programs that belong to this one are beside it.
Result<std::string> program_folder() {
    std::error_code error;
    const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
    if (error) return system_failure("find this program", error.value());
    return here.string();
}

class Daemon {
  public:
    Daemon(std::optional<unsigned> group, const std::string& state, Fd broker, std::uint64_t open_files,
           Configuration configuration, Fd listener)
        : group_(group),
          broker_(io_, std::move(broker)),
          registry_(io_, broker_, state, open_files, std::move(configuration), accounts_),
          api_(io_, registry_, broker_),
          server_(io_, std::move(listener), HttpLimits(), accounts_,
                  {[this](HttpRequest request, const HttpResponder& respond) {
                       api_.handle(std::move(request), respond);
                   },
                   [this](const Peer& peer, Account& account) { return admit(peer, account); }}),
          signals_(io_, SIGTERM, SIGINT),
          watchdog_(io_),
          patience_(io_) {
        api_.count_connections([this] { return server_.connections(); });
    }

    Result<void> run() {
        NETCUT_TRY(registry_.load());
        server_.start();
        await_signal();
        feed_watchdog();
        notify_manager("READY=1");
        Bill::run(io_);
        return {};
    }

  private:
    // Who may use the daemon at all, and by how many connections.
    Result<unsigned> admit(const Peer& peer, Account& account) const {
        if (peer.is_root() || peer.uid == ::geteuid() || (group_ && peer.is_in(*group_))) {
            // To look a name up may take a while.
            if (!account.limits) account.limits = registry_.limits_of(peer);
            return account.limits->connections;
        }
        return usage_failure("use this daemon", "you are not in its group",
                             "ask to be added: sudo adduser YOU netcut, then log in again");
    }

    void await_signal() {
        signals_.async_wait([this](boost::system::error_code error, int) {
            if (error) return;
            if (std::exchange(stopping_, true)) return io_.stop();  // asked twice: do not wait
            stop();
            await_signal();
        });
    }

    void stop() {
        notify_manager("STOPPING=1");
        server_.stop_listening();
        patience_.expires_after(patience_at_the_end);
        patience_.async_wait([this](boost::system::error_code error) {
            if (!error) io_.stop();
        });
        registry_.stop_all([this] {  // who is attached hears of it yet
            patience_.expires_after(last_words);
            patience_.async_wait([this](boost::system::error_code) { io_.stop(); });
        });
    }

    void feed_watchdog() {
        const auto period = watchdog_period();
        if (!period) return;
        notify_manager("WATCHDOG=1");
        watchdog_.expires_after(*period);
        watchdog_.async_wait([this](boost::system::error_code error) {
            if (!error) feed_watchdog();
        });
    }

    boost::asio::io_context io_{1};
    std::optional<unsigned> group_;
    Accounts accounts_;
    BrokerLink broker_;
    Registry registry_;
    Api api_;
    HttpServer server_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer watchdog_, patience_;
    bool stopping_ = false;
};

Result<std::optional<RunGroups>> groups_of(const Options& options) {
    if (!options.delegated) return std::nullopt;
    NETCUT_ASSIGN(RunGroups groups, RunGroups::divide_own());
    return groups;
}

// Before there is a thread, and before a byte of a user's has been read. It hears of our end by the socket.
Result<Fd> start_broker(const Options& options, const BrokerSettings& settings) {
    const std::string attempt = "start the broker";
    NETCUT_ASSIGN(auto groups, groups_of(options));
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return system_failure(attempt);
    Fd ours(ends[0]), its(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return system_failure(attempt);
    if (pid > 0) return ours;
    ours = Fd();
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_IGN);  // the daemon's
    if (auto kept = keep_rights_of_broker(); !kept)
        log_error("{}", kept.error().text());
    else
        serve_as_broker(std::move(its), settings, groups);
    ::_exit(0);
}

// For the daemons that connect to its socket, one after the other.
Result<void> serve_as_broker_of(const Options& options) {
    NETCUT_ASSIGN(const std::string programs, program_folder());
    NETCUT_ASSIGN(const auto listener, activated_socket());
    if (!listener)
        return usage_failure("serve as a broker", "no socket was passed on",
                             "it is for netcut-fl-broker.service; netcut-fld starts one by itself");
    NETCUT_TRY(keep_rights_of_broker());
    NETCUT_ASSIGN(auto groups, groups_of(options));
    for (;;) {
        Fd daemon(::accept4(listener->get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!daemon) return system_failure("accept the daemon");
        serve_as_broker(std::move(daemon), {programs, options.socket, options.socket}, groups);
    }
}

Result<void> serve(const Options& options) {
    const std::string state = state_folder(options);
    NETCUT_ASSIGN(Configuration configuration, read_configuration(options));
    NETCUT_ASSIGN(const std::string programs, program_folder());
    NETCUT_ASSIGN(const Fd lock, take_state_folder(state));
    const auto group = find_group(options.group);
    NETCUT_ASSIGN(const std::optional<User> account, account_of(options));
    NETCUT_ASSIGN(std::optional<Fd> listener, activated_socket());
    const bool activated = listener.has_value();
    if (!activated) {
        NETCUT_ASSIGN(listener, listen_at(options.socket, ::geteuid() == 0 ? group : std::nullopt));
    }
    NETCUT_ASSIGN(Fd broker,
                  options.broker.empty()
                      ? start_broker(options, {programs, bound_name(listener->get()), path_of(*listener)})
                      : connect_to(options.broker));
    const std::uint64_t open_files = raise_limits().open_files;
    if (account) NETCUT_TRY(become_account(*account, state));
    NETCUT_TRY(give_up_rights());
    NETCUT_TRY(filter_own_calls());
    log_info("listening at {}", activated ? "the socket that systemd passed on" : options.socket);
    Daemon daemon(group, state, std::move(broker), open_files, std::move(configuration),
                  std::move(*listener));
    NETCUT_TRY(daemon.run());
    // Some thread may still wait for a disk; nothing is taken from under it.
    std::_Exit(0);
}

}  // namespace
}  // namespace netcut

int main(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    CLI::App app("Lets people without root run federations with netcut-fl, over a Unix socket.",
                 "netcut-fld");
    netcut::Options options;
    app.set_version_flag("--version", "netcut-fld " NETCUT_VERSION);
    app.add_option("--socket", options.socket, "Where to listen, unless systemd passes a socket on")
        ->type_name("PATH")
        ->capture_default_str();
    app.add_option("--group", options.group, "The group whose members may use it")
        ->type_name("GROUP")
        ->capture_default_str();
    app.add_option("--user", options.user,
                   "Who it is itself when root starts it: a user that runs nothing else (default: netcut-fl, "
                   "if there is one)")
        ->type_name("NAME");
    app.add_option("--state", options.state,
                   "The folder for what is known of runs (default: /var/lib/netcut-fl)")
        ->type_name("DIR");
    app.add_option(
           "--config", options.configuration,
           "The file with the limits of users (default: /etc/netcut-fl/netcut-fld.yaml, if there is one)")
        ->type_name("FILE");
    app.add_option("--broker", options.broker,
                   "The socket of the broker, which has the rights (default: a process of its own)")
        ->type_name("PATH");
    app.add_flag("--delegated", options.delegated,
                 "Its control group is its own (systemd's Delegate=yes): limit users' memory there");
    app.add_flag("--as-broker", options.as_broker, "Be the broker, at a socket that systemd passes on");
    netcut::add_log_level(app, options.log_level);
    bool manual = false;
    app.add_flag("--manual", manual, "Print the manual page")->group("");  // for packages
    CLI11_PARSE(app, argc, argv);
    if (manual) {
        std::fputs(netcut::manual_page(app, "netcut-fld", 8, {"netcut-fl(1)"}).c_str(), stdout);
        return 0;
    }
    netcut::open_log("netcut-fld", options.log_level);
    try {
        const auto served = options.as_broker ? netcut::serve_as_broker_of(options) : netcut::serve(options);
        if (served) return 0;
        netcut::log_error("{}", served.error().text());
        return netcut::exit_status_of(served.error());
    } catch (const std::exception& error) {
        netcut::log_error("internal error: {}; please report it", error.what());
        return 5;
    }
}
