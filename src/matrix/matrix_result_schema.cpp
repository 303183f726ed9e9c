// SPDX-License-Identifier: Apache-2.0
#include "matrix/matrix_result_schema.h"

#include "base/json.h"
#include "matrix/matrix_result.h"

namespace netcut {
namespace {

Json typed(Json type, const char* description) {
    return {{"type", std::move(type)}, {"description", description}};
}
Json text(const char* description) {
    return typed("string", description);
}
Json number_or_null(const char* description) {
    return typed({"number", "null"}, description);
}
Json count(const char* description) {
    Json schema = typed("integer", description);
    schema["minimum"] = 0;
    return schema;
}
Json list(const char* description, Json items) {
    Json schema = typed("array", description);
    schema["items"] = std::move(items);
    return schema;
}
Json list_of_texts(const char* description) {
    return list(description, {{"type", "string"}});
}

// All of its keys are there, and no others.
Json object(const char* description, Json properties, Json type = "object") {
    Json required = Json::array();
    for (const auto& [key, unused] : properties.items()) required.push_back(key);
    Json schema = typed(std::move(type), description);
    schema["properties"] = std::move(properties);
    schema["required"] = std::move(required);
    schema["additionalProperties"] = false;
    return schema;
}
Json counts_by(const char* description) {
    Json schema = typed("object", description);
    schema["additionalProperties"] = {{"type", "integer"}};
    return schema;
}

Json number_schema(const char* description) {
    return object(description,
                  {{"runs", count("Of how many runs")},
                   {"median", typed("number", "The median")},
                   {"interval",
                    list("Between which bounds the median is, with 95 % confidence", {{"type", "number"}})}},
                  {"object", "null"});
}

Json run_schema() {
    return object("A run", {{"key", text("Its name in the study: c012-r03")},
                            {"outcome", text("As of a cell; or crowded or error if the machine spoiled it")},
                            {"detail", text("One line for people")},
                            {"folder", text("Below the matrix's; empty: it was not kept")},
                            {"recovery_s", number_or_null("Seconds until work continued after the heal")}});
}

Json cell_schema() {
    return object(
        "A cell",
        {{"id", text("Its name in the study: c012")},
         {"framework", text("The framework")},
         {"version", text("Its version")},
         {"moment", text("When it was cut off; undisturbed: never")},
         {"kind", text("How it was cut off; none: not at all")},
         {"for", text("For how long")},
         {"outcome", text("How all of its runs ended; or mixed, unsupported, not run, machine")},
         {"outcomes", counts_by("How many runs ended so")},
         {"runs", count("Runs that count")},
         {"failed", count("Those of them that crashed, hung, left, or made a wrong model")},
         {"recovery_s", number_schema("Seconds until work continued after the heal; null: no run recovered")},
         {"round_s", number_schema("Seconds that a round took; null: no run has rounds")},
         {"crowded", count("Runs that were given up on a machine that was too crowded")},
         {"errors", count("Runs that were given up without a verdict")},
         {"outage", object("What a search for the shortest fatal outage found; null: none was made",
                           {{"survived_s", number_or_null("The longest that was survived")},
                            {"fatal_s", number_or_null("The shortest that was fatal")},
                            {"limit_s", number_or_null("Longer ones were not tried")}},
                           {"object", "null"})},
         {"each", list("Its runs", run_schema())}});
}

}  // namespace

std::string matrix_result_schema() {
    Json history = counts_by("The outcome of each cell, by framework | version | moment | kind | for");
    history["additionalProperties"] = {{"type", "string"}};
    Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                   {"title", "result.json of netcut-fl matrix"}};
    schema.update(object(
        "What came of a matrix; docs/matrix.md",
        {{"kind", {{"const", "matrix"}}},
         {"schema", {{"const", matrix_result_version}}},
         {"title", text("The name of the matrix")},
         {"started", text("When its first run began, UTC; empty: no run has been made")},
         {"last_started", text("When its last run began, UTC")},
         {"netcut_fl", list_of_texts("The versions of netcut-fl that made the runs")},
         {"kernels", list_of_texts("The kernels on which they were made")},
         {"repeats", count("Runs of a cell")},
         {"missing", count("Runs that have not been made yet, of cells that can be")},
         {"versions",
          list("The versions, in their order",
               object("A version", {{"framework", text("The framework")},
                                    {"version", text("Its version")},
                                    {"supported", typed("boolean", "Whether it can be run here at all")},
                                    {"why", text("Why not; else empty")}}))},
         {"moments", list("The moments, in their order",
                          object("A moment", {{"name", text("Its name")}, {"what", text("What it is")}}))},
         {"kinds", list_of_texts("The kinds of cut")},
         {"durations", list_of_texts("How long they last")},
         {"cells", list("The cells", cell_schema())},
         {"history",
          list("Earlier results of the same name, the earliest first",
               object("An earlier result", {{"started", text("When its first run began, UTC")},
                                            {"netcut_fl", list_of_texts("The versions that made its runs")},
                                            {"folder", text("Its folder")},
                                            {"cells", std::move(history)}}))}}));
    return schema.dump(2);
}

}  // namespace netcut
