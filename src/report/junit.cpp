// SPDX-License-Identifier: Apache-2.0
#include "report/junit.h"

#include <fmt/format.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "base/utf8.h"
#include "safety/safety.h"
#include "scenario/judgement.h"

namespace netcut {
namespace {

namespace tree = boost::property_tree;

tree::ptree case_tree(const JunitCase& one, const std::string& suite) {
    tree::ptree node;
    node.put("<xmlattr>.classname", xml_text(suite));
    node.put("<xmlattr>.name", xml_text(one.name));
    node.put("<xmlattr>.time", fmt::format("{:.3f}", one.seconds));
    const char* element = one.outcome == JunitCase::Outcome::failed    ? "failure"
                          : one.outcome == JunitCase::Outcome::error   ? "error"
                          : one.outcome == JunitCase::Outcome::skipped ? "skipped"
                                                                       : nullptr;
    if (element != nullptr) node.put(std::string(element) + ".<xmlattr>.message", xml_text(one.message));
    if (!one.output.empty()) node.put("system-out", xml_text(one.output));
    return node;
}

// What it found is a failure if that decides the exit status; else it shows beside those that passed.
void add_safety(const Json& verdict, std::vector<JunitCase>& cases) {
    if (!verdict.contains("safety")) return;
    const Json& safety = verdict.at("safety");
    const auto word = parse_word<SafetyWord>(safety.at("word").get<std::string>());
    const bool decides = safety.value("decides", false);
    if (word == SafetyWord::unknown && !decides) return;
    const auto outcome = word == SafetyWord::as_undisturbed ? JunitCase::Outcome::passed
                         : decides                          ? JunitCase::Outcome::failed
                                                            : JunitCase::Outcome::skipped;
    cases.push_back(
        {"the model is that of an undisturbed run", 0, outcome, safety.at("text").get<std::string>(), ""});
}

}  // namespace

std::string junit_xml(const std::string& suite, const std::vector<JunitCase>& cases) {
    const auto count = [&](JunitCase::Outcome outcome) {
        return std::count_if(cases.begin(), cases.end(),
                             [outcome](const JunitCase& one) { return one.outcome == outcome; });
    };
    double seconds = 0;
    for (const JunitCase& one : cases) seconds += one.seconds;
    tree::ptree root;
    tree::ptree& node = root.put("testsuites.testsuite", "");
    node.put("<xmlattr>.name", xml_text(suite));
    node.put("<xmlattr>.tests", cases.size());
    node.put("<xmlattr>.failures", count(JunitCase::Outcome::failed));
    node.put("<xmlattr>.errors", count(JunitCase::Outcome::error));
    node.put("<xmlattr>.skipped", count(JunitCase::Outcome::skipped));
    node.put("<xmlattr>.time", fmt::format("{:.3f}", seconds));
    for (const JunitCase& one : cases) node.add_child("testcase", case_tree(one, suite));
    std::ostringstream text;
    tree::write_xml(text, root, tree::xml_writer_make_settings<std::string>(' ', 2));
    return text.str();
}

std::vector<JunitCase> junit_cases(const Json& verdict, double seconds, const std::string& output) {
    const std::string word = verdict.at("verdict").get<std::string>();
    std::string reason = word + ": " + verdict.at("reason").get<std::string>();
    if (verdict.contains("hang")) reason += ". " + verdict.at("hang").value("why", "");
    const auto outcome_of = [&](bool good) {
        return word == word_of(Judgement::error) ? JunitCase::Outcome::error
               : good                            ? JunitCase::Outcome::passed
                                                 : JunitCase::Outcome::failed;
    };
    std::vector<JunitCase> cases;
    if (!verdict.contains("passed"))
        cases.push_back({"verdict", seconds, outcome_of(verdict.at("exit_status") == 0), reason, output});
    for (const Json& expected : verdict.value("expected", Json::array())) {
        const bool met = expected.at("met").get<bool>();
        const std::string found = met ? "" : expected.at("found").get<std::string>() + " (" + reason + ")";
        // The run took its time once.
        cases.push_back({expected.at("what").get<std::string>(), cases.empty() ? seconds : 0, outcome_of(met),
                         found, cases.empty() ? output : ""});
    }
    add_safety(verdict, cases);
    // It shows beside those that passed, and is no failure.
    if (word == word_of(Judgement::recovered) && !verdict.at("noticed").get<bool>())
        cases.push_back({"a packet met a fault", 0, JunitCase::Outcome::skipped,
                         "none did, so that the run proves nothing", ""});
    return cases;
}

}  // namespace netcut
