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
constexpr std::size_t most_errors = 100;

std::string line_of(const std::string& text, int number) {
    std::size_t begin = 0;
    for (int line = 1; line < number; ++line) {
        begin = text.find('\n', begin);
        if (begin == std::string::npos) return {};
        ++begin;
    }
    std::string line = text.substr(begin, text.find('\n', begin) - begin);
    std::replace(line.begin(), line.end(), '\t', ' ');
    return line;
}

}  // namespace

std::string excerpt_of(const std::string& text, const Place& place) {
    if (place.line == 0) return {};
    const std::string line = line_of(text, place.line);
    const auto column = static_cast<std::size_t>(std::max(place.column, 1));
    if (line.empty() || line.size() > longest_excerpt || column > line.size() + 1) return {};
    return fmt::format("    {}\n    {:>{}}", line, '^', column);
}

Place YamlSource::place(const YAML::Mark& mark) const {
    return mark.is_null() ? Place{file} : Place{file, mark.line + 1, mark.column + 1};
}

void YamlSource::fail(const YAML::Mark& mark, Mistake mistake, const std::string& what,
                      const std::string& hint, const std::string& part) {
    if (!part.empty()) misread.insert(part);
    if (errors.size() == most_errors) return;
    Error error{Error::Kind::usage, attempt_, 0, what, hint};
    error.place = place(mark);
    error.excerpt = excerpt_of(text_, error.place);
    error.mistake = mistake;
    errors.push_back(std::move(error));
}

Result<void> YamlSource::result() const {
    if (!errors.empty()) return Failure(errors.front());
    return {};
}

void YamlSource::fail_syntax(const YAML::Exception& exception) {
    const std::string line = line_of(text_, exception.mark.line + 1);
    const bool has_value = line.find(": ") != std::string::npos;
    fail(exception.mark, Mistake::syntax, "it is not YAML: " + exception.msg,
         text_.find("\n\t") != std::string::npos ? "indent with spaces, not with tabs"
         : has_value ? "a value that has ': ', ' #', '{' or '[' in it needs quotes"
                     : "");
}

YAML::Node YamlSource::load(const std::string& given) {
    text_ = given;
    try {
        if (const auto excess = find_excess(text_)) {
            fail(excess->mark, Mistake::syntax, excess->why);
            return {};
        }
        const std::vector<YAML::Node> documents = YAML::LoadAll(text_);
        if (documents.size() > 1)
            fail(documents[1].Mark(), Mistake::syntax, "a second document begins here",
                 "write one document in a file");
        return documents.empty() ? YAML::Node() : documents.front();
    } catch (const YAML::Exception& exception) {
        fail_syntax(exception);
        return {};
    }
}

void YamlSource::refuse_repeated_keys(const YAML::Node& mapping, const std::string& part) {
    std::map<std::string, YAML::Mark> seen;
    for (const auto& entry : mapping) {
        if (!entry.first.IsScalar()) continue;
        const std::string& key = entry.first.Scalar();
        if (const auto why = unfit(key)) fail(entry.first.Mark(), Mistake::value, "a key: " + *why, "", part);
        const auto [first, is_new] = seen.emplace(key, entry.first.Mark());
        if (!is_new)
            fail(entry.first.Mark(), Mistake::repeated_key, fmt::format("the key '{}' is given twice", key),
                 "the first is at " + place(first->second).text(), part.empty() ? key : part);
    }
}

void Outline::add(const std::string& key, const std::string& schema) {
    const auto form = forms_.find(key);
    keys_.emplace_back(
        key, form == forms_.end() ? schema : fmt::format(R"({{"anyOf": [{}, {}]}})", form->second, schema));
}

std::string Outline::schema() const {
    if (!whole_.empty()) return whole_;
    std::vector<std::string> properties;
    for (const auto& [key, schema] : keys_) properties.push_back(fmt::format(R"("{}": {})", key, schema));
    const std::string required =
        required_.empty() ? "" : fmt::format(R"(, "required": ["{}"])", fmt::join(required_, R"(", ")"));
    return fmt::format(R"({{"type": {}, "additionalProperties": false, "properties": {{{}}}{}}})",
                       required_.empty() ? R"(["object", "null"])" : R"("object")",
                       fmt::join(properties, ", "), required);
}

YamlSection::YamlSection(YamlSource& source, const YAML::Node& node, std::string name,
                         const std::string& example, std::string part)
    : source_(&source),
      node_(node),
      name_(std::move(name)),
      part_(std::move(part)),
      errors_before_(source.errors.size()) {
    if (node_.IsDefined() && !node_.IsMap() && !node_.IsNull())
        fail_key("", node_.Mark(), Mistake::type, name_ + " must be a mapping of keys to values",
                 example.empty() ? "" : "write '" + example + "'");
    if (node_.IsMap()) source_->refuse_repeated_keys(node_, part_);
}

YamlSection::YamlSection(Outline& outline) : outline_(&outline), node_(YAML::NodeType::Undefined) {}

std::string YamlSection::part_of(const std::string& key) const {
    return !part_.empty() ? part_ : key.empty() ? "*" : key;
}

bool YamlSection::outlined(const std::string& key, const std::string& schema) {
    if (outline_ != nullptr) outline_->add(key, schema);
    return outline_ != nullptr;
}

YAML::Node YamlSection::get(const std::string& key) {
    known_.insert(key);
    return node_.IsMap() ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
}

template <typename Parse>
void YamlSection::parse_scalar(const std::string& key, const YAML::Node& node, Parse parse) {
    if (!node.IsDefined()) return;
    if (!node.IsScalar()) return fail_key(key, node.Mark(), Mistake::type, key + " must be a single value");
    if (const auto why = unfit(node.Scalar()))
        return fail_key(key, node.Mark(), Mistake::value, key + ": " + *why);
    if (const Result<void> parsed = parse(node.Scalar()); !parsed)
        fail_key(key, node.Mark(), parsed.error().mistake,
                 parsed.error().attempt + ": " + parsed.error().reason, parsed.error().hint);
}

void YamlSection::scalar(const std::string& key, const std::function<Result<void>(const std::string&)>& parse,
                         const std::string& schema) {
    if (outlined(key, schema)) return;
    parse_scalar(key, get(key), parse);
}

void YamlSection::text(const std::string& key, std::string& target) {
    const auto keep = [&](const std::string& value) -> Result<void> {
        target = value;
        return {};
    };
    scalar(key, keep, text_schema());
}

void YamlSection::boolean(const std::string& key, bool& target) {
    if (outlined(key, boolean_schema())) return;
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!YAML::convert<bool>::decode(node, target))
        fail_key(key, node.Mark(), Mistake::type, key + " must be true or false");
}

void YamlSection::count(const std::string& key, unsigned& target, unsigned least, unsigned most) {
    const auto parse = [&](const std::string& value) -> Result<void> {
        unsigned number = 0;
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
        if (error != std::errc() || end != value.data() + value.size() || number < least || number > most)
            return usage_failure("read " + key,
                                 fmt::format("'{}' is no whole number from {} to {}", value, least, most));
        target = number;
        return {};
    };
    scalar(key, parse, count_schema(least, most));
}

void YamlSection::duration(const std::string& key, Nanoseconds& target) {
    const auto parse = [&](const std::string& value) -> Result<void> {
        NETCUT_ASSIGN(target, parse_duration(value));
        return {};
    };
    scalar(key, parse, duration_schema());
}

bool YamlSection::list(const std::string& key, std::vector<std::string>& target) {
    if (outlined(key, list_schema())) return false;
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
    const auto split = [&](const std::string& value) -> Result<void> {
        NETCUT_ASSIGN(target, split_command(value));
        return {};
    };
    scalar(key, split, list_schema());
}

void YamlSection::map(const std::string& key, std::map<std::string, std::string>& target) {
    if (outlined(key, map_schema())) return;
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!node.IsMap())
        return fail_key(key, node.Mark(), Mistake::type, key + " must be a mapping of names to values");
    source_->refuse_repeated_keys(node, part_of(key));
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            return fail_key(key, entry.first.Mark(), Mistake::type,
                            "a name in " + key + " must be a single value");
        parse_scalar(key, entry.second, [&](const std::string& value) -> Result<void> {
            target[entry.first.Scalar()] = value;
            return {};
        });
    }
}

void YamlSection::section(const std::string& key, const std::function<void(YamlSection&)>& read,
                          const std::string& value) {
    if (outline_ != nullptr) {
        Outline outline;
        YamlSection child(outline);
        read(child);
        return outline_->add(key, outline.schema());
    }
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    YamlSection child(*source_, node, key, fmt::format("{}: {{{}}}", key, value), part_of(key));
    read(child);
    child.finish();
}

void YamlSection::named_sections(const std::string& key,
                                 const std::function<void(const std::string&, YamlSection&)>& read) {
    if (outline_ != nullptr) {
        Outline outline;
        YamlSection child(outline);
        read("NAME", child);
        return outline_->add(
            key, fmt::format(R"({{"type": "object", "additionalProperties": {}}})", outline.schema()));
    }
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!node.IsMap()) return fail_key(key, node.Mark(), Mistake::type, key + " must be a mapping of names");
    source_->refuse_repeated_keys(node, part_of(key));
    for (const auto& entry : node) {
        if (!entry.first.IsScalar())
            return fail_key(key, entry.first.Mark(), Mistake::type,
                            "a name in " + key + " must be a single value");
        YamlSection child(*source_, entry.second, entry.first.Scalar(), "", part_of(key));
        read(entry.first.Scalar(), child);
        child.finish();
    }
}

void YamlSection::sections(const std::string& key, const std::function<void(YamlSection&)>& read) {
    if (outline_ != nullptr) {
        Outline outline;
        YamlSection child(outline);
        read(child);
        return outline_->add(key, fmt::format(R"({{"type": "array", "items": {}}})", outline.schema()));
    }
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return;
    if (!node.IsSequence()) return fail_key(key, node.Mark(), Mistake::type, key + " must be a list");
    std::size_t number = 0;
    for (const YAML::Node& item : node) {
        const std::string part = part_.empty() ? fmt::format("{}/{}", key, number++) : part_;
        YamlSection child(*source_, item, "an entry of " + key, "", part);
        read(child);
        child.finish();
    }
}

void YamlSection::section_or_sections(const std::string& key, const std::function<void(YamlSection&)>& read) {
    if (outline_ != nullptr) {
        Outline form;
        YamlSection child(form);
        read(child);
        outline_->add_form(key, form.schema());
        return sections(key, read);
    }
    get(key).IsMap() ? section(key, read) : sections(key, read);
}

bool YamlSection::lists(const std::string& key, std::vector<std::vector<std::string>>& target) {
    if (outlined(key, lists_schema())) return false;
    const YAML::Node node = get(key);
    if (!node.IsDefined()) return false;
    const auto no_lists = [&](const YAML::Node& wrong) {
        fail_key(key, wrong.Mark(), Mistake::type, key + " must be a list of lists");
    };
    if (!node.IsSequence()) no_lists(node);
    target.clear();
    for (const YAML::Node& item : node) {
        if (!item.IsSequence()) no_lists(item);
        std::vector<std::string>& list = target.emplace_back();
        for (const YAML::Node& word : item)
            parse_scalar(key, word, [&](const std::string& value) -> Result<void> {
                list.push_back(value);
                return {};
            });
    }
    return true;
}

YAML::Node YamlSection::whole(const std::string& key, const std::string& schema) {
    if (outlined(key, schema)) return YAML::Node(YAML::NodeType::Undefined);
    return get(key);
}

bool YamlSection::outlined_as(const std::string& schema) {
    if (outline_ != nullptr) outline_->replace(schema);
    return outline_ != nullptr;
}

std::optional<std::string> YamlSection::single(const std::string& key, const std::string& schema) {
    if (outline_ != nullptr) outline_->add_form(key, schema);
    const YAML::Node node = get(key);
    if (!node.IsDefined() || !node.IsScalar()) return {};
    return node.Scalar();
}

std::map<std::string, Place> YamlSection::places() const {
    std::map<std::string, Place> places;
    if (source_ == nullptr) return places;
    places[""] = source_->place(node_.Mark());
    if (!node_.IsMap()) return places;
    for (const auto& entry : node_)
        if (entry.first.IsScalar()) places[entry.first.Scalar()] = source_->place(entry.second.Mark());
    return places;
}

void YamlSection::fail(Mistake mistake, const std::string& what) {
    if (source_ != nullptr) fail_key("", node_.Mark(), mistake, what);
}

void YamlSection::fail_at(const std::string& key, const std::string& what, const std::string& hint) {
    if (source_ != nullptr) fail_key(key, get(key).Mark(), Mistake::value, key + ": " + what, hint);
}

void YamlSection::missing(const std::string& key, const std::string& what) {
    if (outline_ != nullptr) return outline_->require(key);
    if (missing_.empty()) missing_ = what;
}

void YamlSection::finish() {
    if (source_ == nullptr) return;
    for (const auto& entry : node_.IsMap() ? node_ : YAML::Node(YAML::NodeType::Map)) {
        const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
        if (known_.contains(key)) continue;
        const auto nearest = nearest_word(key, known_);
        source_->fail(entry.first.Mark(), Mistake::unknown_key, fmt::format("{} has no key '{}'", name_, key),
                      nearest ? fmt::format("did you mean '{}'?", *nearest)
                              : fmt::format("its keys are: {}", fmt::join(known_, ", ")),
                      // Of the whole, it is the key that was meant which is missing.
                      part_.empty() ? nearest.value_or("") : part_);
    }
    if (!missing_.empty() && source_->errors.size() == errors_before_) fail(Mistake::missing, missing_);
}

}  // namespace netcut
