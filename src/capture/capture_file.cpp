// SPDX-License-Identifier: Apache-2.0
#include "capture/capture_file.h"

#include <fmt/format.h>

#include <cstring>

namespace netcut {
namespace {

constexpr std::size_t most_buffered = 64 * 1024;

constexpr const char* loss_word = "lost: fault ";
constexpr const char* up_word = "up";
constexpr const char* down_word = "down";
constexpr const char* gone_words = ", the node has no link";
constexpr const char* uncounted_words = ", not counted: broadcast or multicast";

}  // namespace

std::string capture_name(const std::string& node) {
    return "pcap/" + node + ".pcapng";
}

// A fault's name may hold anything but a control character, so what follows it is looked for from the end.
std::string loss_comment(const std::string& fault, const LossPlace& place) {
    return fmt::format("{}{}, {}{}{}", loss_word, fault, place.up ? up_word : down_word,
                       place.by_address ? gone_words : "", place.counted ? "" : uncounted_words);
}

std::optional<LossMark> read_loss_comment(const std::string& comment) {
    if (!comment.starts_with(loss_word)) return {};
    std::string_view rest = std::string_view(comment).substr(std::strlen(loss_word));
    const auto take = [&](std::string_view ending) {
        if (!rest.ends_with(ending)) return false;
        rest.remove_suffix(ending.size());
        return true;
    };
    LossMark mark;
    mark.counted = !take(uncounted_words);
    mark.by_address = take(gone_words);
    mark.up = take(fmt::format(", {}", up_word));
    if (!mark.up && !take(fmt::format(", {}", down_word))) return {};
    mark.fault = rest;
    return mark;
}

CaptureFile::CaptureFile(Fd file, const std::string& node, std::uint32_t snap_length)
    : file_(std::move(file)), name_(capture_name(node)) {
    pcapng::append_section(buffer_, "netcut-fl " NETCUT_VERSION, "made by netcut-fl run --pcap");
    pcapng::append_interface(buffer_, {node, "what the router's port of this node saw", snap_length});
    pcapng::append_interface(buffer_,
                             {lost_interface_name, "what faults lost of it in the router", snap_length});
}

void CaptureFile::add(pcapng::Packet packet) {
    while (!notes_.empty() && notes_.front().time <= packet.time) {
        packet.comments.push_back(fmt::format("{}, {:.9f} s before this packet", notes_.front().what,
                                              seconds(packet.time - notes_.front().time)));
        notes_.pop_front();
    }
    pcapng::append_packet(buffer_, packet);
    ++(packet.interface == lost_interface ? lost_ : packets_);
}

void CaptureFile::note(Nanoseconds time, std::string what) {
    notes_.push_back({time, std::move(what)});
}

bool CaptureFile::is_full() const {
    return buffer_.size() >= most_buffered;
}

Result<void> CaptureFile::write() {
    if (buffer_.empty() || !file_) return {};
    auto written = write_all(file_.get(), buffer_, "write the capture " + name_);
    if (!written) file_.reset();
    digest_.add(buffer_);
    bytes_ += buffer_.size();
    buffer_.clear();
    return written;
}

Result<CaptureTotals> CaptureFile::finish(Nanoseconds now, std::uint64_t missed) {
    pcapng::Statistics seen{seen_interface, now, packets_, missed, {}};
    for (const Note& note : notes_)
        seen.comments.push_back(fmt::format("{}, {:.9f} s before the end, and no packet followed", note.what,
                                            seconds(now - note.time)));
    pcapng::append_statistics(buffer_, seen);
    pcapng::append_statistics(buffer_, {lost_interface, now, lost_, 0, {}});
    NETCUT_TRY(write());
    return CaptureTotals{packets_, lost_, {bytes_, digest_.hex()}};
}

}  // namespace netcut
