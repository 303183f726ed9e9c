// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/read.hpp>
#include <boost/asio/readable_pipe.hpp>
#include <boost/process/v2/process.hpp>
#include <boost/process/v2/stdio.hpp>
#include <sstream>

#include "daemon/server/api.h"

namespace netcut {
namespace {

namespace process = boost::process::v2;

// `netcut-fl doctor`, with the rights of a run: what it can do, runs can do.
struct Examination {
    Examination(boost::asio::io_context& io, const Launcher& launcher, const User& user, const Limits& limits)
        : out(io),
          child(io, process::filesystem::path(launcher.program()),
                launcher.arguments(user, limits, {"netcut-fl", "doctor"}),
                process::process_stdio{nullptr, out, nullptr}, FixedEnvironment{}) {}
    boost::asio::readable_pipe out;
    process::process child;
    std::string text;
};

// "  drop            yes" or "  delay           no: this kernel has no ..."
Json checks_in(const std::string& text) {
    Json checks = Json::array();
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string name, rest;
        if (!line.starts_with("  ") || !(words >> name)) continue;
        std::getline(words >> std::ws, rest);
        Json check = {{"name", name}, {"can", rest == "yes"}};
        if (rest.starts_with("no: ")) check["why"] = rest.substr(4);
        checks.push_back(std::move(check));
    }
    return checks;
}

}  // namespace

void Api::doctor(const Call& call) {
    const Peer& peer = call.request.peer;
    const auto user = peer.user();
    if (!user) return call.fail(user.error());
    std::shared_ptr<Examination> examination;
    try {
        examination = std::make_shared<Examination>(io_, launcher_, *user, registry_.limits_of(peer));
    } catch (const boost::system::system_error& error) {
        return call.fail(system_failure("start netcut-fl doctor", error.code().value()).value());
    }
    boost::asio::async_read(
        examination->out, boost::asio::dynamic_buffer(examination->text),
        [call, examination](boost::system::error_code, std::size_t) {
            examination->child.async_wait([call, examination](boost::system::error_code, int) {
                call.json({{"checks", checks_in(examination->text)}, {"text", examination->text}});
            });
        });
}

}  // namespace netcut
