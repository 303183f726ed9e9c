// SPDX-License-Identifier: Apache-2.0
#include "recovery/first_work.h"

#include <algorithm>

#include "recovery/tls_hello.h"

namespace netcut {
namespace {

constexpr std::size_t most_ahead = 64, most_early = 16;                          // segments
constexpr std::size_t most_opened = 16'384, most_worked = std::size_t{1} << 20;  // connections

constexpr std::uint8_t tls_handshake = 22, tls_data = 23;
// With a tag, and the type or a nonce.
constexpr std::uint32_t overhead_13 = 17, overhead_12 = 24;
// RFC 8446, 4.4.4: 4 bytes and a hash (SHA-256, SHA-384), in a record of its own.
constexpr std::uint32_t finished_records[] = {4 + 32 + overhead_13, 4 + 48 + overhead_13};

// A call's first headers are longer than a preface, settings and a window update; its answer is longer than settings, an
// acknowledgement or a ping and a window update.
constexpr std::uint32_t longest_http2_greeting = 128, longest_http2_reply = 64;

constexpr std::string_view http2_preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::int32_t distance(std::uint32_t from, std::uint32_t to) {
    return static_cast<std::int32_t>(to - from);
}

// Of TLS and HTTP/2 the opener speaks first, but that a server may send its SETTINGS at once (RFC 9113, 3.4 and 6.5).
// Null: too little of it is there.
std::optional<bool> may_be_settings(const std::vector<std::uint8_t>& begin) {
    constexpr std::uint8_t settings = 4;
    if (begin.size() < 9) return {};
    return begin[3] == settings &&
           std::all_of(begin.begin() + 5, begin.begin() + 9, [](auto byte) { return byte == 0; });
}

// DATA, HEADERS, PUSH_PROMISE, CONTINUATION (RFC 9113, 6).
bool is_of_a_call(std::uint8_t frame) {
    return frame == 0 || frame == 1 || frame == 5 || frame == 9;
}

void take_payload(FirstWork& work, StreamEnd from, const PacketHeader& header, PacketBytes packet,
                  Nanoseconds when) {
    const std::size_t tcp_at = header.network_header;
    if (packet.size() < tcp_at + 13) return;
    const std::size_t begin = std::min<std::size_t>(packet.size(), tcp_at + (packet[tcp_at + 12] >> 4) * 4U);
    const auto bytes = packet.subspan(begin, std::min<std::size_t>(packet.size() - begin, header.payload));
    const TcpFields& tcp = *header.tcp;
    work.take(
        from,
        {tcp.seq, header.payload, {bytes.begin(), bytes.end()}, (tcp.flags & tcp_flag::psh) != 0, when});
}

}  // namespace

void StreamOrder::take(StreamSegment segment, const std::function<void(const StreamSegment&)>& deliver) {
    if (!next_) next_ = segment.seq;
    ahead_.push_back(std::move(segment));
    for (bool any = true; any;) {
        any = false;
        for (auto one = ahead_.begin(); one != ahead_.end();) {
            const std::int32_t hole = distance(*next_, one->seq);
            if (hole > 0) {
                ++one;
                continue;
            }
            const auto had = static_cast<std::uint32_t>(-hole);
            if (had < one->length) {  // else it was sent once more
                one->bytes.erase(one->bytes.begin(),
                                 one->bytes.begin() + std::min<std::ptrdiff_t>(had, std::ssize(one->bytes)));
                one->length -= had;
                *next_ += one->length;
                deliver(*one);
                any = true;
            }
            one = ahead_.erase(one);
        }
    }
    if (ahead_.size() <= most_ahead) return;
    ahead_.clear();
    overrun_ = true;
}

bool StreamItems::begin_item() {
    const auto at = [this](std::size_t i) { return std::uint32_t{header_[i]}; };
    const bool tls = format_ == Format::tls;
    item_ = {header_[tls ? 0 : 3], tls ? at(3) << 8 | at(4) : at(0) << 16 | at(1) << 8 | at(2), {}, false};
    const bool is_possible = tls ? item_.type >= 20 && item_.type <= 23 && header_[1] == 3 : item_.type <= 16;
    header_.clear();
    skip_ = item_.length;
    in_item_ = is_possible;
    return is_possible;
}

void StreamItems::end_item(const std::function<void(const Item&)>& each) {
    in_item_ = false;
    if (!keeps_body()) return;
    item_.is_whole = item_.body.size() == item_.length;
    each(item_);
}

void StreamItems::take(const StreamSegment& segment, const std::function<void(const Item&)>& each) {
    const std::size_t header_bytes = format_ == Format::tls ? 5 : 9;
    for (std::size_t at = 0; at < segment.length && !lost_;) {
        if (skip_ > 0) {
            const std::size_t part = std::min<std::size_t>(skip_, segment.length - at);
            if (in_item_ && keeps_body() && at < segment.bytes.size()) {
                const auto from = segment.bytes.begin() + static_cast<std::ptrdiff_t>(at);
                const std::size_t there = std::min(part, segment.bytes.size() - at);
                item_.body.insert(item_.body.end(), from, from + static_cast<std::ptrdiff_t>(there));
            }
            skip_ -= part;
            at += part;
            if (skip_ == 0 && in_item_) end_item(each);
            continue;
        }
        lost_ = at >= segment.bytes.size();
        if (lost_) break;
        header_.push_back(segment.bytes[at++]);
        if (header_.size() < header_bytes) continue;
        lost_ = !begin_item();
        if (!lost_ && !keeps_body()) each(item_);
        if (!lost_ && skip_ == 0) end_item(each);
    }
    if (!lost_ || !segment.ends_write) return;
    lost_ = in_item_ = false;
    header_.clear();
    skip_ = 0;
}

void FirstWork::take(StreamEnd from, StreamSegment segment) {
    if (is_decided() || state_ == State::unclear) return;
    opener_has_spoken_ = opener_has_spoken_ || from == StreamEnd::opener;
    sequence(from).take(std::move(segment), [&](const StreamSegment& next) { deliver(from, next); });
    if (sequence(from).has_hole_for_good()) miss();
    if (asked_ && answered_ && !is_decided()) {
        state_ = State::work;
        when_ = std::max(*asked_, *answered_);
    }
}

void FirstWork::miss() {
    if (!is_decided()) state_ = State::unclear;
}

// Of a head no byte may be missing.
std::optional<StreamSegment> FirstWork::behind_head(StreamEnd from, const StreamSegment& segment) {
    constexpr std::string_view empty_line = "\r\n\r\n";
    const auto end = static_cast<std::size_t>(from);
    std::size_t& matched = matched_[end];
    for (std::size_t at = 0; at < segment.bytes.size(); ++at) {
        const auto byte = static_cast<char>(segment.bytes[at]);
        matched = byte == empty_line[matched] ? matched + 1 : byte == empty_line[0] ? 1 : 0;
        if (matched < empty_line.size()) continue;
        heads_[end] = Head::over;
        const auto had = static_cast<std::uint32_t>(at + 1);
        if (had == segment.length) return {};
        return StreamSegment{segment.seq + had,
                             segment.length - had,
                             {segment.bytes.begin() + had, segment.bytes.end()},
                             segment.ends_write,
                             segment.when};
    }
    if (segment.bytes.size() < segment.length) miss();
    return {};
}

void FirstWork::deliver(StreamEnd from, const StreamSegment& segment) {
    if (is_decided()) return;
    if (heads_[static_cast<std::size_t>(from)] != Head::over) {
        if (const auto rest = behind_head(from, segment)) deliver(from, *rest);
        return;
    }
    if (!format_ && from == StreamEnd::acceptor) {
        if (early_.empty() && !opener_has_spoken_ && !has_proxy_ &&
            !may_be_settings(segment.bytes).value_or(true))
            state_ = State::any_data;
        if (early_.size() < most_early) early_.push_back(segment);
        return;
    }
    if (!format_) recognize(segment);
    if (!format_) return;
    for (const StreamSegment& one : std::exchange(early_, {})) parse(StreamEnd::acceptor, one);
    parse(from, segment);
}

void FirstWork::recognize(const StreamSegment& segment) {
    const std::string_view text(reinterpret_cast<const char*>(segment.bytes.data()), segment.bytes.size());
    const bool http2 = text.size() >= 8 && text.starts_with(http2_preface.substr(0, 8));
    const bool tls = text.size() >= 2 && segment.bytes[0] == tls_handshake && segment.bytes[1] == 3;
    if (!http2 && !tls) {
        state_ = State::any_data;
        return;
    }
    format_ = http2 ? StreamItems::Format::http2 : StreamItems::Format::tls;
    items_[static_cast<std::size_t>(StreamEnd::opener)].emplace(*format_, http2 ? http2_preface.size() : 0);
    items_[static_cast<std::size_t>(StreamEnd::acceptor)].emplace(*format_);
}

void FirstWork::parse(StreamEnd from, const StreamSegment& segment) {
    items_[static_cast<std::size_t>(from)]->take(segment, [&](const StreamItems::Item& item) {
        if (*format_ == StreamItems::Format::http2)
            take_frame(from, item.type, segment.when);
        else
            take_record(from, item, segment.when);
    });
    if (from == StreamEnd::acceptor && segment.ends_write && greeting_ == Greeting::begun)
        greeting_ = Greeting::over;
}

void FirstWork::take_frame(StreamEnd from, std::uint8_t type, Nanoseconds when) {
    if (!is_of_a_call(type)) return;
    from == StreamEnd::opener ? asked(when) : answered(when);
}

void FirstWork::asked(Nanoseconds when) {
    if (!asked_) asked_ = when;
}

void FirstWork::answered(Nanoseconds when) {
    if (!answered_ && (asked_ || (!http2_ && !has_proxy_))) answered_ = when;
}

void FirstWork::take_record(StreamEnd from, const StreamItems::Item& record, Nanoseconds when) {
    if (record.type == tls_handshake && !tls13_) return take_hello(from, record);
    if (record.type != tls_data || !tls13_) return;
    from == StreamEnd::opener ? take_opener_data(record.length, when)
                              : take_acceptor_data(record.length, when);
}

void FirstWork::take_hello(StreamEnd from, const StreamItems::Item& record) {
    const TlsHello hello = parse_tls_hello(record.body);
    if (from == StreamEnd::acceptor) {
        if (hello.is_retry) return;
        tls13_ = hello.is_13;
        return;
    }
    sure_ = record.is_whole;
    if (!record.is_whole) return;
    http2_ = hello.offers_http2;
    may_get_tickets_ = hello.takes_tickets;
}

void FirstWork::take_opener_data(std::uint32_t length, Nanoseconds when) {
    if (*tls13_ && !opener_has_finished_) {
        opener_goes_on_ = true;
        // Where its end is not to be told, all before the first reply may be of the handshake.
        opener_has_finished_ = std::any_of(std::begin(finished_records), std::end(finished_records),
                                           [&](std::uint32_t one) { return length == one; });
        if (opener_has_finished_ || greeting_ != Greeting::over) return;
        opener_has_finished_ = true;
    }
    const std::uint32_t overhead = *tls13_ ? overhead_13 : overhead_12;
    if (!http2_ || length > longest_http2_greeting + overhead) asked(when);
}

void FirstWork::take_acceptor_data(std::uint32_t length, Nanoseconds when) {
    if (*tls13_) {
        if (!opener_goes_on_) return;  // of its handshake
        if (greeting_ == Greeting::none) ticket_ = length;
        if (greeting_ == Greeting::none) greeting_ = Greeting::begun;
        // Tickets come first, in one write or in several; they are all as long.
        if (length != ticket_) ticket_.reset();
        if (may_get_tickets_ && (greeting_ == Greeting::begun || ticket_)) return;
    }
    const std::uint32_t overhead = *tls13_ ? overhead_13 : overhead_12;
    if (!http2_ || length > longest_http2_reply + overhead) answered(when);
}

// FIN and RST are seen of all connections, also of those whose other packets are left out: what each end has of the other
// follows from the numbers in them.
void OpenedConnections::note_numbers(Opened& one, StreamEnd from, const PacketHeader& packet,
                                     Nanoseconds when) {
    const TcpFields& tcp = *packet.tcp;
    const auto end = static_cast<std::size_t>(from);
    Way &own = one.ways[end], &other = one.ways[1 - end];
    if ((tcp.flags & tcp_flag::syn) != 0) {
        own = {tcp.seq + 1, {}, false};
        return;
    }
    if ((tcp.flags & tcp_flag::fin) != 0) own.end = tcp.seq + packet.payload;
    if ((tcp.flags & tcp_flag::ack) == 0 || !other.begin) return;
    const bool is_past_end = other.end && distance(*other.end, tcp.ack) > 0;
    if (distance(*other.begin, is_past_end ? *other.end : tcp.ack) > 0) other.arrived = true;
    if (own.arrived && other.arrived && !one.exchanged) one.exchanged = when;
}

void OpenedConnections::list(const ConversationKey& key, Opened& one) {
    const WorkState state = one.work.state();
    const bool worked =
        state == WorkState::work || (state == WorkState::any_data && one.exchanged && !one.has_proxy);
    if (!worked || one.is_listed || worked_.size() >= most_worked) return;
    one.is_listed = true;
    worked_.push_back(key);
}

std::optional<OpenedConnections::Change> OpenedConnections::take(PacketBytes packet, Nanoseconds when) {
    const auto header = parse_packet(packet);
    if (!header || !header->tcp || header->later_fragment) return {};
    const ConversationKey key{header->source, header->source_port, header->destination,
                              header->destination_port};
    const TcpFields& tcp = *header->tcp;
    const bool syn = (tcp.flags & tcp_flag::syn) != 0;
    const bool opens = syn && (tcp.flags & tcp_flag::ack) == 0;
    if (opens) remember(key);
    const auto own = by_opener_.find(key);
    const auto found = own != by_opener_.end() ? own : by_opener_.find(turned(key));
    if (found == by_opener_.end()) return {};
    FirstWork& work = found->second.work;
    const StreamEnd from = own != by_opener_.end() ? StreamEnd::opener : StreamEnd::acceptor;
    note_numbers(found->second, from, *header, when);
    if (syn) work.open(from, tcp.seq);
    if (opens && proxies_.contains(header->destination)) {
        work.expect_proxy();
        found->second.has_proxy = true;
    }
    if (opens) return Change{key};
    const bool was_decided = work.is_decided();
    if (!syn && header->payload > 0 && !was_decided) take_payload(work, from, *header, packet, when);
    list(found->first, found->second);
    return work.is_decided() && !was_decided ? std::optional(Change{key, true}) : std::nullopt;
}

void OpenedConnections::remember(const ConversationKey& key) {
    if (by_opener_.size() < most_opened || by_opener_.contains(key)) {
        by_opener_[key] = {};
        return;
    }
    if (!unremembered_) unremembered_.emplace().miss();
}

void OpenedConnections::forget() {
    by_opener_.clear();
    worked_.clear();
    unremembered_.reset();
}

void OpenedConnections::miss() {
    for (auto& [key, one] : by_opener_) one.work.miss();
}

void OpenedConnections::miss(const ConversationKey& key) {
    if (const auto found = by_opener_.find(key); found != by_opener_.end()) found->second.work.miss();
}

const OpenedConnections::Opened* OpenedConnections::opened(const ConversationKey& key) const {
    auto found = by_opener_.find(key);
    if (found == by_opener_.end()) found = by_opener_.find(turned(key));
    return found == by_opener_.end() ? nullptr : &found->second;
}

const FirstWork* OpenedConnections::find(const ConversationKey& key) const {
    if (const Opened* one = opened(key)) return &one->work;
    return unremembered_ ? &*unremembered_ : nullptr;
}

// What a proxy has of one end the other one need not have.
std::optional<Nanoseconds> OpenedConnections::exchanged(const ConversationKey& key) const {
    const Opened* one = opened(key);
    return one == nullptr || one->has_proxy ? std::nullopt : one->exchanged;
}

}  // namespace netcut
