// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/error.h"
#include "base/time.h"

namespace netcut {

// Where a text is, for error messages.
class YamlSource {
  public:
    explicit YamlSource(std::string name = {}) : file(std::move(name)) {}

    std::string file;
    std::optional<Error> error;  // the first one; later ones are mostly its consequences

    std::string place(const YAML::Mark& mark) const;
    void fail(const YAML::Mark& mark, const std::string& what, const std::string& hint = {});
    // The only document of the text; one after it would be passed over in silence, so it is refused, as are one
    // that is too much and what is not YAML. Then the node is null and `error` says why.
    YAML::Node load(const std::string& given);
    // yaml-cpp keeps the first of two equal keys and says nothing.
    void refuse_repeated_keys(const YAML::Node& mapping);

  private:
    // The line of a mark, and the same with a caret below it; empty if there is no such line.
    std::string line_of(const YAML::Mark& mark) const;
    std::string excerpt(const YAML::Mark& mark) const;
    void fail_syntax(const YAML::Exception& exception);

    std::string text_;
};

// One mapping of a YAML text, read key by key. A key that nobody asked for is an error with the nearest
// key that somebody did. Every getter leaves its target alone when the key is absent.
class YamlSection {
  public:
    // `example` is what a mapping of this name may look like, for who gave something else.
    YamlSection(YamlSource& source, const YAML::Node& node, std::string name,
                const std::string& example = {});

    // `parse` takes the scalar's text; its error is reported at the scalar's place.
    void scalar(const std::string& key, const std::function<Result<void>(const std::string&)>& parse);
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

    // A list of lists of scalars. Whether it is there.
    bool lists(const std::string& key, std::vector<std::vector<std::string>>& target);
    bool has(const std::string& key) { return get(key).IsDefined(); }
    // The key's value if it is a single one, else nothing.
    std::optional<std::string> single(const std::string& key);
    // Where each key that is there is given, "FILE:line:column"; the section itself under "".
    std::map<std::string, std::string> places() const;

    // Reports what is wrong with the section, or with one of its keys.
    void fail(const std::string& what) { source_.fail(node_.Mark(), what); }
    void fail_at(const std::string& key, const std::string& what, const std::string& hint) {
        source_.fail(get(key).Mark(), key + ": " + what, hint);
    }

    // Reports keys that were not asked for.
    void finish();

  private:
    YAML::Node get(const std::string& key);
    template <typename Parse>
    void parse_scalar(const std::string& key, const YAML::Node& node, Parse parse);

    YamlSource& source_;
    YAML::Node node_;
    std::string name_;
    std::set<std::string> known_;
};

}  // namespace netcut
