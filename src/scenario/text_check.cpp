// SPDX-License-Identifier: Apache-2.0
#include "scenario/text_check.h"

#include <fmt/format.h>

#include "base/utf8.h"
#include "scenario/fault_spec.h"

namespace netcut {
namespace {

constexpr std::size_t longest_name =
    100;  // bytes: the file system has 255 for a file's name, with what we add

// Reads the texts of a scenario until one cannot be.
class Texts {
  public:
    void one(const std::string& what, const std::string& text) {
        if (wrong_) return;
        if (const auto why = unfit(text))
            wrong_ = usage_failure(fmt::format("use the text '{}' as {}", text, what), *why,
                                   "in a regular expression (re:) \\C stands for any one byte")
                         .value();
    }
    void several(const std::string& what, const std::vector<std::string>& texts) {
        for (const std::string& text : texts) one(what, text);
    }
    void named(const std::string& what, const std::map<std::string, std::string>& values) {
        for (const auto& [name, value] : values) {
            one(fmt::format("the name of {}", what), name);
            one(what, value);
        }
    }
    void role(const std::string& name, const RoleSpec& role) {
        several(fmt::format("the {}'s command", name), role.command);
        named(fmt::format("a variable of the {}", name), role.env);
        one(fmt::format("the {}'s folder", name), role.cwd);
        for (const std::string& log : role.logs) one(fmt::format("a log of the {}", name), log);
        several(fmt::format("an alias of the {}", name), role.aliases);
    }
    void fault(const FaultSpec& fault) {
        const std::string of = fmt::format("of the fault '{}'", fault.name);
        one("the log line " + of, fault.trigger.pattern);
        one("the log line that arms it, " + of, fault.trigger.phase.armed_by);
        for (const auto& [key, value] : fault.values)
            if (const auto* text = std::get_if<std::string>(&value))
                one(fmt::format("the {} {}", key, of), *text);
    }
    Result<void> result() const {
        if (wrong_) return Failure(*wrong_);
        return {};
    }

  private:
    std::optional<Error> wrong_;
};

}  // namespace

std::optional<std::string> unfit(std::string_view text) {
    while (!text.empty()) {
        const Character next = first_character(text);
        if (!next.value) return "it is no UTF-8";
        if (*next.value == 0) return "it has a NUL character, where the system would end it";
        if (is_noncharacter(*next.value))
            return fmt::format("it has U+{:04X}, which is no character",
                               static_cast<std::uint32_t>(*next.value));
        text.remove_prefix(next.bytes);
    }
    return {};
}

Result<void> check_name(const std::string& name, const std::string& whose) {
    const auto wrong = [&](const std::string& why) {
        return usage_failure(fmt::format("name {} '{}'", whose, name), why,
                             "files are named after it: letters, digits, - and _ will do");
    };
    if (const auto why = unfit(name)) return wrong(*why);
    if (name.empty() || name.starts_with('.') || name.find('/') != std::string::npos)
        return wrong("a name is not empty, has no slash and does not begin with a dot");
    if (name.size() > longest_name)
        return wrong(fmt::format("a name has at most {} bytes, and this one {}", longest_name, name.size()));
    for (std::string_view rest = name; !rest.empty(); rest.remove_prefix(first_character(rest).bytes))
        if (!is_printable(*first_character(rest).value))
            return wrong("a name has no control characters, and none that are invisible");
    return {};
}

Result<void> check_texts(const Scenario& scenario) {
    Texts texts;
    texts.role("aggregator", scenario.aggregator);
    texts.role("collaborator", scenario.collaborator);
    texts.named("a variable", scenario.env);
    texts.named("a parameter", scenario.parameters);
    for (const TcpSpec& spec : scenario.tcp) texts.named("a value of tcp", spec.keys);
    for (const LinkSpec& spec : scenario.link)
        for (const auto& source : {spec.up, spec.down})
            if (source) {
                texts.one("a trace", source->file);
                texts.one("a folder of traces", source->folder);
            }
    texts.several("the command to prepare", scenario.prepare);
    texts.one("the workspace", scenario.workspace);
    texts.one("the template's folder", scenario.files);
    texts.one("the readiness line", scenario.ready);
    texts.one("the progress line", scenario.progress);
    texts.one("the end line", scenario.end);
    texts.one("the user", scenario.user);
    for (const FaultSpec& fault : scenario.faults) texts.fault(fault);
    for (const LogExpectation& log : scenario.expect.logs) {
        texts.one("an expected line", log.pattern);
        texts.one("what a line must equal", log.equals);
    }
    for (const auto& [kind, patterns] : scenario.counted.patterns)
        texts.several("a line that tells of updates", patterns);
    texts.one("what a collaborator is called", scenario.counted.name);
    for (const std::string& text :
         {scenario.model.digest, scenario.model.metric, scenario.model.file, scenario.model.tensors})
        texts.one("what tells of the model", text);
    return texts.result();
}

}  // namespace netcut
