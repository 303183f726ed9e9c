// SPDX-License-Identifier: Apache-2.0
//
// A kind of fault is one definition: its name, its keys, what they mean, what the fault does. Scenario files, the
// command line, the checks, the plan, the engine, the verdict, `verify` and the pages in docs/faults/ all go by it,
// so that nothing else asks which kind a fault is. The definitions are in src/scenario/kinds/.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "fault/needs.h"
#include "fault/plan.h"

namespace netcut {

struct FaultSpec;
struct Scenario;

using WordList = std::vector<std::string>;
// As a scenario file gives it. A scalar is kept as its text, so that it is written as it was read.
using KeyValue = std::variant<std::string, WordList, std::vector<WordList>>;

struct KeyType {
    enum class Shape { scalar, list, lists };
    Shape shape = Shape::scalar;
    // Refuses a scalar that is not of this type. Null: any text.
    std::function<Result<void>(const std::string& key, const std::string& text)> check;
    std::string schema;  // JSON Schema of a value
};

struct FaultKey {
    std::string name;
    KeyType type;
    std::string meaning;        // Markdown, in a row of its page's table
    std::string standard = {};  // the value if it is not given; empty: it has none
    std::string without = "-";  // what the page then says about that
    // A file that the value names. Its contents are read with the user's rights (FaultSpec::files).
    std::string (*file)(const std::string& text) = nullptr;
};

// A key of every fault that this kind does not take.
struct RefusedKey {
    const char *name, *why, *hint;
};

// What it does to a node's processes, or to what they read, whether or not to its packets.
enum class ProcessEffect {
    none,
    pause,
    kill,
    restart,  // they are ended, and started again by the heal
    names     // what names of nodes they find
};

struct FaultKind {
    const char* name;
    const char* summary;
    const char* example;              // options of `netcut-fl run`
    std::vector<FaultKey> keys = {};  // beyond those that every fault takes
    std::vector<RefusedKey> refused = {};
    std::vector<Need> needs = {};  // whatever its keys are
    const char* without = "";      // what to use where a need is missing; may be empty
    LinkChange link = LinkChange::none;
    ProcessEffect processes = ProcessEffect::none;
    bool counts_packets = false;  // it is exact only if one packet is one segment
    bool on_lookups = false;      // it acts on nothing but questions for names and their answers
    // Fills in what its keys leave open and refuses what cannot be. Null: nothing is left open.
    Result<void> (*check)(const Scenario& scenario, FaultSpec& fault) = nullptr;
    // What is done to packets, as far as it costs nothing to know. Null: they are lost.
    PacketAction (*action)(const FaultSpec& fault) = nullptr;
    // The rest of the plan, of a checked fault. Null: there is none.
    Result<void> (*plan)(const Scenario& scenario, const FaultSpec& fault, FaultPlan& plan) = nullptr;

    const FaultKey* key(const std::string& name) const;
    const RefusedKey* refuses(const std::string& name) const;
    bool acts_on_processes() const { return processes != ProcessEffect::none; }
    bool heals() const { return processes != ProcessEffect::kill; }
};

const std::vector<FaultKind>& fault_kinds();
// One that is there for sure.
const FaultKind* fault_kind(const std::string& name);
Result<const FaultKind*> parse_kind(const std::string& word);
// A key of this name: the kind's own, else that of the first kind that has one; null if there is none.
const FaultKey* find_key(const FaultKind& kind, const std::string& name);

}  // namespace netcut
