// SPDX-License-Identifier: Apache-2.0
//
// When a connection first carried work, told from the bytes of its two ways: TLS and HTTP/2 say much to each other
// before anybody asks for anything. docs/journal.md has the rule. Pure.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <set>

#include "base/time.h"
#include "fault/packet.h"
#include "recovery/conversation_key.h"

namespace netcut {

enum class StreamEnd { opener, acceptor };

// A segment that has come to its receiver. Of its payload the last bytes may be missing.
struct StreamSegment {
    std::uint32_t seq = 0, length = 0;
    std::vector<std::uint8_t> bytes;
    bool ends_write = false;  // the sender's kernel had nothing more at that moment
    Nanoseconds when{0};
};

// Puts the segments of one way in sequence.
class StreamOrder {
  public:
    void begin(std::uint32_t seq) { next_ = seq; }
    void take(StreamSegment segment, const std::function<void(const StreamSegment&)>& deliver);
    bool has_hole_for_good() const { return overrun_; }

  private:
    std::optional<std::uint32_t> next_;
    std::deque<StreamSegment> ahead_;
    bool overrun_ = false;
};

// What one end says, taken apart: records of TLS, or frames of HTTP/2.
class StreamItems {
  public:
    enum class Format { tls, http2 };
    struct Item {
        std::uint8_t type = 0;
        std::uint32_t length = 0;
        std::vector<std::uint8_t> body;  // of a handshake in clear text, as far as it is there
        bool is_whole = false;           // all of it is
    };
    explicit StreamItems(Format format, std::size_t before = 0) : format_(format), skip_(before) {}
    // `each`: an item has begun; of a handshake in clear text, it is over.
    void take(const StreamSegment& segment, const std::function<void(const Item&)>& each);

  private:
    bool begin_item();
    void end_item(const std::function<void(const Item&)>& each);
    bool keeps_body() const { return format_ == Format::tls && item_.type == tls_handshake; }

    static constexpr std::uint8_t tls_handshake = 22;
    Format format_;
    std::size_t skip_;  // bytes of the item that are to come
    std::vector<std::uint8_t> header_;
    Item item_;
    bool in_item_ = false;
    bool lost_ = false;  // where an item begins: it is known again with the next write
};

enum class WorkState {
    set_up,    // it has carried nothing else so far
    work,      // it has carried work both ways
    any_data,  // neither TLS nor HTTP/2, or its beginning was not seen: whatever it carries is work
    unclear    // what would tell is missing
};

class FirstWork {
  public:
    using State = WorkState;
    // A SYN.
    void open(StreamEnd from, std::uint32_t seq) { sequence(from).begin(seq + 1); }
    void take(StreamEnd from, StreamSegment segment);
    // Both ends begin with what they say to the proxy between them, and the answer of the far end alone tells that it was reached.
    void expect_proxy() {
        heads_ = {Head::begun, Head::begun};
        has_proxy_ = true;
    }
    // Some of its segments were not seen.
    void miss();
    State state() const { return state_; }
    Nanoseconds when() const { return when_; }
    bool is_decided() const { return state_ == State::work || state_ == State::any_data; }
    // All that was looked for in the greetings was there.
    bool is_sure() const { return sure_; }

  private:
    StreamOrder& sequence(StreamEnd end) { return sequences_[static_cast<std::size_t>(end)]; }
    void deliver(StreamEnd from, const StreamSegment& segment);
    // What is behind the head; none: nothing yet.
    std::optional<StreamSegment> behind_head(StreamEnd from, const StreamSegment& segment);
    void recognize(const StreamSegment& segment);
    void parse(StreamEnd from, const StreamSegment& segment);
    void take_frame(StreamEnd from, std::uint8_t type, Nanoseconds when);
    void take_record(StreamEnd from, const StreamItems::Item& record, Nanoseconds when);
    void take_hello(StreamEnd from, const StreamItems::Item& record);
    void take_opener_data(std::uint32_t length, Nanoseconds when);
    void take_acceptor_data(std::uint32_t length, Nanoseconds when);
    void asked(Nanoseconds when);
    void answered(Nanoseconds when);

    State state_ = State::set_up;
    Nanoseconds when_{0};
    bool sure_ = true;
    bool opener_has_spoken_ = false;  // also out of sequence
    std::optional<StreamItems::Format> format_;
    std::array<StreamOrder, 2> sequences_;
    std::array<std::optional<StreamItems>, 2> items_;
    std::deque<StreamSegment> early_;  // of the acceptor, before the opener has said anything
    std::optional<Nanoseconds> asked_, answered_;

    // Words to a proxy, and its answer: an empty line ends them.
    enum class Head { begun, over };
    std::array<Head, 2> heads_{Head::over, Head::over};
    std::array<std::size_t, 2> matched_{};  // bytes of the line's end
    bool has_proxy_ = false;

    // TLS
    bool http2_ = true;  // what the opener offers; so it is taken to be where that is not known
    bool may_get_tickets_ = true;
    std::optional<bool> tls13_;    // once the acceptor has said hello
    bool opener_goes_on_ = false;  // the end of its handshake has begun
    bool opener_has_finished_ = false;
    enum class Greeting {
        none,
        begun,
        over
    } greeting_ = Greeting::none;          // the acceptor's first write after that
    std::optional<std::uint32_t> ticket_;  // its length, as long as nothing else has come
};

// The connections whose SYN was seen, from packets as they come to their receivers.
class OpenedConnections {
  public:
    // A connection that the packet opened, or that was decided by it: nothing more is to be learned of it.
    struct Change {
        ConversationKey key;
        bool decided = false;
    };
    std::optional<Change> take(PacketBytes packet, Nanoseconds when);
    // What is opened to this address goes on from there.
    void know_proxy(const IpAddress& address) { proxies_.insert(address); }
    // Packets are missing: what is not known yet of any will not be, or of this one.
    void miss();
    void miss(const ConversationKey& key);
    // Of all of them nothing is known any more.
    void forget();
    // As either of its ends sees it; none: its SYN was not seen. When there were more than are remembered, the others are unclear.
    const FirstWork* find(const ConversationKey& key) const;
    // When each end was seen to have data of the other one, whatever that was; none: it was not.
    std::optional<Nanoseconds> exchanged(const ConversationKey& key) const;
    // As their openers see them: those that have carried work both ways, in the order in which that was seen. None is
    // forgotten alone, so that who has read some knows where the others begin.
    const std::vector<ConversationKey>& worked() const { return worked_; }

  private:
    // What one end has sent: where its data begins and ends, as far as that is known.
    struct Way {
        std::optional<std::uint32_t> begin, end;
        bool arrived = false;  // some of it
    };
    struct Opened {
        FirstWork work;
        std::array<Way, 2> ways;
        std::optional<Nanoseconds> exchanged;
        bool is_listed = false;
        bool has_proxy = false;
    };
    void remember(const ConversationKey& key);
    const Opened* opened(const ConversationKey& key) const;
    static void note_numbers(Opened& one, StreamEnd from, const PacketHeader& packet, Nanoseconds when);
    void list(const ConversationKey& key, Opened& one);

    std::set<IpAddress> proxies_;
    std::map<ConversationKey, Opened> by_opener_;
    std::optional<FirstWork> unremembered_;  // any of those for which there was no room
    std::vector<ConversationKey> worked_;
};

}  // namespace netcut
