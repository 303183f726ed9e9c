// SPDX-License-Identifier: Apache-2.0
//
// A record in which something of updates, model or twins was altered, and all that follows from it made to fit.
#include <gmock/gmock.h>

#include <sstream>

#include "base/sha256.h"
#include "e2e/own_framework.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::IsEmpty;
using testing::Not;

class DoctoredRecord : public OwnFramework {
  protected:
    void make() {
        add_behind("server.py ", "--save {work}/model.safetensors ");
        add_behind("model: {", "file: '{work}/*.safetensors', tensors: '{work}/*.safetensors', ");
        ASSERT_EQ(run({"--pcap", "--pcap-snap", "2048"}).status, 0) << safety().dump(2);
        journal_ = slurp(path() + "/journal.jsonl");
        scenario_text_ = slurp(path() + "/scenario.yaml");
        ASSERT_THAT(disagreements(), IsEmpty());
    }

    // But of the manifest and of the verdict: whoever alters the one alters the other.
    std::vector<std::string> disagreements() const {
        std::vector<std::string> all;
        const Json verified = Json::parse(run_tool({"verify", "--json", path()}).out);
        for (const Json& check : verified.at("checks"))
            if (check.at("check") != "manifest" && check.at("check") != "verdict")
                for (const Json& one : check.at("disagreements")) all.push_back(one.get<std::string>());
        return all;
    }

    static Json altered(const Json& value) {
        if (value.is_number_integer()) return value.get<std::int64_t>() + 1;
        if (value.is_number()) return value.get<double>() + 0.25;
        std::string text = value.get<std::string>();
        text.back() = text.back() == '1' ? '2' : '1';
        return text;
    }

    // The first line of this event whose details have `like`, with each of its fields altered in turn.
    void alter_event(const std::string& event, const std::string& like,
                     const std::vector<std::string>& except) {
        const std::size_t place = journal_.find(like, journal_.find("\"event\":\"" + event + "\""));
        ASSERT_NE(place, std::string::npos) << event << ' ' << like;
        const std::size_t begin = journal_.rfind('\n', place) + 1, end = journal_.find('\n', place);
        const Json line = Json::parse(journal_.substr(begin, end - begin));
        for (const auto& [key, value] : line.at("details").items()) {
            if (std::find(except.begin(), except.end(), key) != except.end()) continue;
            Json other = line;
            other["details"][key] = altered(value);
            std::string journal = journal_;
            std::ofstream(path() + "/journal.jsonl") << journal.replace(begin, end - begin, other.dump());
            EXPECT_THAT(disagreements(), Not(IsEmpty())) << event << ' ' << key;
        }
        std::ofstream(path() + "/journal.jsonl") << journal_;
    }

    // The last digit of what `twins: key:` has, and the digest of the scenario with it.
    void alter_twins(const std::string& key) {
        const std::size_t begin = scenario_text_.find("\n  " + key + ":", scenario_text_.find("\ntwins:"));
        ASSERT_NE(begin, std::string::npos) << key;
        std::size_t end = scenario_text_.find('\n', begin + 1);
        while (scenario_text_.substr(end + 1, 4) == "    ") end = scenario_text_.find('\n', end + 1);
        const std::size_t digit = scenario_text_.find_last_of("0123456789", end);
        std::string text = scenario_text_, journal = journal_;
        text[digit] = text[digit] == '1' ? '2' : '1';
        const std::string old = sha256_hex(scenario_text_);
        journal.replace(journal.find(old), old.size(), sha256_hex(text));
        std::ofstream(path() + "/scenario.yaml") << text;
        std::ofstream(path() + "/journal.jsonl") << journal;
        EXPECT_THAT(disagreements(), Not(IsEmpty())) << "twins." << key;
        std::ofstream(path() + "/scenario.yaml") << scenario_text_;
        std::ofstream(path() + "/journal.jsonl") << journal_;
    }

  private:
    std::string journal_, scenario_text_;
};

TEST_F(DoctoredRecord, IsFoundWhateverIsAltered) {
    NETCUT_E2E();
    make();
    for (const char* kind : {"begun", "averaged", "done"})
        alter_event("counted", "\"kind\":\"" + std::string(kind) + "\"", {"kind"});
    // A nanosecond more or less puts nothing into another round.
    alter_event("delivered", "\"up\"", {"from_ns", "to_ns", "down_ns"});
    alter_event("model.seen", "\"digest\"", {});
    for (const char* key : {"rounds", "digests", "files", "metrics", "members", "samples", "updates"})
        alter_twins(key);
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
