// SPDX-License-Identifier: Apache-2.0
#include "fault/holder.h"

#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/thread.h"
#include "fabric/sites.h"
#include "fault/packet.h"
#include "fault/table_rules.h"
#include "kernel/nftables.h"
#include "kernel/precedence.h"

namespace netcut {
namespace {

constexpr auto renew_every = Holder::lease / 4;
constexpr auto try_again_after = std::chrono::milliseconds(1);
constexpr std::size_t tap_memory = std::size_t{32} << 20;  // bytes, of all paths: 0.1 s of 1 Gbit/s, and more
constexpr std::size_t mac_bytes = 6;

Nanoseconds real_now() {
    return std::chrono::system_clock::now().time_since_epoch();
}

Nanoseconds steady_now() {
    return Clock::now().time_since_epoch();
}

// What makes a time of the one clock one of the other, as well as two clocks can be read one after the other. If we waited for a
// processor in between, what was known before may be better.
Nanoseconds real_to_steady(Nanoseconds known) {
    const Nanoseconds before = steady_now(), real = real_now(), after = steady_now();
    return std::clamp(known, before - real, after - real);
}

}  // namespace

Holder::Holder(HoldPlan plan, std::uint8_t family, NetlinkSocket socket)
    : plan_(std::move(plan)),
      family_(family),
      socket_(std::move(socket)),
      queue_(std::move(plan_.streams),
             {[this](std::uint32_t handle, std::uint32_t bit) { flip_bit(frames_.at(handle), bit); },
              [this](std::uint32_t handle, unsigned copies) { pass(handle, copies); },
              [this](std::uint32_t handle) { frames_.give_back(handle); }}) {}

Result<std::unique_ptr<Holder>> Holder::start(const Fabric& fabric, std::uint8_t family, HoldPlan plan) {
    NETCUT_ASSIGN(NetlinkSocket socket, NetlinkSocket::open(NETLINK_NETFILTER, &fabric.router()));
    std::unique_ptr<Holder> holder(new Holder(std::move(plan), family, std::move(socket)));
    NETCUT_TRY(fabric.router().run([&] { return holder->open(fabric); }));
    for (std::size_t node = 0; node < fabric.size(); ++node) holder->note_node(fabric.node(node), node);
    if (fabric.name_server() != nullptr) holder->note_node(*fabric.name_server(), fabric.size());
    if (fabric.sites() != nullptr) holder->note_sites(*fabric.sites(), fabric.size());
    NETCUT_TRY(holder->renew());
    NETCUT_ASSIGN(holder->thread_, start_thread("hold packets", [raw = holder.get()] { raw->run(); }));
    return holder;
}

Result<void> Holder::open(const Fabric& fabric) {
    wake_ = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_) return system_failure("make an event descriptor");
    for (const HoldPath& path : plan_.paths) {
        NETCUT_ASSIGN(FrameTap tap,
                      FrameTap::open(path.device, fabric.options().mtu, tap_memory / plan_.paths.size()));
        NETCUT_ASSIGN(FrameSender sender, FrameSender::open(path.mark));
        taps_.push_back(std::move(tap));
        senders_.push_back(std::move(sender));
    }
    return {};
}

void Holder::note_node(const NodeLink& node, std::size_t number) {
    receivers_[node.eth0.mac] = {node.port.index, number};
    for (const IpAddress& address : node.addresses) nodes_[address] = number;
}

void Holder::note_sites(const Sites& sites, std::size_t outside) {
    for (std::size_t site = 0; site < sites.size(); ++site) {
        receivers_[sites[site].lan().mac] = {sites[site].lan_port().index, outside};
        receivers_[sites[site].beyond().mac] = {sites[site].wan_port().index, outside};
    }
}

Holder::~Holder() {
    stops_ = true;
    tell({});
    if (thread_.joinable()) thread_.join();
}

void Holder::tell_fault(std::size_t fault, bool on) {
    Note note{.when = real_now(), .kind = on ? Note::Kind::fired : Note::Kind::healed};
    for (const Direction way : {Direction::up, Direction::down})
        if (const auto found = plan_.numbers.find({fault, way}); found != plan_.numbers.end())
            note.streams.push_back(found->second);
    if (!note.streams.empty()) tell(std::move(note));
}

void Holder::changed(const Fabric& fabric, std::size_t node) {
    const NodeLink& link = fabric.node(node);
    tell({.when = real_now(),
          .kind = Note::Kind::changed,
          .node = node,
          .mac = link.eth0.mac,
          .link = link.port.index,
          .addresses = link.addresses});
}

void Holder::tell(Note note) {
    {
        const std::lock_guard lock(mutex_);
        told_.push_back(std::move(note));
    }
    const std::uint64_t one = 1;
    if (::write(wake_.get(), &one, sizeof(one)) < 0) return;  // it is full: the thread wakes up anyway
}

HeldCount Holder::count(std::size_t fault, Direction way, std::size_t node) const {
    const auto stream = plan_.numbers.find({fault, way});
    return stream == plan_.numbers.end() ? HeldCount{} : queue_.count(stream->second, node);
}

// The kernel counts from one question to the next.
Result<Holder::Missed> Holder::missed() {
    for (FrameTap& tap : taps_) {
        NETCUT_ASSIGN(const std::uint64_t missed, tap.missed());
        unread_ += missed;
    }
    return Missed{unread_, no_room_, unsent_};
}

Result<void> Holder::check() {
    const std::lock_guard lock(mutex_);
    return error_ ? Result<void>(tl::unexpected(*error_)) : Result<void>();
}

void Holder::run() {
    take_precedence();
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // nanoseconds: else waits are 50 us longer than asked for
    auto worked = work();
    if (worked) return;
    const std::lock_guard lock(mutex_);
    error_ = std::move(worked).error();
}

Result<void> Holder::work() {
    while (!stops_) {
        if (Clock::now() >= renew_at_) NETCUT_TRY(renew());
        to_steady_ = real_to_steady(to_steady_);
        send_blocked();
        read_all();
        queue_.pass_due(steady_now());
        wait();
    }
    return {};
}

// An element cannot be given more time; another one takes its place at once. The first time, and if we were late, there is none.
Result<void> Holder::renew() {
    const Clock::time_point now = Clock::now();
    renew_at_ = now + renew_every;
    for (const bool replaces : {true, false}) {
        NftTransaction transaction(family_, table_name);
        if (replaces) transaction.delete_element(holder_set, nft_key(holder_key));
        transaction.add_element(holder_set, nft_key(holder_key), lease);
        Batch batch = transaction.take();
        auto done = socket_.commit(batch);
        if (!done && replaces && done.error().code == ENOENT) {
            note_lapse(now);
            continue;
        }
        if (done) holds_until_ = now + lease;
        return done;
    }
    return {};
}

void Holder::note_lapse(Clock::time_point now) {
    if (!holds_until_) return;
    ++lapses_;
    lapsed_ns_ += std::max(now - *holds_until_, Nanoseconds(0)).count();
}

// In the order of their times over all paths; what we were told of in between is applied in between.
void Holder::read_all() {
    constexpr int most_at_once = 512;  // what is due must pass as well
    for (int read = 0; read < most_at_once; ++read) {
        std::optional<TappedFrame> first;
        std::size_t path = 0;
        for (std::size_t i = 0; i < taps_.size(); ++i) {
            const auto frame = taps_[i].peek();
            if (!frame || (first && first->time <= frame->time)) continue;
            first = frame;
            path = i;
        }
        take_notes(first ? std::optional(first->time) : std::nullopt);
        if (!first) return;
        take(path, *first);
        taps_[path].pop();
    }
}

void Holder::take_notes(std::optional<Nanoseconds> until) {
    {
        const std::lock_guard lock(mutex_);
        notes_.insert(notes_.end(), told_.begin(), told_.end());
        told_.clear();
    }
    while (!notes_.empty() && (!until || notes_.front().when <= *until)) {
        apply(notes_.front());
        notes_.pop_front();
    }
}

void Holder::apply(const Note& note) {
    for (const std::size_t stream : note.streams) {
        if (note.kind == Note::Kind::fired)
            queue_.begin(stream, note.when + to_steady_);
        else
            queue_.end(stream, note.when + to_steady_);
    }
    if (note.kind != Note::Kind::changed || note.link == 0) return;
    std::erase_if(receivers_, [&](const auto& one) { return one.second.node == note.node; });
    receivers_[note.mac] = {note.link, note.node};
    std::erase_if(nodes_, [&](const auto& one) { return one.second == note.node; });
    for (const IpAddress& address : note.addresses) nodes_[address] = note.node;
}

void Holder::take(std::size_t path, const TappedFrame& tapped) {
    MacAddress destination{};
    if (tapped.bytes.size() < tapped.network || tapped.network < 2 * mac_bytes) return;
    std::copy_n(tapped.bytes.begin(), mac_bytes, destination.begin());
    const auto receiver = receivers_.find(destination);
    if (receiver == receivers_.end()) return;  // no fault marks any: a packet of the device's own
    if (!tapped.whole || !frames_.has_room()) {
        ++(tapped.whole ? no_room_ : unread_);
        return;
    }
    const std::size_t from = sender_of(tapped);
    const std::uint32_t handle = frames_.keep(tapped);
    HeldFrame& frame = frames_.at(handle);
    frame.link = receiver->second.link;
    frame.path = path;
    const HoldPath& through = plan_.paths[path];
    frame.priority = through.priority ? through.priority(from, receiver->second.node) : 0;
    const auto bytes = static_cast<std::uint32_t>(tapped.bytes.size() - tapped.network);
    queue_.take({handle, bytes, from, receiver->second.node}, through.steps,
                std::min(tapped.time + to_steady_, steady_now()));
}

// By its address. All that are of no node are one.
std::size_t Holder::sender_of(const TappedFrame& frame) const {
    constexpr auto nobody = std::numeric_limits<std::size_t>::max();
    const auto header = parse_packet(frame.bytes.subspan(frame.network));
    if (!header) return nobody;
    const auto found = nodes_.find(header->source);
    return found == nodes_.end() ? nobody : found->second;
}

void Holder::pass(std::uint32_t handle, unsigned copies) {
    const Blocked frame{handle, 1 + copies};
    if (blocked_.empty())
        send(frame);
    else
        blocked_.push_back(frame);
}

void Holder::send(const Blocked& frame) {
    const HeldFrame& held = frames_.at(frame.handle);
    for (unsigned left = frame.times; left > 0; --left) {
        const auto sent = senders_[held.path].send(held.link, held.priority, held.offload, held.bytes);
        if (sent == FrameSender::Sent::later) return blocked_.push_front({frame.handle, left});
        if (sent == FrameSender::Sent::never) ++unsent_;
    }
    frames_.give_back(frame.handle);
}

void Holder::send_blocked() {
    while (!blocked_.empty()) {
        const Blocked first = blocked_.front();
        blocked_.pop_front();
        const std::size_t before = blocked_.size();
        send(first);
        if (blocked_.size() > before) return;
    }
}

void Holder::wait() {
    Nanoseconds until = renew_at_.time_since_epoch();
    if (const auto next = queue_.next()) until = std::min(until, *next);
    const Nanoseconds now = steady_now();
    if (!blocked_.empty()) until = std::min<Nanoseconds>(until, now + try_again_after);
    const Nanoseconds left = std::max(until - now, Nanoseconds(0));
    std::vector<pollfd> sources{{wake_.get(), POLLIN, 0}};
    for (const FrameTap& tap : taps_) sources.push_back({tap.fd(), POLLIN, 0});
    const timespec time{left / std::chrono::seconds(1), (left % std::chrono::seconds(1)).count()};
    if (::ppoll(sources.data(), sources.size(), &time, nullptr) <= 0) return;
    std::uint64_t told = 0;
    if ((sources.front().revents & POLLIN) != 0 && ::read(wake_.get(), &told, sizeof(told)) < 0) return;
}

}  // namespace netcut
