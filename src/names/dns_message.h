// SPDX-License-Identifier: Apache-2.0
//
// What a DNS message asks, and the answers to it (RFC 1035, 4). Pure. Any bytes may be given: they are read by glibc's
// own reader (arpa/nameser.h), which checks each length, and names are put in messages by it too.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kernel/address.h"

namespace netcut {

using DnsBytes = std::vector<std::uint8_t>;

// RFC 1035, 4.1.1.
enum class DnsCode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    name_error = 3,
    not_implemented = 4,
    refused = 5
};

struct DnsQuestion {
    std::string
        name;  // lower case, without the dot at its end; what is no letter is escaped as in a zone file
    std::uint16_t type = 0;
    bool is_query = false;  // of the Internet's class; nothing else is answered
    std::size_t end = 0;    // of the question, in bytes from the message's begin
};
// Nothing if it does not ask exactly one thing, or is itself an answer.
std::optional<DnsQuestion> read_question(std::span<const std::uint8_t> message);
// Whether somebody may be told that it was not understood: it is no answer, so that two servers do not go on for ever.
bool is_question_header(std::span<const std::uint8_t> message);

// What a name has: addresses, or, backwards, a name.
struct DnsRecords {
    std::vector<IpAddress> addresses;
    std::string name;
};

// To a question: its records of the type that was asked for.
DnsBytes answer_to(std::span<const std::uint8_t> message, const DnsQuestion& question,
                   const DnsRecords& records, std::uint32_t ttl_s);
// No records, but why. `question`: none if it could not be read.
DnsBytes answer_to(std::span<const std::uint8_t> message, const std::optional<DnsQuestion>& question,
                   DnsCode code);

// The name that an address is looked up by: "2.0.99.10.in-addr.arpa".
std::string reverse_name(const IpAddress& address);

}  // namespace netcut
