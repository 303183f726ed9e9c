// SPDX-License-Identifier: Apache-2.0
//
// Where programs wait, from what faulthandler and eu-stack print.
#include "why/traceback.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* of_openfl =
    "a line of the node\n"
    "Fatal Python error: Aborted\n"
    "\n"
    "Thread 0x00007f08f27d6c0 [heartbeat] (most recent call first):\n"
    "  File \"/usr/lib/python3.11/threading.py\", line 324 in wait\n"
    "  File \"/srv/fl/heartbeat.py\", line 12 in run\n"
    "  File \"/usr/lib/python3.11/threading.py\", line 1045 in _bootstrap_inner\n"
    "\n"
    "Current thread 0x00007f090006b80 (most recent call first):\n"
    "  File \"/usr/lib/python3.11/threading.py\", line 320 in wait\n"
    "  File \"/env/lib/python3.11/site-packages/grpc/_channel.py\", line 1160 in _blocking\n"
    "  File \"/env/lib/python3.11/site-packages/openfl/transport/client.py\", line 318 in send\n"
    "  File \"/env/lib/python3.11/site-packages/openfl/component/collaborator.py\", line 228 in run\n"
    "  File \"<frozen runpy>\", line 88 in _run_code\n"
    "\n"
    "Extension modules: numpy.core._multiarray_umath (total: 1)\n";

event::NodeStack named(event::NodeStack stack) {
    stack.program = "python3";
    stack.process = 17;
    return stack;
}

TEST(Traceback, NamesTheLineOfTheProgramThatWaits) {
    const auto processes = python_stacks(of_openfl);
    ASSERT_THAT(processes, ElementsAre(SizeIs(2)));
    EXPECT_EQ(text_of(named(processes[0][0])), "python3 (17), thread heartbeat is in run, heartbeat.py:12");
    EXPECT_EQ(text_of(named(processes[0][1])),
              "python3 (17) is in send, client.py:318, called by run, collaborator.py:228");
    for (const event::StackFrame& frame : processes[0][1].frames)
        EXPECT_THAT(frame.file, Not(HasSubstr("threading.py")));
    EXPECT_EQ(processes[0][1].more_frames, 2U);
}

// As OpenFL's client has it: its interceptor stands between two frames of gRPC's.
TEST(Traceback, AnInterceptorIsPassedOverForWhoMadeTheCall) {
    const std::string grpc =
        "  File \"/usr/lib/python3/dist-packages/grpc/_interceptor.py\", line 425 in continuation\n";
    const std::string own = "  File \"/env/lib/python3.11/site-packages/openfl/transport/client.py\", line ";
    const std::string head = "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n";
    const auto text = [&](const std::string& frames) {
        return text_of(named(python_stacks(head + frames).at(0).at(0)));
    };
    const std::string interceptor = own + "52 in intercept\n" + own + "76 in intercept_unary\n";
    EXPECT_EQ(text(grpc + interceptor + grpc + own + "322 in send_results\n" + own + "92 in wrapper\n"),
              "python3 (17) is in send_results, client.py:322, called by wrapper, client.py:92");
    EXPECT_EQ(text(grpc + interceptor + grpc + interceptor + grpc + own + "322 in send_results\n"),
              "python3 (17) is in send_results, client.py:322");
    // Of a server, whose own code gRPC has called: nothing is outside.
    EXPECT_EQ(text(grpc + own + "9 in Send\n" + grpc +
                   "  File \"/usr/lib/python3.11/threading.py\", line 9 in run\n"),
              "python3 (17) is in Send, client.py:9");
    EXPECT_EQ(text(interceptor + grpc + own + "1 in main\n"),
              "python3 (17) is in intercept, client.py:52, called by intercept_unary, client.py:76");
}

TEST(Traceback, AProgramOfOnlyTheLibraryHasItsInnermostFrame) {
    const auto processes = python_stacks(
        "Fatal Python error: Aborted\n\nCurrent thread 0x1 (most recent call first):\n"
        "  File \"/usr/lib/python3.11/threading.py\", line 320 in wait\n");
    ASSERT_THAT(processes, ElementsAre(SizeIs(1)));
    EXPECT_EQ(text_of(named(processes[0][0])), "python3 (17) is in wait, threading.py:320");
}

TEST(Traceback, ProcessesAreApart) {
    const std::string twice = std::string(of_openfl) + of_openfl;
    EXPECT_THAT(python_stacks(twice), ElementsAre(SizeIs(2), SizeIs(2)));
    EXPECT_THAT(python_stacks("a crash\n"), IsEmpty());
    EXPECT_THAT(python_stacks("Fatal Python error: Aborted\n"), ElementsAre(IsEmpty()));
}

TEST(Traceback, WhatANodePrintsHasItsBounds) {
    std::string much = "Fatal Python error: Aborted\n";
    for (std::size_t thread = 0; thread < 2 * most_stacks_of_process; ++thread) {
        much += "\nThread 0x1 (most recent call first):\n";
        for (int frame = 0; frame < 100; ++frame)
            much += "  File \"" + std::string(9'000, 'x') + "\x1b[2J\", line 99999999999999999999 in \x01" +
                    std::string(9'000, 'y') + "\n";
    }
    const auto processes = python_stacks(much);
    ASSERT_THAT(processes, ElementsAre(SizeIs(most_stacks_of_process)));
    for (const event::NodeStack& stack : processes[0]) {
        EXPECT_THAT(stack.frames, SizeIs(most_frames));
        EXPECT_EQ(stack.more_frames, 100 - most_frames);
        EXPECT_LT(text_of(stack).size(), 2'000U);
        EXPECT_THAT(text_of(stack), Not(HasSubstr("\x1b")));
    }
    std::string processes_without_end;
    for (int i = 0; i < 10'000; ++i) processes_without_end += "Fatal Python error: Aborted\n";
    EXPECT_LE(python_stacks(processes_without_end).size(), 64U);
    for (const char* broken :
         {"  File \"", "  File \"x", "  File \"x\", line ", "Thread 0x]][[", "#", "#0", "#0 0x", "#0 0x1 - ",
          "TID 5\n    :1:", "TID 5\n#0 0x1 f - /x\n    ::", "TID 5\n#0 0x1\n    x"}) {
        python_stacks(std::string("Fatal Python error: Aborted\nThread 0x1\n") + broken);
        machine_stacks(broken);
    }
}

TEST(Traceback, OfAMachineProgramTheSourceLineIsNamedWhereItIsKnown) {
    const auto stacks = machine_stacks(
        "PID 5 - process\nTID 5:\n"
        "#0  0x00007fd08f8a3f16 __futex_wait - /usr/lib/x86_64-linux-gnu/libc.so.6\n"
        "    ./nptl/futex-internal.c:57:12\n"
        "#1  0x0000558d08f2976f8 receive(int, char*) - /srv/server\n"
        "    /src/server.cpp:88:19\n"
        "#2  0x0000558d08f2976ff main - /srv/server\n"
        "TID 6:\n"
        "#0  0x00007fd08f928974 __recv - /usr/lib/x86_64-linux-gnu/libc.so.6\n");
    ASSERT_THAT(stacks, SizeIs(2));
    event::NodeStack stack = stacks[0];
    stack.program = "server";
    stack.process = 5;
    EXPECT_EQ(text_of(stack), "server (5) is in receive(int, char*), server.cpp:88, called by main, server");
    EXPECT_EQ(stack.frames[0].file, "/usr/lib/x86_64-linux-gnu/libc.so.6");
    EXPECT_TRUE(is_of_program(stack));
    EXPECT_FALSE(is_of_program(stacks[1]));
    for (event::StackFrame& frame : stack.frames) frame.function = "grpc_core::Party::Run()";
    EXPECT_FALSE(is_of_program(stack));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
