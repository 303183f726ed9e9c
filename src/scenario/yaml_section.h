// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/time.h"
#include "scenario/value_schema.h"

namespace netcut {

// A text of the user's: where in it things are, and what is wrong with it.
class YamlSource {
  public:
    explicit YamlSource(std::string name = {}, std::string attempt = "read the scenario")
        : file(std::move(name)), attempt_(std::move(attempt)) {}

    std::string file;
    std::vector<Error> errors;      // in the order in which they were found; more than a hundred are not kept
    std::set<std::string> misread;  // the parts that are wrong therefore, see YamlSection; "*": all

    Place place(const YAML::Mark& mark) const;
    void fail(const YAML::Mark& mark, Mistake mistake, const std::string& what, const std::string& hint = {},
              const std::string& part = "*");
    // The only document of the text; one after it would be passed over in silence, so it is refused, as are one
    // that is too much and what is not YAML. Then the node is null and `errors` say why.
    YAML::Node load(const std::string& given);
    // yaml-cpp keeps the first of two equal keys and says nothing.
    void refuse_repeated_keys(const YAML::Node& mapping, const std::string& part);
    // The first error.
    Result<void> result() const;

  private:
    void fail_syntax(const YAML::Exception& exception);

    std::string attempt_;  // of its errors
    std::string text_;
};

// A line of a text, and the same with a caret below the place; empty if there is no such line.
std::string excerpt_of(const std::string& text, const Place& place);

// The keys that a reader asks a mapping for, as JSON Schema: what the calls that read a text say if there is none.
class Outline {
  public:
    void add(const std::string& key, const std::string& schema);
    // The next schema of the key is that of another form of it.
    void add_form(const std::string& key, const std::string& schema) { forms_[key] = schema; }
    void require(const std::string& key) { required_.push_back(key); }
    void replace(const std::string& schema) { whole_ = schema; }
    std::string schema() const;

  private:
    std::vector<std::pair<std::string, std::string>> keys_;
    std::map<std::string, std::string> forms_;
    std::vector<std::string> required_;
    std::string whole_;  // in place of all that
};

// One mapping of a YAML text, read key by key. A key that nobody asked for is an error with the nearest
// key that somebody did. Every getter leaves its target alone when the key is absent.
//
// Its part of the text is what else cannot be judged if it is misread: the key of the whole that it is below, and of a list the
// number of the entry, from 0: "fabric", "faults/2".
class YamlSection {
  public:
    // `example` is what a mapping of this name may look like, for who gave something else.
    YamlSection(YamlSource& source, const YAML::Node& node, std::string name, const std::string& example = {},
                std::string part = {});
    // One without a text, of which the outline is made.
    explicit YamlSection(Outline& outline);

    // `parse` takes the scalar's text; its error is reported at the scalar's place.
    void scalar(const std::string& key, const std::function<Result<void>(const std::string&)>& parse,
                const std::string& schema);
    void text(const std::string& key, std::string& target);
    void boolean(const std::string& key, bool& target);
    void count(const std::string& key, unsigned& target, unsigned least, unsigned most);
    void duration(const std::string& key, Nanoseconds& target);
    // A list of scalars; a single scalar is a list of one. Whether it is there.
    bool list(const std::string& key, std::vector<std::string>& target);
    // As list, but a single scalar is split into words like a command.
    void command(const std::string& key, std::vector<std::string>& target);
    // Adds to what is there.
    void map(const std::string& key, std::map<std::string, std::string>& target);
    void section(const std::string& key, const std::function<void(YamlSection&)>& read,
                 const std::string& value = "KEY: VALUE");
    void sections(const std::string& key, const std::function<void(YamlSection&)>& read);

    // A mapping of names to sections.
    void named_sections(const std::string& key,
                        const std::function<void(const std::string& name, YamlSection&)>& read);

    // As sections, but a single mapping is a list of one.
    void section_or_sections(const std::string& key, const std::function<void(YamlSection&)>& read);

    // A list of lists of scalars. Whether it is there.
    bool lists(const std::string& key, std::vector<std::vector<std::string>>& target);
    bool has(const std::string& key) { return get(key).IsDefined(); }
    // The key's value as it is, which the caller reads; not defined: there is none.
    YAML::Node whole(const std::string& key, const std::string& schema);
    // The key's value if it is a single one, else nothing; it is then read as what it is else.
    std::optional<std::string> single(const std::string& key, const std::string& schema = text_schema());
    // If the outline is made: the key has this schema; the section is what this schema says. Whether it is made.
    bool outlined(const std::string& key, const std::string& schema);
    bool outlined_as(const std::string& schema);
    // Where each key that is there is given; the section itself under "".
    std::map<std::string, Place> places() const;

    // Something is wrong with the section, or with one of its keys.
    void fail(Mistake mistake, const std::string& what);
    void fail_at(const std::string& key, const std::string& what, const std::string& hint);
    // The section needs a key that it does not have. Reported if nothing else is wrong with it.
    void missing(const std::string& key, const std::string& what);

    // Reports keys that were not asked for.
    void finish();

  private:
    YAML::Node get(const std::string& key);
    template <typename Parse>
    void parse_scalar(const std::string& key, const YAML::Node& node, Parse parse);
    std::string part_of(const std::string& key) const;
    void fail_key(const std::string& key, const YAML::Mark& mark, Mistake mistake, const std::string& what,
                  const std::string& hint = {}) {
        source_->fail(mark, mistake, what, hint, part_of(key));
    }

    YamlSource* source_ = nullptr;  // null: the outline is made
    Outline* outline_ = nullptr;
    YAML::Node node_;
    std::string name_, part_;
    std::set<std::string> known_;
    std::string missing_;
    std::size_t errors_before_ = 0;
};

}  // namespace netcut
