// SPDX-License-Identifier: Apache-2.0
#include "safety/zip_entries.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "safety/tensor_bytes.h"

namespace netcut {
namespace {

// Sizes in bytes, and places from the beginning of a record: PKWARE's APPNOTE.TXT, 4.3 and 4.5.3.
constexpr std::uint64_t end_size = 22, locator_size = 20, longest_comment = 65'535;
constexpr std::uint32_t end_mark = 0x06054b50, locator_mark = 0x07064b50, end64_mark = 0x06064b50;
constexpr std::uint32_t directory_mark = 0x02014b50, entry_mark = 0x04034b50;
constexpr std::uint64_t in_extra = 0xffffffff;  // the number stands in the extra field
constexpr std::uint64_t encrypted = 1;          // a flag

std::optional<std::uint64_t> number_at(std::string_view bytes, std::uint64_t place, unsigned size) {
    if (place > bytes.size()) return {};
    return Bytes(bytes.substr(place)).number(size);
}

struct Directory {
    std::uint64_t count = 0, place = 0;
};

// The last record that is marked as the end: what comes before it may look like one.
std::optional<Directory> find_directory(std::string_view archive) {
    if (archive.size() < end_size) return {};
    const std::uint64_t last = archive.size() - end_size;
    for (std::uint64_t back = 0; back <= std::min(last, longest_comment); ++back) {
        const std::uint64_t end = last - back;
        if (number_at(archive, end, 4) != end_mark) continue;
        const auto count = number_at(archive, end + 10, 2), place = number_at(archive, end + 16, 4);
        if (*count != 0xffff && *place != in_extra) return Directory{*count, *place};
        if (end < locator_size || number_at(archive, end - locator_size, 4) != locator_mark) return {};
        const auto end64 = number_at(archive, end - locator_size + 8, 8);
        if (number_at(archive, *end64, 4) != end64_mark) return {};
        const auto count64 = number_at(archive, *end64 + 32, 8), place64 = number_at(archive, *end64 + 48, 8);
        if (!count64 || !place64) return {};
        return Directory{*count64, *place64};
    }
    return {};
}

struct Entry {
    std::uint64_t flags = 0, method = 0, size = 0, place = 0;
    std::string name;
};

// ZIP64: those numbers that have no place of their own, in this order.
bool read_extra(std::string_view extra, std::uint64_t& whole, Entry& entry) {
    Bytes bytes(extra);
    for (;;) {
        const auto id = bytes.number(2), length = bytes.number(2);
        const auto field = length ? bytes.take(*length) : std::nullopt;
        if (!id || !field) return false;
        if (*id != 1) continue;
        Bytes numbers(*field);
        for (std::uint64_t* number : {&whole, &entry.size, &entry.place})
            if (*number == in_extra) {
                const auto wide = numbers.number(8);
                if (!wide) return false;
                *number = *wide;
            }
        return true;
    }
}

std::optional<Entry> read_entry(Bytes& bytes) {
    if (bytes.number(4) != directory_mark || !bytes.take(4)) return {};
    Entry entry;
    const auto flags = bytes.number(2), method = bytes.number(2);
    bytes.take(8);
    const auto size = bytes.number(4), whole = bytes.number(4);
    const auto name_length = bytes.number(2), extra_length = bytes.number(2), comment = bytes.number(2);
    bytes.take(8);
    const auto place = bytes.number(4);
    const auto name = place ? bytes.take(*name_length) : std::nullopt;
    const auto extra = name ? bytes.take(*extra_length) : std::nullopt;
    if (!extra || !bytes.take(*comment)) return {};
    entry = {*flags, *method, *size, *place, std::string(*name)};
    std::uint64_t uncompressed = *whole;
    const bool is_wide = *size == in_extra || *whole == in_extra || *place == in_extra;
    if (is_wide && !read_extra(*extra, uncompressed, entry)) return {};
    return entry;
}

std::optional<std::string_view> bytes_of(std::string_view archive, const Entry& entry) {
    if (number_at(archive, entry.place, 4) != entry_mark) return {};
    const auto name = number_at(archive, entry.place + 26, 2),
               extra = number_at(archive, entry.place + 28, 2);
    if (!name || !extra) return {};
    Bytes bytes(archive.substr(entry.place));
    if (!bytes.take(30 + *name + *extra)) return {};
    return bytes.take(entry.size);
}

}  // namespace

Result<std::map<std::string, std::string_view>> zip_entries(std::string_view archive) {
    const auto directory = find_directory(archive);
    if (!directory || directory->place > archive.size())
        return unreadable_model("the directory of its ZIP archive is missing");
    std::map<std::string, std::string_view> entries;
    Bytes bytes(archive.substr(directory->place));
    for (std::uint64_t i = 0; i < directory->count; ++i) {
        const auto entry = read_entry(bytes);
        if (!entry) return unreadable_model("the directory of its ZIP archive is cut off");
        if (entry->method != 0 || (entry->flags & encrypted) != 0)
            return unreadable_model("it is compressed; write it with numpy.savez or torch.save");
        const auto content = bytes_of(archive, *entry);
        if (!content) return unreadable_model("an entry of its ZIP archive is cut off");
        entries[entry->name] = *content;
    }
    return entries;
}

}  // namespace netcut
