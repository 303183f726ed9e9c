// SPDX-License-Identifier: Apache-2.0
//
// Questions are made, and answers read, by glibc's resolver.
#include "names/dns_message.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <resolv.h>

#include <array>
#include <random>

#include "kernel/address.h"

namespace netcut::test::NETCUT_FILE {
namespace {

DnsBytes question_for(const char* name, int type) {
    DnsBytes message(512);
    const int size = ::res_mkquery(ns_o_query, name, ns_c_in, type, nullptr, 0, nullptr, message.data(),
                                   static_cast<int>(message.size()));
    message.resize(static_cast<std::size_t>(size));
    return message;
}

struct Read {
    int code = -1;
    std::vector<std::string> records;
    bool operator==(const Read&) const = default;
};

std::string data_text(const ns_msg& message, const ns_rr& record) {
    std::array<char, NS_MAXDNAME> text{};
    if (ns_rr_type(record) == ns_t_ptr)
        return ::dn_expand(ns_msg_base(message), ns_msg_end(message), ns_rr_rdata(record), text.data(),
                           text.size()) > 0
                   ? std::string("PTR ") + text.data()
                   : "";
    const bool v6 = ns_rr_type(record) == ns_t_aaaa;
    if (ns_rr_rdlen(record) != (v6 ? 16 : 4)) return {};
    ::inet_ntop(v6 ? AF_INET6 : AF_INET, ns_rr_rdata(record), text.data(), text.size());
    return std::string(v6 ? "AAAA " : "A ") + text.data();
}

Read read_answer(const DnsBytes& message) {
    ns_msg parsed{};
    if (::ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) != 0) return {};
    Read read{ns_msg_getflag(parsed, ns_f_rcode), {}};
    for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
        ns_rr record{};
        if (::ns_parserr(&parsed, ns_s_an, i, &record) != 0 || ns_rr_class(record) != ns_c_in) return {};
        read.records.push_back(std::string(ns_rr_name(record)) + " " + std::to_string(ns_rr_ttl(record)) +
                               " " + data_text(parsed, record));
    }
    return read;
}

const DnsRecords both{{boost::asio::ip::make_address("10.99.0.2"), boost::asio::ip::make_address("fd63::2")},
                      {}};

TEST(DnsMessage, AQuestionGetsTheRecordsOfItsType) {
    for (const auto& [type, records] :
         {std::pair(ns_t_a, std::vector<std::string>{"Aggregator.example 7 A 10.99.0.2"}),
          std::pair(ns_t_aaaa, std::vector<std::string>{"Aggregator.example 7 AAAA fd63::2"}),
          std::pair(ns_t_mx, std::vector<std::string>{})}) {
        const DnsBytes message = question_for("Aggregator.example", type);
        const auto question = read_question(message);
        ASSERT_TRUE(question);
        EXPECT_EQ(question->name, "aggregator.example");
        EXPECT_TRUE(question->is_query);
        const DnsBytes answer = answer_to(message, *question, both, 7);
        EXPECT_EQ(read_answer(answer), (Read{ns_r_noerror, records}));
        EXPECT_TRUE(std::equal(message.begin(), message.begin() + 2, answer.begin())) << "the same id";
    }
}

TEST(DnsMessage, AddressesHaveNames) {
    for (const IpAddress& address : both.addresses) {
        const std::string name = reverse_name(address);
        const DnsBytes message = question_for(name.c_str(), ns_t_ptr);
        const Read read =
            read_answer(answer_to(message, read_question(message).value(), {{}, "aggregator"}, 7));
        ASSERT_EQ(read.records.size(), 1U);
        EXPECT_EQ(read.records[0], name + " 7 PTR aggregator");
    }
    EXPECT_EQ(reverse_name(both.addresses[0]), "2.0.99.10.in-addr.arpa");
}

TEST(DnsMessage, WhyThereAreNoRecordsIsSaid) {
    const DnsBytes message = question_for("server", ns_t_a);
    EXPECT_EQ(read_answer(answer_to(message, read_question(message), DnsCode::name_error)),
              (Read{ns_r_nxdomain, {}}));
    const DnsBytes not_understood = answer_to(message, std::nullopt, DnsCode::format_error);
    EXPECT_EQ(not_understood.size(), 12U);
    EXPECT_EQ(read_answer(not_understood), (Read{ns_r_formerr, {}}));
}

TEST(DnsMessage, AnAnswerIsNoQuestion) {
    const DnsBytes message = question_for("aggregator", ns_t_a);
    const DnsBytes answer = answer_to(message, read_question(message).value(), both, 7);
    EXPECT_FALSE(read_question(answer));
    EXPECT_FALSE(is_question_header(answer));
    EXPECT_TRUE(is_question_header(message));
}

TEST(DnsMessage, AnyBytesAreReadWithinTheirBounds) {
    const DnsBytes whole = question_for("aggregator.example.org", ns_t_a);
    for (std::size_t size = 0; size < whole.size(); ++size)
        EXPECT_FALSE(read_question(std::span(whole).first(size))) << size;
    DnsBytes loop = whole;
    loop[12] = 0xc0;  // a name that goes on where it is
    loop[13] = 12;
    EXPECT_FALSE(read_question(loop));
    std::mt19937 random(7);
    for (int i = 0; i < 20'000; ++i) {
        DnsBytes message = whole;
        for (int change = 0; change < 4; ++change)
            message[random() % message.size()] = static_cast<std::uint8_t>(random());
        message.resize(random() % (message.size() + 1));
        const auto question = read_question(message);
        if (!question) continue;
        EXPECT_LE(question->end, message.size());
        EXPECT_NE(read_answer(answer_to(message, *question, both, 7)).code, -1);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
