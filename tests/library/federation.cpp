// SPDX-License-Identifier: Apache-2.0
//
// A federation of plain sockets, cut by the library: this program is the aggregator, the collaborators, and what runs
// them and looks at what became of them.
//
//     federation FOLDER          runs it; the files of the run are in FOLDER
//     federation serve N         the aggregator: waits for N collaborators, and averages their numbers in each round
//     federation work SERVER     a collaborator
#include <netcut/netcut.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <thread>

namespace {

using namespace std::chrono_literals;

constexpr int port = 7000;
constexpr int rounds = 6;

void require(bool holds, const std::string& what) {
    if (!holds) throw std::runtime_error("this is not so: " + what);
}

double receive(int socket) {
    double number = 0;
    require(::recv(socket, &number, sizeof(number), MSG_WAITALL) == sizeof(number), "a number came");
    return number;
}

void send(int socket, double number) {
    require(::send(socket, &number, sizeof(number), MSG_NOSIGNAL) == sizeof(number), "a number was sent");
}

int serve(int collaborators) {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    require(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0,
            "the port is free");
    require(::listen(listener, collaborators) == 0, "it listens");
    std::cout << "listening" << std::endl;
    std::vector<int> sockets;
    for (int i = 0; i < collaborators; ++i) sockets.push_back(::accept(listener, nullptr, nullptr));
    for (int round = 1; round <= rounds; ++round) {
        std::cout << "round " << round << std::endl;
        double sum = 0;
        for (const int socket : sockets) sum += receive(socket);
        for (const int socket : sockets) send(socket, sum / collaborators);
    }
    return 0;
}

int work(const char* server) {
    addrinfo wanted{}, *found = nullptr;
    wanted.ai_family = AF_INET;
    wanted.ai_socktype = SOCK_STREAM;
    require(::getaddrinfo(server, std::to_string(port).c_str(), &wanted, &found) == 0,
            "the aggregator has a name");
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    require(::connect(socket, found->ai_addr, found->ai_addrlen) == 0, "the aggregator answers");
    ::freeaddrinfo(found);
    double model = 1;
    for (int round = 1; round <= rounds; ++round) {
        std::this_thread::sleep_for(100ms);
        send(socket, model + 1);
        model = receive(socket);
    }
    std::cout << "model " << model << std::endl;
    return 0;
}

namespace nc = netcut::v1;

nc::Scenario scenario_of(const std::string& self) {
    nc::Scenario scenario;
    scenario.name = "sockets";
    scenario.aggregator.command = {self, "serve", "{cols}"};
    scenario.collaborator.command = {self, "work", "{aggregator}"};
    scenario.collaborator.environment = {{"QUOTED", "a \"quoted\": [text]"}};
    scenario.ready = "listening";
    scenario.progress = "re:round ([0-9]+)";
    scenario.faults = {{.name = "cut", .line = "round 3", .line_of = "aggregator", .lasts = 700ms}};
    scenario.timeout = 5min;
    scenario.keys = {{"expect", "{verdict: recovered}"}};
    return scenario;
}

// Follows a run to its end.
nc::Verdict follow(nc::Run& run) {
    std::chrono::nanoseconds last{0};
    bool fired = false, healed = false;
    while (const auto event = run.next()) {
        std::cout << std::chrono::duration<double>(event->time).count() << " s  " << event->name << ' '
                  << event->node << '\n';
        if (event->name == "fault.fired") {
            fired = true;
            require(event->fault == "cut", "the fault has its name");
            require(event->detail("kind") == "drop", "an event has its details");
            require(!event->detail("nothing"), "and no others");
        }
        healed |= event->name == "fault.healed" && fired;
        last = event->time;
    }
    require(healed, "the events tell of the fault and of its end, in this order");
    require(last > 700ms, "the last event is later than the fault was long");
    require(run.ended(), "without another event the run is over");
    return run.verdict();
}

void require_recovery(const nc::Verdict& verdict) {
    std::cout << nc::to_string(verdict.word) << ": " << verdict.reason << '\n';
    require(verdict.word == nc::Verdict::Word::recovered && verdict.exit_status == 0, "it has recovered");
    require(verdict.passed == true, "as was expected");
    require(verdict.packets_lost > 0, "the fault has lost packets");
    require(verdict.time_to_recover.has_value(), "it took some time to recover");
    require(verdict.nodes.size() == 3 && verdict.nodes[2].ended == "exit code 0", "each node has its end");
    require(verdict.firings.size() == 1 && verdict.firings[0].healed > verdict.firings[0].fired + 600ms,
            "so has each fault");
}

void require_refusal(const std::string& self, const std::string& folder) {
    nc::Scenario scenario = scenario_of(self);
    scenario.faults[0].kind = "dorp";
    nc::Run run(scenario, folder);
    try {
        run.verdict();
    } catch (const nc::Error& error) {
        require(error.kind() == nc::Error::Kind::usage, "it is the caller's mistake");
        require(std::string(error.what()).find("dorp") != std::string::npos, "the error says what is wrong");
        return;
    }
    require(false, "a kind that is none is refused");
}

void require_stop(const std::string& self, const std::string& folder) {
    nc::Scenario scenario = scenario_of(self);
    scenario.collaborator.command = {"sleep", "1000"};
    nc::Run run(scenario, folder);
    while (const auto event = run.next())
        if (event->name == "node.started") run.stop();
    require(run.verdict().word == nc::Verdict::Word::error, "what was stopped has no other verdict");
    nc::Run another = std::move(run);
    require(another.ended() && another.folder() == folder, "a run can be moved");
}

int run_all(const std::string& self, const std::string& folder) {
    nc::Run run(scenario_of(self), folder + "/recovered");
    require_recovery(follow(run));
    const nc::Record record = nc::read_record(folder + "/recovered");
    require(record.verdict.has_value() && record.events.size() > 10, "the record is there");
    require(record.events.back().detail("state") == "done", "and whole");
    require_refusal(self, folder + "/refused");
    require_stop(self, folder + "/stopped");
    // In the folder of an earlier run: its journal is not taken for this one's.
    nc::Run again = nc::Run::of_file(folder + "/recovered/scenario.yaml", folder + "/recovered");
    require_recovery(follow(again));
    return 0;
}

}  // namespace

int main(int count, char** words) {
    try {
        const std::string first = count > 1 ? words[1] : "";
        if (first == "serve" && count == 3) return serve(std::atoi(words[2]));
        if (first == "work" && count == 3) return work(words[2]);
        if (count == 2) return run_all(std::filesystem::canonical("/proc/self/exe"), first);
        std::cerr << "usage: federation FOLDER\n";
        return 2;
    } catch (const netcut::v1::Error& error) {
        std::cerr << error.what() << '\n';
        // 77: it cannot be tested here. But the program that is installed beside the library has to be found.
        const bool found = std::string_view(error.what()).find("cannot start ") == std::string_view::npos;
        return found && error.kind() == netcut::v1::Error::Kind::machine ? 77 : 1;
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
}
