// SPDX-License-Identifier: Apache-2.0
//
// What nodes print, in whatever pieces: matches, rounds and progress.
#include <fstream>

#include "base/json.h"
#include "e2e/tool.h"

namespace netcut::test::NETCUT_FILE {
namespace {

std::vector<Json> named(const std::vector<Json>& journal, const std::string& event) {
    std::vector<Json> found;
    for (const Json& one : journal)
        if (one.at("event") == event) found.push_back(one);
    return found;
}

// Runs one collaborator, a Python program; returns the journal.
std::vector<Json> journal_of(const Folder& folder, const std::string& program, const Arguments& more,
                             const std::string& verdict) {
    std::ofstream(folder / "node.py") << "import os, time\ndef say(text):\n    os.write(1, text)\n"
                                      << program;
    Arguments arguments = {"run",
                           "--out",
                           folder / "run",
                           "--cols",
                           "1",
                           "-q",
                           "--aggregator",
                           "true",
                           "--hang-after",
                           "1s",
                           "--collaborator",
                           "python3 " + (folder / "node.py")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run_tool(arguments);
    EXPECT_EQ(read_verdict(folder / "run").at("verdict"), verdict)
        << finished.out << finished.err << slurp(folder / "run/logs/collaborator1.err");
    return read_journal(folder / "run");
}

TEST(LogLine, BytesThatAreNoUtf8MatchWhateverComesBeforeThem) {
    NETCUT_E2E();
    for (const char* before : {"", "hello\\n"})
        for (const char* pattern : {"round 2*training", "re:round 2 at .*: training$"}) {
            const Folder folder;
            const auto journal = journal_of(
                folder,
                std::string("say(b'") + before + "round 2 at M\\xfcnchen: training\\n')\ntime.sleep(.3)\n",
                {"--cut-on", pattern, "--reconnect-after", "50ms"}, "recovered");
            const auto matched = named(journal, "trigger.matched");
            ASSERT_EQ(matched.size(), 1U) << pattern;
            EXPECT_EQ(matched.front().at("details").at("line"), "round 2 at M\xef\xbf\xbdnchen: training");
        }
}

TEST(LogLine, ARoundIsTakenFromAWholeLineAndATriggerDoesNotWaitForIt) {
    NETCUT_E2E();
    const Folder folder;
    const auto journal =
        journal_of(folder, R"(
for k in range(3):
    say(b'round 1')
    time.sleep(.1)
    say(b'%d of 12\n' % k)
)",
                   {"--progress-on", "re:round ([0-9]+)", "--cut-on", "round 1", "--reconnect-after", "1ms"},
                   "recovered");
    std::vector<std::string> rounds;
    for (const Json& event : named(journal, "progress")) rounds.push_back(event.at("details").at("round"));
    EXPECT_EQ(rounds, (std::vector<std::string>{"10", "11", "12"}));
    EXPECT_EQ(named(journal, "trigger.matched").front().at("details").at("line"), "round 1");
}

// A program that is not buffered writes each piece of a line by itself, and is asked to end when the line is there.
TEST(LogLine, TheEndLineIsWhole) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "node.py") << "import time\n"
                                         "time.sleep(0.2)\n"
                                         "for piece in 'accuracy', ' ', '0.75\\n':\n"
                                         "    print(piece, end='')\n"
                                         "    time.sleep(0.02)\n"
                                         "time.sleep(60)\n";
    std::ofstream(folder / "scenario.yaml")
        << "{collaborators: 1, end: accuracy, aggregator: {command: [python3, -u, '" << folder / "node.py"
        << "']}, collaborator: {command: [sleep, '60']}}\n";
    const Finished finished = run_tool({"run", folder / "scenario.yaml", "--out", folder / "run", "-q"});
    EXPECT_EQ(finished.status, 0) << finished.out << finished.err;
    EXPECT_EQ(slurp(folder / "run/logs/aggregator.out"), "accuracy 0.75\n");
}

TEST(LogLine, OfAFileThatANodeWritesItsLogToIsAsGoodAsOneThatItPrints) {
    NETCUT_E2E();
    const Folder folder;
    const std::string log = folder / "collaborator1.log";
    std::ofstream(log) << "round 1 of an earlier run\n";
    std::ofstream(folder / "logs.yaml")
        << "collaborator: {logs: ['" + folder.path() + "/{name}.log']}\n"
        << "expect: {logs: [{node: collaborator1, line: 're:last (.*)', equals: word}]}\n";
    const auto journal = journal_of(folder, "log = open('" + log + "', 'a', 1)\n" + R"(
for k in (2, 3):
    log.write('round %d begins\n' % k)
    time.sleep(.2)
log.write('last word\n')
)",
                                    {folder / "logs.yaml", "--progress-on", "re:round ([0-9]+)", "--cut-on",
                                     "round * begins", "--reconnect-after", "1ms"},
                                    "recovered");
    std::vector<std::string> rounds;
    for (const Json& event : named(journal, "progress")) rounds.push_back(event.at("details").at("round"));
    EXPECT_EQ(rounds, (std::vector<std::string>{"2", "3"}));
    EXPECT_EQ(named(journal, "trigger.matched").size(), 1U);
    EXPECT_EQ(slurp(folder / "run/logs/collaborator1.log"), "round 2 begins\nround 3 begins\nlast word\n");
    EXPECT_EQ(read_verdict(folder / "run").at("passed"), true);
}

// The folder is there, the file is not; later it is cut short, and then replaced.
TEST(LogLine, OfAFileFiresWhatWaitsForItInThatFile) {
    NETCUT_E2E();
    const Folder folder;
    const std::string log = folder / "collaborator1.log";
    std::ofstream(folder / "faults.yaml") << "faults: [{on: {file: '" + folder.path() +
                                                 "/{name}.log', line: round * begins, node: collaborator1}, "
                                                 "nodes: [collaborator1], for: 1ms, times: 3}]\n";
    const auto journal = journal_of(folder, "path = '" + log + "'\n" + R"(
say(b'round 1 begins\n')
time.sleep(.3)
log = open(path, 'a', 1)
log.write('round 2 begins\n')
time.sleep(.3)
log.truncate(0)
time.sleep(.3)
log.write('round 3 begins\n')
time.sleep(.3)
os.rename(path, path + '.1')
log = open(path, 'a', 1)
log.write('round 4 begins\n')
time.sleep(.3)
)",
                                    {folder / "faults.yaml"}, "recovered");
    std::vector<std::string> lines;
    for (const Json& event : named(journal, "trigger.matched"))
        lines.push_back(event.at("details").at("line"));
    EXPECT_EQ(lines.size(), 3U);
    for (const std::string& line : lines) EXPECT_FALSE(line.starts_with("round 1")) << "it was printed";
}

TEST(LogLine, OfSyslogIsAsGoodAsOneThatANodePrints) {
    NETCUT_E2E();
    const Folder folder;
    std::ofstream(folder / "syslog.yaml") << "syslog: true\n";
    const auto journal =
        journal_of(folder, R"(
import logging, logging.handlers, syslog
log = logging.getLogger()
log.addHandler(logging.handlers.SysLogHandler('/dev/log'))
for k in (2, 3):
    log.warning('round %d begins', k)
    time.sleep(.2)
syslog.syslog('last word')
open('/dev/null', 'w').write('x')
say(open('/dev/zero', 'rb').read(1) + b'zero\n')
)",
                   {folder / "syslog.yaml", "--user", "nobody", "--progress-on", "re:round ([0-9]+)",
                    "--cut-on", "round * begins", "--reconnect-after", "1ms"},
                   "recovered");
    std::vector<std::string> rounds;
    for (const Json& event : named(journal, "progress")) rounds.push_back(event.at("details").at("round"));
    EXPECT_EQ(rounds, (std::vector<std::string>{"2", "3"}));
    EXPECT_EQ(named(journal, "trigger.matched").front().at("details").at("line"), "round 2 begins");
    EXPECT_TRUE(contains(slurp(folder / "run/logs/collaborator1.syslog"), "last word\n"));
    EXPECT_TRUE(contains(slurp(folder / "run/logs/collaborator1.out"), "zero"));
}

// It takes three times as long as a hang does.
TEST(LogLine, DotsWithoutALinesEndAreProgress) {
    NETCUT_E2E();
    const std::string program = R"(
say(b'epoch 1 ')
for k in range(30):
    say(b'.')
    time.sleep(.1)
)";
    for (const Arguments& progress : {Arguments{}, Arguments{"--progress-on", "epoch"}}) {
        Arguments options = {"--cut-on", "epoch", "--reconnect-after", "1ms"};
        options.insert(options.end(), progress.begin(), progress.end());
        const Folder folder;
        journal_of(folder, program, options, "recovered");
    }
    const Folder folder;
    journal_of(folder, program, {"--cut-on", "epoch", "--reconnect-after", "1ms", "--progress-on", "round"},
               "hung");
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
