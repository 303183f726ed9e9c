// SPDX-License-Identifier: Apache-2.0
#include "scenario/yaml_section.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/command.h"
#include "base/nearest_word.h"
#include "scenario/text_check.h"
#include "scenario/yaml_bounds.h"

namespace netcut {
namespace {

constexpr std::size_t longest_excerpt = 160;  // a longer line would be wrapped, and the caret be nowhere

}  // namespace

std::string YamlSource::place(const YAML::Mark& mark) const {
    return mark.is_null() ? file : fmt::format("{}:{}:{}", file, mark.line + 1, mark.column + 1);
}

void YamlSource::fail(const YAML::Mark& mark, const std::string& what, const std::string& hint) {
    if (!error)
        error =
            Error{Error::Kind::usage, "read the scenario", 0, place(mark) + ": " + what, hint, excerpt(mark)};
}

std::string YamlSource::line_of(const YAML::Mark& mark) const {
    if (mark.is_null()) return {};
    std::size_t begin = 0;
    for (int line = 0; line < mark.line; ++line) {
        begin = text_.find('\n', begin);
        if (begin == std::string::npos) return {};
        ++begin;
    }
    std::string line = text_.substr(begin, text_.find('\n', begin) - begin);
    std::replace(line.begin(), line.end(), '\t', ' ');
    return line;
}

std::string YamlSource::excerpt(const YAML::Mark& mark) const {
    const std::string line = line_of(mark);
    const auto column = static_cast<std::size_t>(std::max(mark.column, 0));
    if (line.empty() || line.size() > longest_excerpt || column > line.size()) return {};
    return fmt::format("    {}\n    {:>{}}", line, '^', column + 1);
}

void YamlSource::fail_syntax(const YAML::Exception& exception) {
    const std::string line = line_of(exception.mark);
    const bool has_value = line.find(": ") != std::string::npos;
    fail(exception.mark, "it is not YAML: " + exception.msg,
         text_.find("\n\t") != std::string::npos ? "indent with spaces, not with tabs"
         : has_value ? "a value that has ': ', ' #', '{' or '[' in it needs quotes"
                     : "");
}

YAML::Node YamlSource::load(const std::string& given) {
    text_ = given;
    try {
        if (const auto excess = find_excess(text_)) {
            fail(excess->mark, excess->why);
            return {};
        }
        const std::vector<YAML::Node> documents = YAML::LoadAll(text_);
        if (documents.size() > 1)
            fail(documents[1].Mark(), "a second document begins here", "write one document in a file");
        return documents.empty() ? YAML::Node() : documents.front();
    } catch (const YAML::Exception& exception) {
        fail_syntax(exception);
        return {};
    }
}

void YamlSource::refuse_repeated_keys(const YAML::Node& mapping) {
    std::map<std::string, YAML::Mark> seen;
    for (const auto& entry : mapping) {
        if (!entry.first.IsScalar()) continue;
        const std::string& key = entry.first.Scalar();
        if (const auto why = unfit(key)) fail(entry.first.Mark(), "a key: " + *why);
        const auto [first, is_new] = seen.emplace(key, entry.first.Mark());
        if (!is_new)
            fail(entry.first.Mark(), fmt::format("the key '{}' is given twice", key),
                 "the first is at " + place(first->second));
    }
}

YamlSection::YamlSection(YamlSource& source, const YAML::Node& node, std::string name,
                         const std::string& example)
    : source_(source), node_(node), name_(std::move(name)) {
    if (node_.IsDefined() && !node_.IsMap() && !node_.IsNull())
        source_.fail(node_.Mark(), name_ + " must be a mapping of keys to values",
                     example.empty() ? "" : "write '" + example + "'");
    if (node_.IsMap()) source_.refuse_repeated_keys(node_);
}

YAML::Node YamlSection::get(const std::string& key) {
    known_.insert(key);
    return node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
}

template <typename Parse>
void YamlSection::parse_scalar(const std::string& key, const YAML::Node& node, Parse parse) {
    if (!node.IsDefined()) return;
    if (!node.IsScalar()) return source_.fail(node.Mark(), key + " must be a single value");
    if (const auto why = unfit(node.Scalar())) return source_.fail(node.Mark(), key + ": " + *why);
    if (const Result<void> parsed = parse(node.Scalar()); !parsed)
        source_.fail(node.Mark(), parsed.error().attempt + ": " + parsed.error().reason, parsed.error().hint);
}

void YamlSection::scalar(const std::string& key,
                         const std::function<Result<void>(const std::string&)>& parse) {
    parse_scalar(key, get(key), parse);
}

void YamlSection::text(const std::string& key, std::string& target) {
    scalar(key, [&](const std::string& value) -> Result<void> {
        target = value;
        return {};
    });
}

void YamlSection::boolean(const std::string& key, bool& target) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!YAML::convert<bool>::decode(node, target)) source_.fail(node.Mark(), key + " must be true or false");
}

void YamlSection::count(const std::string& key, unsigned& target, unsigned least, unsigned most) {
    scalar(key, [&](const std::string& value) -> Result<void> {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc() || end != value.data() + value.size() || number < least || number > most)
            return usage_failure("read " + key,
                                 fmt::format("'{}' is no whole number from {} to {}", value, least, most));
        target = number;
        return {};
    });
}

void YamlSection::duration(const std::string& key, Nanoseconds& target) {
    scalar(key, [&](const std::string& value) -> Result<void> {
        NETCUT_ASSIGN(target, parse_duration(value));
        return {};
    });
}

bool YamlSection::list(const std::string& key, std::vector<std::string>& target) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return false;
    target.clear();
    const auto add = [&](const std::string& value) -> Result<void> {
        target.push_back(value);
        return {};
    };
    if (!node.IsSequence())
        parse_scalar(key, node, add);
    else
        for (const YAML::Node& item : node) parse_scalar(key, item, add);
    return true;
}

void YamlSection::command(const std::string& key, std::vector<std::string>& target) {
    if (const YAML::Node node = get(key); node.IsDefined() && node.IsSequence()) {
        list(key, target);
        return;
    }
    scalar(key, [&](const std::string& value) -> Result<void> {
        NETCUT_ASSIGN(target, split_command(value));
        return {};
    });
}

void YamlSection::map(const std::string& key, std::map<std::string, std::string>& target) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!node.IsMap()) return source_.fail(node.Mark(), key + " must be a mapping of names to values");
    source_.refuse_repeated_keys(node);
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            return source_.fail(entry.first.Mark(), "a name in " + key + " must be a single value");
        parse_scalar(key, entry.second, [&](const std::string& value) -> Result<void> {
            target[entry.first.Scalar()] = value;
            return {};
        });
    }
}

void YamlSection::section(const std::string& key, const std::function<void(YamlSection&)>& read,
                          const std::string& value) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    YamlSection child(source_, node, key, fmt::format("{}: {{{}}}", key, value));
    read(child);
    child.finish();
}

void YamlSection::sections(const std::string& key, const std::function<void(YamlSection&)>& read) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!node.IsSequence()) return source_.fail(node.Mark(), key + " must be a list");
    for (const YAML::Node& item : node) {
        YamlSection child(source_, item, "an entry of " + key);
        read(child);
        child.finish();
    }
}

bool YamlSection::lists(const std::string& key, std::vector<std::vector<std::string>>& target) {
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return false;
    if (!node.IsSequence()) source_.fail(node.Mark(), key + " must be a list of lists");
    target.clear();
    for (const YAML::Node& item : node) {
        if (!item.IsSequence()) source_.fail(item.Mark(), key + " must be a list of lists");
        std::vector<std::string>& list = target.emplace_back();
        for (const YAML::Node& word : item)
            parse_scalar(key, word, [&](const std::string& value) -> Result<void> {
                list.push_back(value);
                return {};
            });
    }
    return true;
}

std::optional<std::string> YamlSection::single(const std::string& key) {
    const YAML::Node node = get(key);
    if (!node.IsDefined() || !node.IsScalar()) return {};
    return node.Scalar();
}

std::map<std::string, std::string> YamlSection::places() const {
    std::map<std::string, std::string> places;
    places[""] = source_.place(node_.Mark());
    if (!node_.IsMap()) return places;
    for (const auto& entry : node_)
        if (entry.first.IsScalar()) places[entry.first.Scalar()] = source_.place(entry.second.Mark());
    return places;
}

void YamlSection::finish() {
    if (!node_.IsMap()) return;
    for (const auto& entry : node_) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
        if (known_.contains(key)) continue;
        const auto nearest = nearest_word(key, known_);
        source_.fail(entry.first.Mark(), fmt::format("{} has no key '{}'", name_, key),
                     nearest ? fmt::format("did you mean '{}'?", *nearest)
                             : fmt::format("its keys are: {}", fmt::join(known_, ", ")));
    }
}

}  // namespace netcut
