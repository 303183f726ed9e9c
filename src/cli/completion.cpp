// SPDX-License-Identifier: Apache-2.0
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <functional>
#include <map>

#include "base/json.h"
#include "cli/daemon_client.h"
#include "cli/run_access.h"
#include "cli/schema_command.h"
#include "fabric/options.h"
#include "scenario/fault_kind.h"
#include "scenario/scenario.h"
#include "scenario/template.h"
#include "scenario/words.h"

namespace netcut::cli {
namespace {

using Candidates = std::vector<std::string>;

// A command line as far as it has been typed.
class TypedLine {
  public:
    TypedLine(const CLI::App& app, std::vector<std::string> words) : command_(&app) {
        begun_ = words.empty() ? "" : words.back();
        if (!words.empty()) words.pop_back();
        for (const std::string& word : words) take(word);
        // Shells that split words at "=" type --kind = drop.
        if (begun_ == "=") begun_.clear();
    }

    const CLI::App& command() const { return *command_; }
    const std::string& begun() const { return begun_; }
    // The option whose value is being typed, or the argument; nullptr if it is neither.
    const CLI::Option* awaiting() const {
        return awaiting_ != nullptr ? awaiting_ : argument(arguments_.size());
    }
    bool is_value() const { return awaiting_ != nullptr; }
    bool may_be_command() const { return arguments_.empty() && awaiting_ == nullptr; }
    // The value that an option or an argument has been given, or nothing.
    std::optional<std::string> given(const std::string& name) const {
        const auto found = given_.find(name);
        return found == given_.end() ? std::nullopt : std::optional(found->second);
    }

  private:
    void take(const std::string& word) {
        if (word == "=" && awaiting_ != nullptr) return;
        if (awaiting_ != nullptr) {
            given_[awaiting_->get_name()] = word;
            awaiting_ = nullptr;
            return;
        }
        if (word.starts_with("-") && word != "-") return take_option(word);
        if (may_be_command())
            for (const CLI::App* command : command_->get_subcommands({}))
                if (command->get_name() == word) {
                    command_ = command;
                    return;
                }
        if (const CLI::Option* option = argument(arguments_.size())) given_[option->get_name(true)] = word;
        arguments_.push_back(word);
    }
    void take_option(const std::string& word) {
        const std::size_t equals = word.find('=');
        const CLI::Option* option = command_->get_option_no_throw(word.substr(0, equals));
        if (option == nullptr || option->get_items_expected_max() == 0) return;
        if (equals != std::string::npos)
            given_[option->get_name()] = word.substr(equals + 1);
        else
            awaiting_ = option;
    }
    const CLI::Option* argument(std::size_t number) const {
        const CLI::Option* last = nullptr;
        for (const CLI::Option* option : command_->get_options()) {
            if (!option->get_positional()) continue;
            last = option;
            if (number-- == 0) return option;
        }
        const bool takes_more = last != nullptr && last->get_items_expected_max() > 1;
        return takes_more ? last : nullptr;
    }

    const CLI::App* command_;
    const CLI::Option* awaiting_ = nullptr;
    std::vector<std::string> arguments_;
    std::map<std::string, std::string> given_;
    std::string begun_;
};

// Folders that runs have left here, the latest first; the shell knows the others.
Candidates folders_of_runs() {
    Candidates folders;
    std::error_code error;
    for (std::filesystem::directory_iterator entry("netcut-runs", error), end; !error && entry != end;
         entry.increment(error))
        if (entry->is_directory(error)) folders.push_back(entry->path());
    std::sort(folders.rbegin(), folders.rend());
    return folders;
}

std::string text_of(const Json& object, const char* name) {
    const Json value = object.is_object() ? object.value(name, Json()) : Json();
    return value.is_string() ? value.get<std::string>() : std::string();
}

// Of the daemon, one's own that are under way, and those that have left a folder here.
Candidates runs(const TypedLine& line) {
    const DaemonClient daemon(DaemonClient::socket_path(line.given("--socket")));
    Candidates ids;
    if (const auto answer = daemon.ask("GET", "/runs"); answer && answer->is_object())
        for (const Json& run : answer->value("runs", Json::array())) ids.push_back(text_of(run, "id"));
    if (line.given("--socket")) return ids;
    for (const Json& run : own_runs()) ids.push_back(text_of(run, "id"));
    for (const std::string& folder : folders_of_runs())
        ids.push_back(std::filesystem::path(folder).filename());
    return ids;
}

// Names in a list of what is known of a run: the daemon calls each "name", a run's record "node" or "fault".
Candidates names_in_run(const TypedLine& line, const std::string& run, const char* list, const char* name) {
    const auto access = reach_run(run, line.given("--socket"));
    if (!access) return {};
    const auto known = (*access)->inspect();
    if (!known || !known->is_object()) return {};
    Candidates names;
    for (const Json& one : known->value(list, Json::array()))
        names.push_back(text_of(one, one.contains(name) ? name : "name"));
    return names;
}

Candidates nodes(const TypedLine& line) {
    if (const auto run = line.given("RUN")) return names_in_run(line, *run, "nodes", "node");
    unsigned collaborators = 2;
    const std::string cols = line.given("--cols").value_or("");
    std::from_chars(cols.data(), cols.data() + cols.size(), collaborators);
    Candidates names = {aggregator_name};
    for (unsigned i = 1; i <= std::min<std::size_t>(collaborators, max_nodes - 1); ++i)
        names.push_back(collaborator_name(i));
    return names;
}

Candidates faults(const TypedLine& line) {
    const auto run = line.given("RUN");
    return run ? names_in_run(line, *run, "faults", "fault") : Candidates{};
}

Candidates kinds(const TypedLine&) {
    Candidates names;
    for (const FaultKind& fault : fault_kinds()) names.emplace_back(fault.name);
    return names;
}

// Words that the key of a kind of fault may be.
Candidates key_words(const std::string& kind, const std::string& key) {
    for (const FaultKey& one : fault_kind(kind)->keys)
        if (one.name == key) return Json::parse(one.type.schema).at("enum").get<Candidates>();
    return {};
}

Candidates stages() {
    Candidates names(stage_names.begin(), stage_names.end());
    names.emplace_back("run");
    return names;
}

// By the placeholder that help shows for it.
Candidates values_of(const CLI::Option& option, const TypedLine& line) {
    using Lister = std::function<Candidates(const TypedLine&)>;
    const auto words = [](const Candidates& list) -> Lister {
        return [list](const TypedLine&) { return list; };
    };
    static const std::map<std::string, Lister> listers = {
        {"NODE", nodes},
        {"RUN", runs},
        {"FAULT", faults},
        {"KIND", kinds},
        {"DIR", [](const TypedLine&) { return folders_of_runs(); }},
        {"TEMPLATE", [](const TypedLine&) { return template_names(); }},
        {"PHASE", words(phase_moment_words())},
        {"FABRIC", words(fabric_words())},
        {"VERSION", words(ip_words())},
        {"SHAPER", words(shaper_words())},
        {"DIRECTION", words(key_words("drop", "direction"))},
        {"END", words(key_words("down", "end"))},
        {"STAGE", words(stages())},
        {"WHAT", words(schema_words())},
        {"sent|received", words({"sent", "received"})},
        {"begin|end", words(round_mark_words())}};
    const bool is_argument = option.get_positional();
    // Of an option DIR is any folder; of an argument it is that of a run.
    if (!is_argument && option.get_type_name() == "DIR") return {};
    const auto lister = listers.find(is_argument ? option.get_name(true) : option.get_type_name());
    return lister == listers.end() ? Candidates{} : lister->second(line);
}

Candidates option_words(const CLI::App& command) {
    Candidates words;
    for (const CLI::Option* option : command.get_options())
        for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
    return words;
}

Candidates command_words(const CLI::App& command) {
    Candidates words;
    for (const CLI::App* one : command.get_subcommands({}))
        if (!one->get_group().empty()) words.push_back(one->get_name());
    return words;
}

}  // namespace

std::vector<std::string> complete(const CLI::App& app, const std::vector<std::string>& words) {
    const TypedLine line(app, words);
    Candidates candidates;
    if (line.is_value()) {
        candidates = values_of(*line.awaiting(), line);
    } else if (line.begun().starts_with("-")) {
        candidates = option_words(line.command());
    } else {
        if (line.may_be_command()) candidates = command_words(line.command());
        if (line.awaiting() != nullptr) {
            const Candidates values = values_of(*line.awaiting(), line);
            candidates.insert(candidates.end(), values.begin(), values.end());
        }
    }
    std::erase_if(candidates,
                  [&](const std::string& word) { return word.empty() || !word.starts_with(line.begun()); });
    return candidates;
}

}  // namespace netcut::cli
