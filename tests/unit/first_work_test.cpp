// SPDX-License-Identifier: Apache-2.0
#include "recovery/first_work.h"

#include <gtest/gtest.h>

#include "base/time.h"
#include "recovery/tls_hello.h"
#include "unit/packet_samples.h"

namespace netcut::test {
namespace {

using namespace std::chrono_literals;
Bytes number(std::size_t value, int bytes) {
    Bytes text;
    for (int i = bytes - 1; i >= 0; --i) text.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
    return text;
}

Bytes counted(const Bytes& body, int bytes) {
    return number(body.size(), bytes) + body;
}

Bytes text(const std::string& what) {
    return {what.begin(), what.end()};
}

Bytes record(std::uint8_t type, const Bytes& body) {
    return Bytes{type, 3, 3} + counted(body, 2);
}

// A record of data with so many bytes, under TLS 1.3.
Bytes data(std::size_t bytes) {
    return record(23, Bytes(bytes + 17));
}

Bytes hello_extension(unsigned type, const Bytes& body) {
    return number(type, 2) + counted(body, 2);
}

Bytes client_hello(const std::string& protocol = {}, bool tickets = true) {
    Bytes extensions;
    if (!protocol.empty()) extensions = hello_extension(16, counted(counted(text(protocol), 1), 2));
    if (tickets) extensions = extensions + hello_extension(45, {1, 1});
    const Bytes body =
        Bytes{3, 3} + Bytes(32) + Bytes{0} + counted({0x13, 1}, 2) + counted({0}, 1) + counted(extensions, 2);
    return record(22, Bytes{1} + counted(body, 3));
}

Bytes server_hello(bool tls13, Bytes random = Bytes(32)) {
    const Bytes extensions = tls13 ? hello_extension(43, {3, 4}) : hello_extension(23, {});
    const Bytes body = Bytes{3, 3} + random + Bytes{0, 0x13, 1, 0} + counted(extensions, 2);
    return record(22, Bytes{2} + counted(body, 3));
}

Bytes frame(std::uint8_t type, std::size_t bytes) {
    return number(bytes, 3) + Bytes{type, 0, 0, 0, 0, 0} + Bytes(bytes);
}

const Bytes finished = data(36), change = record(20, {1});
constexpr std::size_t preface = 82, settings = 55, acknowledgement = 9, ping = 17, call = 241, reply = 138;

// What two ends say in turn, a millisecond apart, each a write.
class Dialogue {
  public:
    Dialogue() {
        work_.open(StreamEnd::opener, 999);
        work_.open(StreamEnd::acceptor, 4'294'967'290);
    }
    Dialogue& says(StreamEnd from, Bytes bytes, std::size_t captured = SIZE_MAX) {
        now_ += 1ms;
        std::uint32_t& seq = from == StreamEnd::opener ? opener_ : acceptor_;
        const auto length = static_cast<std::uint32_t>(bytes.size());
        bytes.resize(std::min(captured, bytes.size()));
        work_.take(from, {seq, length, std::move(bytes), true, now_});
        seq += length;
        return *this;
    }
    Dialogue& asks(Bytes bytes) { return says(StreamEnd::opener, std::move(bytes)); }
    Dialogue& answers(Bytes bytes) { return says(StreamEnd::acceptor, std::move(bytes)); }
    Dialogue& greets(const std::string& protocol, bool tls13 = true) {
        asks(client_hello(protocol))
            .answers(server_hello(tls13) + (tls13 ? change + data(1000) + finished : Bytes{}));
        return asks(tls13 ? change + finished : record(22, Bytes(80)) + change + record(22, Bytes(40)));
    }
    WorkState state() const { return work_.state(); }
    Nanoseconds when() const { return work_.when(); }
    Nanoseconds now() const { return now_; }
    FirstWork& work() { return work_; }

  private:
    FirstWork work_;
    Nanoseconds now_{0};
    std::uint32_t opener_ = 1000, acceptor_ = 4'294'967'291;
};

TEST(FirstWork, OfAnUnknownProtocolIsAnyData) {
    EXPECT_EQ(Dialogue().asks(text("GET / HTTP/1.1\r\n\r\n")).state(), WorkState::any_data);
    EXPECT_EQ(Dialogue().answers(text("220 hello")).state(), WorkState::any_data)
        << "a client of TLS speaks first";
    EXPECT_EQ(Dialogue().answers(text("220")).state(), WorkState::set_up) << "too short to tell";
    EXPECT_EQ(Dialogue().answers(text("220")).asks(text("EHLO")).state(), WorkState::any_data);
    EXPECT_EQ(Dialogue().answers(frame(4, 24)).state(), WorkState::set_up) << "SETTINGS may come at once";
}

TEST(FirstWork, OfHttp2IsACallAndItsAnswer) {
    Dialogue dialogue;
    dialogue.answers(frame(4, 24) + frame(8, 4));
    dialogue.asks(text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(4, 36) + frame(8, 4));
    dialogue.answers(frame(4, 0)).asks(frame(6, 8)).answers(frame(6, 8));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(frame(1, 200) + frame(0, 5)).answers(frame(6, 8) + frame(8, 4));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.answers(frame(1, 40));
    EXPECT_EQ(dialogue.state(), WorkState::work);
    EXPECT_EQ(dialogue.when(), dialogue.now());
}

TEST(FirstWork, WordsToAProxyAreNoneOfIt) {
    const std::string head = "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n",
                      reply = "HTTP/1.1 200 Connection established\r\n\r\n";
    const Bytes greeting = text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(4, 36);
    Dialogue dialogue, at_once, plain, refused, cut_off;
    for (Dialogue* one : {&dialogue, &at_once, &plain, &refused, &cut_off}) one->work().expect_proxy();
    dialogue.asks(text(head.substr(0, 10))).asks(text(head.substr(10))).answers(text(reply));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(greeting).answers(frame(4, 24)).answers(frame(4, 0)).asks(frame(1, 200));
    EXPECT_EQ(dialogue.state(), WorkState::set_up) << "the proxy has it";
    dialogue.answers(frame(1, 40));
    EXPECT_EQ(dialogue.state(), WorkState::work);
    at_once.asks(text(head) + greeting + frame(1, 200)).answers(text(reply) + frame(4, 24) + frame(1, 40));
    EXPECT_EQ(at_once.state(), WorkState::work);
    plain.asks(text(head)).answers(text(reply)).answers(text("220 hello"));
    EXPECT_EQ(plain.state(), WorkState::set_up) << "who speaks first is not known of a proxy";
    EXPECT_EQ(plain.asks(text("EHLO")).state(), WorkState::any_data);
    refused.asks(text(head)).answers(text("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno\n"));
    EXPECT_EQ(refused.state(), WorkState::set_up);
    EXPECT_EQ(cut_off.says(StreamEnd::opener, text(head), 20).state(), WorkState::unclear)
        << "bytes were not captured";
}

TEST(FirstWork, OfHttp2UnderTlsIsWhatIsLongerThanGreetings) {
    for (const bool tls13 : {true, false}) {
        Dialogue dialogue;
        dialogue.greets("h2", tls13).asks(data(preface));
        if (tls13) dialogue.answers(data(249) + data(249));
        dialogue.answers(data(settings)).asks(data(acknowledgement)).asks(data(ping)).answers(data(ping));
        EXPECT_EQ(dialogue.state(), WorkState::set_up) << tls13;
        dialogue.asks(data(call)).answers(data(ping));
        EXPECT_EQ(dialogue.state(), WorkState::set_up) << tls13;
        dialogue.answers(data(reply));
        EXPECT_EQ(dialogue.state(), WorkState::work) << tls13;
        EXPECT_EQ(dialogue.when(), dialogue.now());
    }
}

TEST(FirstWork, CertificateOfTheOpenerIsOfTheHandshake) {
    Dialogue dialogue;
    dialogue.asks(client_hello("h2")).answers(server_hello(true) + change + data(1000) + finished);
    dialogue.asks(change + data(828) + data(264) + finished).answers(data(1081) + data(1081));
    dialogue.asks(data(preface)).answers(data(settings)).asks(data(acknowledgement));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(data(call)).answers(data(reply));
    EXPECT_EQ(dialogue.state(), WorkState::work);
}

TEST(FirstWork, HandshakeWhoseEndIsNotToBeToldEndsBeforeTheNextRequest) {
    Dialogue dialogue;
    dialogue.asks(client_hello("h2")).answers(server_hello(true) + change + data(1036));
    dialogue.asks(change + data(1128)).answers(data(1081)).asks(data(preface)).answers(data(settings));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(data(call)).answers(data(reply));
    EXPECT_EQ(dialogue.state(), WorkState::work);
}

TEST(FirstWork, TicketsAreNoAnswer) {
    Dialogue dialogue;
    dialogue.greets("http/1.1");
    dialogue.asks(data(30)).answers(data(249)).answers(data(249));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.answers(data(30));
    EXPECT_EQ(dialogue.state(), WorkState::work);

    Dialogue without;
    without.asks(client_hello({}, false)).answers(server_hello(true) + change + data(900));
    without.asks(change + finished).asks(data(30)).answers(data(30));
    EXPECT_EQ(without.state(), WorkState::work);
}

TEST(FirstWork, Tls12TellsItself) {
    Dialogue dialogue;
    dialogue.greets({}, false).answers(record(22, Bytes(200)) + change + record(22, Bytes(40)));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(data(1)).answers(data(1));
    EXPECT_EQ(dialogue.state(), WorkState::work);
}

TEST(FirstWork, SecondHelloAfterARetryCounts) {
    Bytes retry = {0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11};
    retry.resize(32);
    Dialogue dialogue;
    dialogue.asks(client_hello("h2")).answers(server_hello(true, retry) + change);
    dialogue.asks(change + client_hello("h2")).answers(server_hello(true) + data(1000) + finished);
    dialogue.asks(finished + data(preface)).answers(data(249)).answers(data(settings));
    EXPECT_EQ(dialogue.state(), WorkState::set_up);
    dialogue.asks(data(call)).answers(data(reply));
    EXPECT_EQ(dialogue.state(), WorkState::work);
}

TEST(FirstWork, WhatWasNotCapturedIsMadeUpForAtTheNextWrite) {
    Dialogue dialogue;
    dialogue.asks(client_hello("h2"));
    dialogue.says(StreamEnd::acceptor, server_hello(true) + change + data(2000) + finished, 200);
    dialogue.asks(change + finished).asks(data(preface)).answers(data(249)).answers(data(settings));
    dialogue.asks(data(call)).answers(data(reply));
    EXPECT_EQ(dialogue.state(), WorkState::work);
    EXPECT_TRUE(dialogue.work().is_sure());
}

TEST(FirstWork, HelloThatIsNotWholeMakesItUnsure) {
    Dialogue dialogue;
    dialogue.says(StreamEnd::opener, client_hello("http/1.1"), 60);
    EXPECT_FALSE(dialogue.work().is_sure());
}

TEST(FirstWork, SegmentsAreTakenInSequence) {
    FirstWork work;
    work.open(StreamEnd::opener, 0);
    work.open(StreamEnd::acceptor, 0);
    const Bytes asked = text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") + frame(4, 36) + frame(1, 200);
    const auto piece = [&](std::uint32_t begin, std::uint32_t end) {
        return StreamSegment{1 + begin, end - begin, Bytes(asked.begin() + begin, asked.begin() + end), false,
                             Nanoseconds(begin)};
    };
    const auto all = static_cast<std::uint32_t>(asked.size());
    work.take(StreamEnd::opener, piece(30, all));
    work.take(StreamEnd::acceptor, {1, 49, frame(1, 40), true, 5ms});
    EXPECT_EQ(work.state(), WorkState::set_up);
    work.take(StreamEnd::opener, piece(0, 20));
    work.take(StreamEnd::opener, piece(0, 35));  // sent once more
    work.take(StreamEnd::acceptor, {50, 49, frame(1, 40), true, 6ms});
    EXPECT_EQ(work.state(), WorkState::work);
}

TEST(FirstWork, WhatIsMissingMakesItUnclear) {
    Dialogue dialogue;
    dialogue.greets("h2").work().miss();
    EXPECT_EQ(dialogue.state(), WorkState::unclear);
    dialogue.asks(data(call)).answers(data(reply));
    EXPECT_EQ(dialogue.state(), WorkState::unclear);
}

// Between a client and a server, of which only some are seen.
class Wire {
  public:
    Wire& client(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::size_t payload = 0) {
        return take(v4_hosts, 45678, 8080, flags, seq, ack, payload);
    }
    Wire& server(std::uint8_t flags, std::uint32_t seq, std::uint32_t ack, std::size_t payload = 0) {
        return take({v4_hosts.destination, v4_hosts.source}, 8080, 45678, flags, seq, ack, payload);
    }
    Wire& open() { return client(syn, 99, 0).server(syn | ack, 4'294'967'295, 100).client(ack, 100, 0); }
    std::size_t worked() const { return all_.worked().size(); }
    std::optional<Nanoseconds> exchanged() const { return all_.exchanged(all_key()); }
    static constexpr std::uint8_t fin = tcp_flag::fin, syn = tcp_flag::syn, rst = tcp_flag::rst,
                                  ack = tcp_flag::ack;

  private:
    static ConversationKey all_key() {
        return {boost::asio::ip::make_address(v4_hosts.destination), 8080,
                boost::asio::ip::make_address(v4_hosts.source), 45678};
    }
    Wire& take(const Addresses& hosts, unsigned from, unsigned to, std::uint8_t flags, std::uint32_t seq,
               std::uint32_t acked, std::size_t payload) {
        const Bytes segment = number(from, 2) + number(to, 2) + number(seq, 4) + number(acked, 4) +
                              Bytes{0x50, flags, 1, 0, 0, 0, 0, 0} + Bytes(payload, 'x');
        all_.take(ipv4(6, segment, hosts), now_ += 1ms);
        return *this;
    }
    OpenedConnections all_;
    Nanoseconds now_{0};
};

TEST(OpenedConnections, HowOneEndedSaysWhatItHasCarried) {
    Wire closed;
    closed.open().client(Wire::ack, 100, 0, 7);
    EXPECT_EQ(closed.worked(), 0U);
    closed.server(Wire::fin | Wire::ack, 9, 107);  // its answer of 9 bytes was left out
    EXPECT_EQ(closed.worked(), 0U) << "the client need not have it";
    closed.client(Wire::fin | Wire::ack, 107, 10);
    EXPECT_EQ(closed.worked(), 1U);
    EXPECT_EQ(closed.exchanged(), 6ms);
    Wire reset;
    reset.open()
        .client(Wire::ack, 100, 0, 7)
        .server(Wire::ack, 0, 107, 9)
        .client(Wire::rst | Wire::ack, 107, 9);
    EXPECT_EQ(reset.worked(), 1U);
}

TEST(OpenedConnections, WithoutAnAnswerHasCarriedNoWork) {
    Wire wire;
    wire.open().client(Wire::ack, 100, 0, 7).server(Wire::fin | Wire::ack, 0, 107);
    wire.client(Wire::fin | Wire::ack, 107, 1).server(Wire::ack, 1, 108);
    EXPECT_FALSE(wire.exchanged()) << "a FIN is no data";
    EXPECT_EQ(wire.worked(), 0U);
}

// For which there is no room: whatever they carry may be their set-up.
TEST(OpenedConnections, MoreThanAreRememberedAreUnclear) {
    const auto key = [](unsigned number) {
        return ConversationKey{boost::asio::ip::make_address_v4(0x0a630003 + number / 50'000),
                               1024 + number % 50'000, boost::asio::ip::make_address(v4_hosts.destination),
                               8080};
    };
    OpenedConnections all;
    const auto open = [&](unsigned number) {
        const Bytes syn = big_endian(std::get<1>(key(number)), 2) + big_endian(8080, 2) + big_endian(99, 4) +
                          big_endian(0, 4) + Bytes{0x50, tcp_flag::syn, 1, 0, 0, 0, 0, 0};
        all.take(ipv4(6, syn, {std::get<0>(key(number)).to_string(), v4_hosts.destination}), 1ms);
    };
    constexpr unsigned most = 16'384;
    for (unsigned number = 0; number < most; ++number) open(number);
    EXPECT_EQ(all.find(key(most - 1))->state(), WorkState::set_up);
    EXPECT_EQ(all.find(key(most)), nullptr) << "it was there before";
    open(most);
    open(0);  // once more, from the same port
    EXPECT_EQ(all.find(key(most))->state(), WorkState::unclear);
    EXPECT_EQ(all.find(turned(key(most)))->state(), WorkState::unclear);
    EXPECT_EQ(all.find(key(0))->state(), WorkState::set_up);
    all.forget();
    EXPECT_EQ(all.find(key(0)), nullptr);
    open(most);
    EXPECT_EQ(all.find(key(most))->state(), WorkState::set_up);
}

TEST(FirstWork, AnyBytesMayBeGiven) {
    for (unsigned seed = 0; seed < 2000; ++seed) {
        Dialogue dialogue;
        std::uint32_t state = seed * 2654435761U + 1;
        dialogue.asks(client_hello("h2"));
        for (int i = 0; i < 8; ++i) {
            Bytes bytes(state % 300);
            for (auto& byte : bytes)
                byte = static_cast<std::uint8_t>((state = state * 1664525U + 1013904223U) >> 24);
            if (!bytes.empty() && i % 2 == 0) bytes[0] = 22;
            dialogue.says(i % 3 == 0 ? StreamEnd::opener : StreamEnd::acceptor, bytes, state % 400);
        }
    }
}

}  // namespace
}  // namespace netcut::test
