// SPDX-License-Identifier: Apache-2.0
#include "daemon/server/broker_link.h"

#include <cstdlib>

#include "base/log.h"
#include "daemon/flat_words.h"
#include "daemon/problem.h"

namespace netcut {
namespace {

[[noreturn]] void end_without_broker() {
    log_error("its broker is gone, and all runs with it");
    std::_Exit(5);
}

Error error_in(const std::vector<std::string>& given) {
    FlatWords words(given);
    Error error;
    error.kind = error_kind_of(words.text());
    error.attempt = words.text();
    error.code = words.number<int>();
    error.reason = words.text();
    error.hint = words.text();
    return error;
}

Result<Fd> file_in(Parcel parcel) {
    if (parcel.fds.size() == 1) return std::move(parcel.fds.front());
    return Failure(error_in(parcel.message.words));
}

BrokerLink::Ended end_in(const std::vector<std::string>& words) {
    if (words.size() > 1) return {0, error_in(words)};
    return {FlatWords(words).number<int>(), {}};
}

}  // namespace

BrokerLink::BrokerLink(boost::asio::io_context& io, Fd socket) : socket_(io, socket.release()) {
    listen();
}

void BrokerLink::listen() {
    socket_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [this](boost::system::error_code error) {
                           if (error) return;
                           auto parcel = receive_parcel(socket_.native_handle());
                           if (!parcel) end_without_broker();
                           take(std::move(*parcel));
                           listen();
                       });
}

void BrokerLink::take(Parcel parcel) {
    const std::uint64_t id = parcel.message.id;
    if (const auto found = launched_.find(id); found != launched_.end()) {
        launched_.extract(found).mapped()(end_in(parcel.message.words));
    } else if (const auto request = asked_.find(id); request != asked_.end()) {
        asked_.extract(request).mapped()(file_in(std::move(parcel)));
    }
}

std::uint64_t BrokerLink::launch(const Peer& who, Program program, const Limits& limits, int in, int out,
                                 std::function<void(Ended)> ended) {
    const std::array<int, 3> fds{who.connection->get(), in, out};
    const std::string word = program == Program::worker ? "worker" : "examination";
    launched_.emplace(++last_id_, std::move(ended));
    if (!send_parcel(socket_.native_handle(),
                     {Message::Kind::launch,
                      last_id_,
                      {word, std::to_string(limits.processes), std::to_string(limits.log_bytes),
                       std::to_string(limits.memory)}},
                     fds))
        end_without_broker();
    return last_id_;
}

void BrokerLink::kill(std::uint64_t launched) {
    if (!send_parcel(socket_.native_handle(), {Message::Kind::kill, launched, {}})) end_without_broker();
}

void BrokerLink::open(const Peer& who, const User& owner, const std::string& folder, const std::string& file,
                      std::function<void(Result<Fd>)> opened) {
    const std::array<int, 1> fds{who.connection->get()};
    asked_.emplace(++last_id_, std::move(opened));
    if (!send_parcel(
            socket_.native_handle(),
            {Message::Kind::open,
             last_id_,
             {folder, file, std::to_string(owner.uid), std::to_string(owner.gid), number_list(owner.groups)}},
            fds))
        end_without_broker();
}

}  // namespace netcut
