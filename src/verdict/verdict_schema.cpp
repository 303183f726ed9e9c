// SPDX-License-Identifier: Apache-2.0
#include "verdict/verdict_schema.h"

#include "base/json.h"
#include "node/node.h"
#include "record/facts.h"
#include "record/fields_schema.h"
#include "safety/safety_json.h"
#include "scenario/judgement.h"
#include "why/foresight.h"

namespace netcut {
namespace {

// Keys with their schemas, of which some may be left out.
struct Shape {
    Json always = Json::object(), sometimes = Json::object();

    Json object(const char* description) const {
        KeySchemas keys{always, Json::array()};
        for (const auto& [key, unused] : always.items()) keys.required.push_back(key);
        keys.properties.update(sometimes);
        Json schema = keys.object();
        schema["description"] = description;
        return schema;
    }
};

Json one(const char* type, const char* description) {
    return {{"type", type}, {"description", description}};
}
Json text(const char* description) {
    return one("string", description);
}
Json number(const char* description) {
    return one("integer", description);
}
Json truth(const char* description) {
    return one("boolean", description);
}
Json seconds_or_null(const char* description) {
    return {{"type", {"number", "null"}}, {"description", description}};
}
Json list(const char* description, Json items) {
    return {{"type", "array"}, {"description", description}, {"items", std::move(items)}};
}

Json losses_schema(const char* description) {
    return Shape{{{"total", number("Their sum")},
                  {"router_up", number("Those that the router dropped on their way from the node")},
                  {"router_down", number("Those that it dropped on their way to the node")},
                  {"unsendable_at_node", number("Those that the node's own stack could not send")}}}
        .object(description);
}

Json conversation_schema() {
    KeySchemas keys = key_schemas<Conversation>();
    keys.properties.erase("after_ns");
    std::erase_if(keys.required.get_ref<Json::array_t&>(), [](const Json& key) { return key == "after_ns"; });
    return keys.object();
}

Json fault_node_schema() {
    return Shape{{{"node", text("The node")},
                  {"sent_again_s", seconds_or_null("From the heal to the first new data from the node")},
                  {"received_again_s", seconds_or_null("From the heal to the first new data to the node")},
                  {"network_back_s", seconds_or_null("From the heal until data went both ways")},
                  {"time_to_recover_s", seconds_or_null("From the heal until work went on")},
                  {"conversations", list("Connections that met the fault", conversation_schema())},
                  {"other_conversations", number("How many connections did not meet the fault")},
                  {"unresolved_neighbours",
                   list("Addresses for which no link address was found", schema_of<UnresolvedNeighbour>())}},
                 {{"packets_lost", losses_schema("Packets of the node that were lost")},
                  {"packets_queued", losses_schema("Packets of the node that had to wait")},
                  {"pause", schema_of<Pause>()}}}
        .object("What a firing did to a node");
}

Json firing_schema() {
    return Shape{
        {{"fault", text("The name of the fault")},
         {"kind", text("Its kind")},
         {"trigger", Shape{{{"node", text("The node that was watched")},
                            {"line", text("The line, or the header of the packet")}}}
                         .object("What it began on")},
         {"fired_s", one("number", "When it was fired, since the run began")},
         {"healed_s", seconds_or_null("When it was healed; null: it was active to the end")},
         {"lasted_s", seconds_or_null("How long it lasted")},
         {"nodes", list("The nodes that it acted on", fault_node_schema())}},
        {{"missed", number("How many replies had passed before it that were to be lost")},
         {"list", Shape{{{"period", number("After so many packets the list of losses begins again")},
                         {"offered_up", number("Packets from nodes that had a number in it")},
                         {"offered_down", number("Packets to nodes that had one")}}}
                      .object("How far a list of losses was used")},
         {"flap",
          Shape{{{"cycle", number("Which cycle it was, from 1")}, {"of", number("Of how many")}}}.object(
              "Of a fault that goes on and off")}}}
        .object("One firing of a fault");
}

Json rounds_schema() {
    Json schema =
        Shape{{{"node", text("The node that finished most rounds")},
               {"median_s", one("number", "The median of their lengths")},
               {"shortest_s", one("number", "The shortest")},
               {"longest_s", one("number", "The longest")},
               {"each",
                list("The finished rounds",
                     Shape{{{"round", text("Its name")}, {"took_s", one("number", "Its length")}}}.object(
                         "A round"))}}}
            .object("How long rounds took; null if none was finished");
    schema["type"] = {"object", "null"};
    return schema;
}

Json node_schema() {
    Shape shape{{{"node", text("The node")},
                 {"started", truth("Whether it was started")},
                 {"ended", text("How it ended")},
                 {"finished", truth("It ended by itself with exit code 0, and did not leave")}},
                {{"ended_s", one("number", "When it ended by itself, in the run's time")},
                 {"starts", number("How often it was started, if more than once")},
                 {"to_the_end", truth("It ran until the end line came, and was part of the work")},
                 {"left_behind", number("How many processes it left, which were killed")},
                 {"late_lines", schema_of<LineBurst>()},
                 {"after_faults", text("What it did after the last fault that it met")}}};
    for (const ConnectionFigure& figure : connection_figures)
        shape.sometimes[figure.key] = number(figure.name);
    return shape.object("How a node ended");
}

Json half_open_schema() {
    return Shape{{{"node", text("The node that holds it to be alive")},
                  {"peer", text("The node at the other end")},
                  {"address_gone", truth("The node no longer has its own address")},
                  {"local", text("Its address and port")},
                  {"remote", text("The other end's")},
                  {"state", text("Its state")},
                  {"unacknowledged_bytes", number("What the node's kernel still has to send")},
                  {"ms_since_sent", number("Since data was sent last")},
                  {"ms_since_received", number("Since data was received last")}}}
        .object("A connection that one end holds to be alive and the other has no trace of");
}

Json hang_schema() {
    const Json next = Shape{{{"kind", words_schema_of<ForeseenKind>()},
                             {"node", text("Where")},
                             {"what", text("The thread or the connection")},
                             {"in_s", number("From the moment when the nodes were looked at")},
                             {"says", text("The same in a sentence")}},
                            {{"after_heal_s", number("Since the last heal")}}}
                          .object("What happens by itself");
    return Shape{{{"proof", words_schema_of<decltype(event::RunProof::proof)>()},
                  {"cause", text("The cause, in a word")},
                  {"why", text("The same in a sentence")},
                  {"helps", text("What would have helped")},
                  {"evidence", list("What shows it", {{"type", "string"}})}},
                 {{"node", text("The node that it is about")},
                  {"peer", text("The node at the other end")},
                  {"next", list("What happens next by itself", next)},
                  {"state", text("The state in which it hangs, for known_hangs")},
                  {"in_state_s", number("How long it was in a state that was known before")},
                  {"code", list("The lines of the programs at which nodes waited", {{"type", "string"}})},
                  {"in_the_way", list("What keeps it from being proved", {{"type", "string"}})},
                  {"more_in_the_way", number("How much more of that there is")}}}
        .object("Why the run hung");
}

Json tcp_schema() {
    const Json unset = Shape{{{"node", text("The node")},
                              {"socket", text("Both ends of the connection, or what else it was")},
                              {"why", text("Why not")}}}
                           .object("What could not be set");
    return Shape{
        {{"connections", number("Whose options were set")},
         {"inherited", number("Those of them that had them from the beginning, from who listens")},
         {"again", number("How often a program had set its own options later, and they were set again")},
         {"not_set", number("Sockets whose options could not be set")},
         {"latest_ms", one("number", "How late they were set, at most")},
         {"failures", list("Some of what could not be set", unset)}}}
        .object("What `tcp:` of the scenario came to for sockets");
}

}  // namespace

std::string verdict_schema() {
    Json verdict = words_schema_of<Judgement>();
    verdict["description"] = "What the run proved";
    const Json expected = Shape{{{"what", text("What was expected")}, {"met", truth("Whether it was met")}},
                                {{"found", text("What was found instead")}}}
                              .object("An expectation");
    const Json crashed = Shape{{{"node", text("The node that crashed first")}},
                               {{"ended", text("How it ended")},
                                {"signal", number("The signal")},
                                {"exit_code", number("The exit code")}}}
                             .object("Of a run that crashed");
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "verdict.json of netcut-fl"}};
    schema.update(
        Shape{{{"schema", number("The version of the record")},
               {"name", text("The name of the run")},
               {"verdict", verdict},
               {"reason", text("Why")},
               {"headline", text("The verdict, or whether what was expected was met, in words")},
               {"exit_status", number("The exit status of netcut-fl run")},
               {"noticed", truth("Whether any fault had an effect")},
               {"packets_lost", number("Packets that faults lost")},
               {"packets_queued", number("Packets that faults made wait")},
               {"network_back_s", seconds_or_null("The longest time from a heal until data went both ways")},
               {"time_to_recover_s", seconds_or_null("The longest time from a heal until work went on")},
               {"faults", list("Each firing of a fault", firing_schema())},
               {"rounds", rounds_schema()},
               {"nodes", list("The nodes, the aggregator first", node_schema())},
               {"half_open", list("Half-open connections at the end", half_open_schema())}},
              {{"passed", truth("Whether all that was expected was met")},
               {"crashed", crashed},
               {"hang", hang_schema()},
               {"tcp", tcp_schema()},
               {"safety", safety_schema()},
               {"expected", list("What the scenario expects", expected)}}}
            .object("What a run proved; docs/journal.md"));
    return schema.dump(2);
}

}  // namespace netcut
