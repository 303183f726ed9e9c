// SPDX-License-Identifier: Apache-2.0
#include "verify/captures.h"

#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <set>

#include "fabric/options.h"
#include "folder/run_files.h"
#include "kernel/address.h"
#include "link/rate.h"
#include "recovery/conversation_key.h"
#include "scenario/plan.h"

namespace netcut {
namespace {

constexpr std::size_t mac_bytes = 6;
constexpr std::size_t most_unseen = 10;
constexpr std::size_t most_of_beginning = 64;                  // packets of a connection, each way
constexpr std::size_t longest_capture = std::size_t{4} << 30;  // bytes

std::uint64_t hash_of(PacketBytes bytes) {  // FNV-1a
    std::uint64_t hash = 0xcbf29ce484222325;
    for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
    return hash;
}

// A router changes the hop limit, and with it the checksum of IPv4. `ports_change`: also the ports of UDP.
std::uint64_t content_of(PacketBytes packet, const std::optional<PacketHeader>& header, bool ports_change) {
    std::vector<std::uint8_t> bytes(packet.begin(), packet.end());
    if (header && header->length != 0 && header->length < bytes.size()) bytes.resize(header->length);
    if (header && header->source.is_v4()) bytes[8] = bytes[10] = bytes[11] = 0;
    if (header && header->source.is_v6()) bytes[7] = 0;
    if (ports_change && header && header->source_port != 0 && header->protocol == IPPROTO_UDP)
        for (const std::size_t at : {0, 1, 2, 3, 6, 7})  // ports and checksum
            if (header->network_header + at < bytes.size()) bytes[header->network_header + at] = 0;
    return hash_of(bytes);
}

// Who has which address, over the whole run: none is given to a second node.
class Owners {
  public:
    Owners(const std::vector<Event>& events, const Scenario& scenario)
        : bridged_(scenario.fabric.kind == FabricKind::bridge),
          has_others_(!scenario.fabric.uplink.empty() || scenario.fabric.name_server) {
        const auto names = node_names(scenario);
        for (std::size_t i = 0; i < names.size(); ++i) indices_[names[i]] = i;
        for (const SiteSpec& site : scenario.fabric.sites)
            for (const std::string& name : site.nodes)
                if (const auto found = indices_.find(name); found != indices_.end())
                    sites_[found->second] = site.name;
        for (const Event& event : events) {
            if (const auto* built = event.as<event::FabricBuilt>())
                for (const auto& [name, addresses] : built->nodes) add(name, addresses);
            if (const auto* site = event.as<event::Site>(); site != nullptr && site->proxy) add_proxy(*site);
            if (const auto* readdressed = event.as<event::NodeReaddressed>())
                add(event.node, readdressed->now);
        }
    }

    // A bridge looks at the MAC address alone.
    std::optional<std::size_t> to_whom(PacketBytes frame, const PacketHeader& header) const {
        if (!bridged_) return find(owners_, header.destination.to_string());
        MacAddress mac;
        std::copy_n(frame.begin(), mac_bytes, mac.begin());
        return find(owners_, mac_text(mac));
    }

    std::optional<std::size_t> from_whom(const PacketHeader& header) const {
        return find(owners_, header.source.to_string());
    }
    // Of a packet that leaves by this node's port, or would.
    bool is_from_outside(const PacketHeader& header, std::size_t node) const {
        const auto source = from_whom(header);
        if (!source) return has_others_ || !sites_.empty();
        return are_apart(node, source);
    }
    // Whether a site's border is between them. Who is not known is behind a NAT, or nobody.
    bool are_apart(std::size_t node, std::optional<std::size_t> other) const {
        return !sites_.empty() && (!other || site_of(node) != site_of(*other));
    }

    // The nodes beyond it, if this is a proxy's.
    std::shared_ptr<const std::set<std::size_t>> beyond(const IpAddress& address) const {
        const auto found = proxies_.find(address.to_string());
        return found == proxies_.end() ? nullptr : found->second;
    }

  private:
    void add_proxy(const event::Site& site) {
        std::set<std::size_t> outside;
        for (const auto& [name, index] : indices_)
            if (site_of(index) != site.site) outside.insert(index);
        const auto shared = std::make_shared<const std::set<std::size_t>>(std::move(outside));
        for (const std::string& address : site.addresses) proxies_[address] = shared;
    }
    static std::optional<std::size_t> find(const std::map<std::string, std::size_t>& in,
                                           const std::string& what) {
        const auto found = in.find(what);
        return found == in.end() ? std::nullopt : std::optional(found->second);
    }
    std::string site_of(std::size_t node) const {
        const auto found = sites_.find(node);
        return found == sites_.end() ? std::string() : found->second;
    }
    void add(const std::string& node, const event::Addresses& addresses) {
        const auto index = indices_.find(node);
        if (index == indices_.end()) return;  // the rules of the journal say so
        for (const std::string& address : addresses.addresses) owners_[address] = index->second;
        owners_[addresses.mac] = index->second;
    }

    std::map<std::string, std::shared_ptr<const std::set<std::size_t>>> proxies_;  // by their addresses
    bool bridged_, has_others_;  // who sends, beside the nodes
    std::map<std::string, std::size_t> indices_;
    std::map<std::size_t, std::string> sites_;   // of those in one
    std::map<std::string, std::size_t> owners_;  // by IP or MAC address
};

// What comes to a flow's other port is given its own again, as the node sees it, if the node has spoken from that.
class ReboundFlows {
  public:
    explicit ReboundFlows(const Scenario& scenario) {
        for (const FaultSpec& fault : scenario.faults)
            if (const auto plan = plan_of(scenario, fault);
                plan && std::holds_alternative<Rebind>(plan->action))
                for (const std::size_t node : plan->nodes)
                    flips_[node].push_back(std::get<Rebind>(plan->action).flip);
    }
    bool any() const { return !flips_.empty(); }

    // In the order of their times.
    void turn_back(SeenPacket& packet) {
        PacketHeader& header = packet.header;
        if (header.protocol != IPPROTO_UDP || header.source_port == 0) return;
        if (packet.from && flips_.contains(*packet.from))
            spoken_.insert({header.source, header.source_port, header.destination, header.destination_port});
        if (!packet.from && packet.source && flips_.contains(*packet.source)) turn_arrival_back(packet);
        if (!packet.to || !flips_.contains(*packet.to)) return;
        const auto has_spoken = [&](std::uint16_t port) {
            return spoken_.contains({header.destination, port, header.source, header.source_port});
        };
        if (has_spoken(header.destination_port)) return;
        for (const std::uint16_t flip : flips_.at(*packet.to)) {
            const auto own = static_cast<std::uint16_t>(header.destination_port ^ flip);
            if (!has_spoken(own)) continue;
            header.destination_port = own;
            return;
        }
    }

  private:
    // What the node has sent comes out of its site with the other port.
    void turn_arrival_back(SeenPacket& packet) const {
        PacketHeader& header = packet.header;
        const auto has_spoken = [&](std::uint16_t port) {
            return spoken_.contains({header.source, port, header.destination, header.destination_port});
        };
        if (has_spoken(header.source_port)) return;
        for (const std::uint16_t flip : flips_.at(*packet.source))
            if (const auto own = static_cast<std::uint16_t>(header.source_port ^ flip); has_spoken(own)) {
                header.source_port = own;
                return;
            }
    }

    std::map<std::size_t, std::vector<std::uint16_t>> flips_;  // by node
    std::set<ConversationKey> spoken_;
};

class CaptureReader {
  public:
    CaptureReader(const std::vector<Event>& events, const RunState& state, const Scenario& scenario,
                  Check& check)
        : owners_(events, scenario), check_(check), rebound_(scenario) {
        if (state.begun()) begun_ = state.begun()->realtime_ns;
        for (std::size_t i = 0; i < scenario.faults.size(); ++i) faults_[scenario.faults[i].name] = i;
    }

    // `told`: what the journal has of this file.
    void read(const RunFolder& folder, std::size_t node, const std::string& node_name,
              const event::CaptureWritten& told) {
        const std::string name = capture_name(node_name);
        const auto bytes = read_whole(folder, name, longest_capture);
        if (!bytes) return wrong(bytes.error().text());
        ++captures_.files;
        const bool unaltered = sha256_hex(*bytes) == told.sha256;
        if (!unaltered) wrong(name + " is not the one of the journal: it has another SHA-256");
        pcapng::Reader reader(*bytes);
        std::uint64_t seen = 0, lost = 0;
        for (;;) {
            auto packet = reader.next();
            if (!packet) return wrong(name + ": " + packet.error().text());
            if (!*packet) break;
            const bool is_lost = (*packet)->interface == lost_interface;
            ++(is_lost ? lost : seen);
            is_lost ? take_lost(node, **packet, name) : take_seen(node, **packet);
        }
        captures_.packets += seen;
        compare(name, "packets", seen, told.packets);
        compare(name, "lost packets", lost, told.lost);
        if (reader.interfaces().size() != 2) wrong(name + " has not two interfaces");
    }

    Captures finish() {
        std::stable_sort(captures_.seen.begin(), captures_.seen.end(),
                         [](const SeenPacket& a, const SeenPacket& b) { return a.time < b.time; });
        if (rebound_.any())
            for (SeenPacket& packet : captures_.seen) rebound_.turn_back(packet);
        std::stable_sort(captures_.lost.begin(), captures_.lost.end(),
                         [](const LostPacket& a, const LostPacket& b) { return a.time < b.time; });
        return std::move(captures_);
    }

  private:
    void wrong(std::string why) {
        if (++told_ <= most_unseen) check_.disagreements.push_back(std::move(why));
    }
    void compare(const std::string& file, const char* what, std::uint64_t found, std::uint64_t wanted) {
        if (found != wanted)
            wrong(fmt::format("{} has {} {}, and by the journal {}", file, found, what, wanted));
    }

    void take_seen(std::size_t node, const pcapng::Packet& packet) {
        const PacketBytes frame = packet.bytes;
        if (frame.size() < ethernet_header || (frame[0] & 1) != 0) return;
        const auto header = parse_packet(frame.subspan(ethernet_header));
        if (!header) return;
        const bool inbound = packet.way == pcapng::Way::inbound;
        if (!inbound && !owners_.is_from_outside(*header, node)) return;
        add_seen(node, inbound, frame, *header, packet.time);
    }

    SeenPacket& add_seen(std::size_t node, bool inbound, PacketBytes frame, const PacketHeader& header,
                         Nanoseconds time) {
        const auto to = owners_.to_whom(frame, header);
        captures_.seen.push_back({inbound ? std::optional(node) : std::nullopt,
                                  to,
                                  time - begun_,
                                  header,
                                  content_of(frame.subspan(ethernet_header), header, rebound_.any()),
                                  {},
                                  false,
                                  inbound && owners_.are_apart(node, to),
                                  inbound ? std::nullopt : owners_.from_whom(header),
                                  beginning_of(frame.subspan(ethernet_header), header),
                                  owners_.beyond(inbound ? header.destination : header.source)});
        return captures_.seen.back();
    }

    // Its file is read alone: what a connection's ends say to each other is put together later.
    std::vector<std::uint8_t> beginning_of(PacketBytes packet, const PacketHeader& header) {
        if (!header.tcp || header.later_fragment) return {};
        const ConversationKey key{header.source, header.source_port, header.destination,
                                  header.destination_port};
        const bool syn = (header.tcp->flags & tcp_flag::syn) != 0;
        if (syn) begun_connections_[key] = 0;
        const auto begun = begun_connections_.find(key);
        if (begun == begun_connections_.end() || (!syn && header.payload == 0)) return {};
        if (++begun->second > most_of_beginning) return {};
        return {packet.begin(), packet.end()};
    }

    void take_lost(std::size_t node, const pcapng::Packet& packet, const std::string& file) {
        std::optional<LossMark> mark;
        for (const std::string& comment : packet.comments)
            if (auto read = read_loss_comment(comment)) mark = std::move(read);
        if (!mark || !faults_.contains(mark->fault))
            return wrong(fmt::format("{} has a lost packet that names no fault of the scenario", file));
        const PacketBytes frame = packet.bytes;
        const auto network = frame.subspan(std::min<std::size_t>(ethernet_header, frame.size()));
        const auto header = parse_packet(network);
        const bool crossed = header && !mark->up && owners_.are_apart(node, owners_.from_whom(*header));
        captures_.lost.push_back({node, faults_.at(mark->fault), *mark, packet.time - begun_,
                                  content_of(network, header, rebound_.any()),
                                  header ? packet_text(*header) : "a packet that is not IP",
                                  header.has_value(),
                                  header && !crossed && owners_.is_from_outside(*header, node)});
        if (!crossed) return;  // else it came in as another packet, at another port
        SeenPacket& seen = add_seen(node, false, frame, *header, packet.time);
        seen.lost_by = captures_.lost.back().fault;
        seen.lost_by_address = mark->by_address;
    }

    Owners owners_;
    Check& check_;
    ReboundFlows rebound_;
    Nanoseconds begun_{0};
    std::map<std::string, std::size_t> faults_;
    Captures captures_;
    std::size_t told_ = 0;
    std::map<ConversationKey, std::size_t> begun_connections_;  // how many packets of each way were kept
};

// Packets by what they are, each kind in the order of its times.
using ByContent = std::unordered_map<std::uint64_t, std::vector<SeenPacket*>>;

// A packet is lost a little after it came in; the log tells times in whole microseconds. Of packets that are
// all the same the last one is taken that nobody has lost yet. On a bridge one may be lost several times, on
// its way to several ports.
bool mark_as_lost(const ByContent& by_content, const LostPacket& lost) {
    const auto found = by_content.find(lost.content);
    if (found == by_content.end()) return false;
    const auto& same = found->second;
    const Nanoseconds latest = lost.time + std::chrono::microseconds(1);
    auto after = std::upper_bound(same.begin(), same.end(), latest,
                                  [](Nanoseconds t, const SeenPacket* seen) { return t < seen->time; });
    bool any = false;
    for (; after != same.begin() && (*std::prev(after))->time + edge >= lost.time; --after) {
        SeenPacket& seen = **std::prev(after);
        any = true;
        if (seen.lost_by) continue;
        seen.lost_by = lost.fault;
        seen.lost_by_address = lost.mark.by_address;
        return true;
    }
    return any;
}

void find_among_seen(Captures& captures, bool some_are_missing, Check& check) {
    ByContent by_content;
    for (SeenPacket& seen : captures.seen) by_content[seen.content].push_back(&seen);
    std::size_t unseen = 0, from_outside = 0;
    for (const LostPacket& lost : captures.lost) {
        if (!lost.mark.counted || !lost.is_ip) continue;
        if (lost.from_outside) {
            ++from_outside;
            continue;
        }
        if (mark_as_lost(by_content, lost)) continue;
        if (++unseen > most_unseen) continue;
        (some_are_missing ? check.unchecked : check.disagreements)
            .push_back(fmt::format("a packet was lost at {:.6f} s that came in at no port: {}",
                                   std::chrono::duration<double>(lost.time).count(), lost.text));
    }
    if (from_outside > 0)
        check.unchecked.push_back(fmt::format(
            "{} of the lost packets came in from beyond the nodes (the uplink, the name server), of "
            "which there is no capture",
            from_outside));
}

}  // namespace

bool is_data(const PacketHeader& header) {
    return !is_icmp(header) && (header.protocol != IPPROTO_TCP || header.payload > 0);
}

Captures read_captures(const RunFolder& folder, const std::vector<Event>& events, const RunState& state,
                       const Scenario& scenario, Check& check) {
    CaptureReader reader(events, state, scenario, check);
    const auto names = node_names(scenario);
    const auto& written = state.captures().written;
    for (std::size_t node = 0; node < names.size(); ++node) {
        const auto found = written.find(names[node]);
        if (found == written.end())
            check.disagreements.push_back("the journal has no capture of " + names[node]);
        else
            reader.read(folder, node, names[node], found->second);
    }
    Captures captures = reader.finish();
    find_among_seen(captures, state.captures().missed.seen > 0, check);
    return captures;
}

}  // namespace netcut
