// SPDX-License-Identifier: Apache-2.0
#include "names/dns_message.h"

#include <arpa/nameser.h>
#include <fmt/format.h>
#include <resolv.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "kernel/links.h"

namespace netcut {
namespace {

constexpr std::size_t header_bytes = 12;
constexpr std::uint8_t is_answer = 0x80, authoritative = 0x04;     // of byte 2
constexpr std::uint8_t recursion_available = 0x80;                 // of byte 3
constexpr std::uint16_t name_of_question = 0xc000 | header_bytes;  // a pointer to where it is
constexpr std::size_t answers_count = 6;

void put16(DnsBytes& bytes, std::uint16_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

DnsBytes begin_answer(std::span<const std::uint8_t> message, std::size_t question_end, DnsCode code) {
    const bool asked = question_end > header_bytes;
    DnsBytes answer(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(question_end));
    const auto kept = static_cast<std::uint8_t>(answer[2] & ~(authoritative | 0x02));  // and no truncation
    answer[2] = static_cast<std::uint8_t>(kept | is_answer | (asked ? authoritative : 0));
    answer[3] = static_cast<std::uint8_t>(recursion_available | static_cast<std::uint8_t>(code));
    std::fill(answer.begin() + 4, answer.begin() + header_bytes, std::uint8_t{0});
    answer[5] = asked ? 1 : 0;
    return answer;
}

void add_record(DnsBytes& answer, std::uint16_t type, std::uint32_t ttl_s,
                std::span<const std::uint8_t> data) {
    put16(answer, name_of_question);
    put16(answer, type);
    put16(answer, ns_c_in);
    put16(answer, static_cast<std::uint16_t>(ttl_s >> 16));
    put16(answer, static_cast<std::uint16_t>(ttl_s));
    put16(answer, static_cast<std::uint16_t>(data.size()));
    answer.insert(answer.end(), data.begin(), data.end());
    ++answer[answers_count + 1];  // a node has two addresses at most
}

void add_address(DnsBytes& answer, std::uint16_t asked, const IpAddress& address, std::uint32_t ttl_s) {
    const std::uint16_t type = address.is_v6() ? ns_t_aaaa : ns_t_a;
    if (asked != type && asked != ns_t_any) return;
    if (address.is_v6())
        add_record(answer, type, ttl_s, address.to_v6().to_bytes());
    else
        add_record(answer, type, ttl_s, address.to_v4().to_bytes());
}

}  // namespace

bool is_question_header(std::span<const std::uint8_t> message) {
    return message.size() >= header_bytes && (message[2] & is_answer) == 0;
}

std::optional<DnsQuestion> read_question(std::span<const std::uint8_t> message) {
    if (!is_question_header(message)) return {};
    ns_msg parsed{};
    ns_rr record{};
    if (::ns_initparse(message.data(), static_cast<int>(message.size()), &parsed) != 0 ||
        ns_msg_count(parsed, ns_s_qd) != 1 || ::ns_parserr(&parsed, ns_s_qd, 0, &record) != 0)
        return {};
    DnsQuestion question;
    question.name = ns_rr_name(record);
    if (question.name == ".") question.name.clear();
    std::transform(question.name.begin(), question.name.end(), question.name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    question.type = static_cast<std::uint16_t>(ns_rr_type(record));
    question.is_query = ns_msg_getflag(parsed, ns_f_opcode) == ns_o_query && ns_rr_class(record) == ns_c_in;
    const int name = ::dn_skipname(message.data() + header_bytes, message.data() + message.size());
    question.end = header_bytes + static_cast<std::size_t>(name) + 4;  // its type and class
    return question;
}

DnsBytes answer_to(std::span<const std::uint8_t> message, const DnsQuestion& question,
                   const DnsRecords& records, std::uint32_t ttl_s) {
    DnsBytes answer = begin_answer(message, question.end, DnsCode::no_error);
    for (const IpAddress& address : records.addresses) add_address(answer, question.type, address, ttl_s);
    if (records.name.empty() || question.type != ns_t_ptr) return answer;
    std::array<std::uint8_t, NS_MAXCDNAME> name{};
    const int length =
        ::dn_comp(records.name.c_str(), name.data(), static_cast<int>(name.size()), nullptr, nullptr);
    if (length > 0)
        add_record(answer, ns_t_ptr, ttl_s, std::span(name.data(), static_cast<std::size_t>(length)));
    return answer;
}

DnsBytes answer_to(std::span<const std::uint8_t> message, const std::optional<DnsQuestion>& question,
                   DnsCode code) {
    return begin_answer(message, question ? question->end : header_bytes, code);
}

std::string reverse_name(const IpAddress& address) {
    std::string name;
    if (address.is_v4()) {
        for (const std::uint8_t byte : address.to_v4().to_bytes()) name = fmt::format("{}.", byte) + name;
        return name + "in-addr.arpa";
    }
    for (const std::uint8_t byte : address.to_v6().to_bytes())
        name = fmt::format("{:x}.{:x}.", byte & 0xf, byte >> 4) + name;
    return name + "ip6.arpa";
}

}  // namespace netcut
