// SPDX-License-Identifier: Apache-2.0
#include "why/traceback.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/utf8.h"

namespace netcut {
namespace {

constexpr std::size_t longest_text = 200;  // bytes, of a function or a file
constexpr std::size_t most_processes = 64;

// Calls `each` with each line, until it returns false.
template <typename Each>
void for_lines(std::string_view text, Each each) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        std::string_view line = text.substr(at, end - at);
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (!each(line)) return;
        at = end + 1;
    }
}

std::uint64_t number_of(std::string_view text) {
    std::uint64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

std::string shortened(std::string_view text) {
    return printable(std::string(text.substr(0, longest_text)));
}

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
}

// `  File "/srv/client.py", line 88 in recv_all`
std::optional<event::StackFrame> python_frame(std::string_view line) {
    constexpr std::string_view begin = "  File \"", middle = "\", line ";
    const std::size_t quote = line.rfind(middle);
    if (!line.starts_with(begin) || quote == std::string_view::npos || quote < begin.size()) return {};
    const std::string_view rest = line.substr(quote + middle.size());
    const std::size_t in = rest.find(" in ");
    return event::StackFrame{in == std::string_view::npos ? "" : shortened(rest.substr(in + 4)),
                             shortened(line.substr(begin.size(), quote - begin.size())), number_of(rest)};
}

bool is_python_machinery(const event::StackFrame& frame) {
    return frame.file.starts_with("<frozen ") || frame.file.ends_with("/runpy.py") ||
           (frame.file.find("/lib/python") != std::string::npos && frame.file.ends_with("/threading.py"));
}

bool is_of_standard_library(const std::string& file) {
    const bool is_below_python = file.find("/lib/python") != std::string::npos;
    return file.starts_with("<frozen ") ||
           (is_below_python && file.find("/site-packages/") == std::string::npos &&
            file.find("/dist-packages/") == std::string::npos);
}

// What stands between a program and its sockets.
bool carries_messages(const std::string& file) {
    for (const char* package :
         {"grpc", "urllib3", "requests", "httpx", "httpcore", "h2", "websockets", "zmq"})
        for (const char* folder : {"/site-packages/", "/dist-packages/"})
            if (file.find(std::string(folder) + package + "/") != std::string::npos) return true;
    return false;
}

bool is_of_system(const std::string& file) {
    return file.starts_with("/lib") || file.starts_with("/usr/lib") || file.starts_with("../sysdeps/") ||
           file.starts_with("./nptl/") || file.starts_with("./misc/") || file.starts_with("./socket/");
}

// Of the languages' and gRPC's own, which may be linked into the program.
bool is_of_library(std::string_view function) {
    for (const char* prefix :
         {"std::", "absl::", "Absl", "grpc::", "grpc_core::", "grpc_event_engine::", "grpc_", "gpr_",
          "boost::", "__", "_start", "start_thread", "clone", "non-virtual thunk"})
        if (function.starts_with(prefix)) return true;
    return function.find(" grpc_core::") != std::string_view::npos;
}

bool matters(const event::NodeStack& stack, const event::StackFrame& frame) {
    return stack.python
               ? !is_of_standard_library(frame.file) && !carries_messages(frame.file)
               : !frame.function.empty() && !is_of_system(frame.file) && !is_of_library(frame.function);
}

using FrameAt = std::vector<event::StackFrame>::const_iterator;

FrameAt next_that_matters(const event::NodeStack& stack, FrameAt from) {
    return std::find_if(from, stack.frames.end(),
                        [&](const event::StackFrame& frame) { return matters(stack, frame); });
}

// `frame`, or if it and its callers stand between two frames of what carries messages, what is outside of these.
FrameAt outside_of_interceptors(const event::NodeStack& stack, FrameAt frame) {
    const auto& frames = stack.frames;
    if (!stack.python || frame == frames.begin() || !carries_messages(std::prev(frame)->file)) return frame;
    const auto caller =
        std::find_if(frame, frames.end(), [&](const event::StackFrame& one) { return !matters(stack, one); });
    if (caller == frames.end() || !carries_messages(caller->file)) return frame;
    const auto outside = next_that_matters(stack, caller);
    return outside == frames.end() ? frame : outside_of_interceptors(stack, outside);
}

// Keeps the innermost ones.
void keep_frame(event::NodeStack& stack, event::StackFrame frame) {
    if (stack.frames.size() < most_frames)
        stack.frames.push_back(std::move(frame));
    else
        ++stack.more_frames;
}

void drop_machinery(event::NodeStack& stack) {
    const auto all = static_cast<std::size_t>(
        std::count_if(stack.frames.begin(), stack.frames.end(), is_python_machinery));
    if (all == stack.frames.size()) return;
    std::erase_if(stack.frames, is_python_machinery);
    stack.more_frames += all;
}

// "Thread 0x00007f08f27d6c0 [worker] (most recent call first):"
std::optional<std::string> python_thread(std::string_view line) {
    if (!line.starts_with("Thread 0x") && !line.starts_with("Current thread 0x")) return {};
    const std::size_t open = line.find('['), close = line.find(']');
    if (open == std::string_view::npos || close == std::string_view::npos || close < open) return "";
    return shortened(line.substr(open + 1, close - open - 1));
}

// "#1  0x00007f08f2976f8 sock_recv - /usr/lib/x.so"
std::optional<event::StackFrame> machine_frame(std::string_view line) {
    const std::size_t address = line.find("0x");
    if (!line.starts_with('#') || address == std::string_view::npos) return {};
    std::string_view rest = line.substr(std::min(line.find(' ', address), line.size()));
    if (const std::size_t begin = rest.find_first_not_of(' '); begin != std::string_view::npos)
        rest.remove_prefix(begin);
    const std::size_t dash = rest.rfind(" - ");
    if (dash == std::string_view::npos)
        return rest.starts_with("- ") ? event::StackFrame{"", shortened(rest.substr(2))}
                                      : event::StackFrame{shortened(rest), ""};
    return event::StackFrame{shortened(rest.substr(0, dash)), shortened(rest.substr(dash + 3))};
}

// "    /srv/client.c:88:12"; a line below its frame, whose file is the library until then.
void take_source(std::string_view line, event::StackFrame& frame) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::size_t column = line.rfind(':');
    const std::size_t number = column == std::string_view::npos || column == 0 ? std::string_view::npos
                                                                               : line.rfind(':', column - 1);
    if (number == std::string_view::npos || is_of_system(frame.file)) return;
    frame.file = shortened(line.substr(0, number));
    frame.line = number_of(line.substr(number + 1));
}

std::string frame_text(const event::StackFrame& frame) {
    std::string text = frame.function.empty() ? "a function without a name" : frame.function;
    if (frame.file.empty()) return text;
    text += ", " + std::string(file_name(frame.file));
    return frame.line > 0 ? text + fmt::format(":{}", frame.line) : text;
}

}  // namespace

std::vector<std::vector<event::NodeStack>> python_stacks(std::string_view printed) {
    std::vector<std::vector<event::NodeStack>> processes;
    bool in_stack = false;
    for_lines(printed, [&](std::string_view line) {
        if (line.starts_with("Fatal Python error: Aborted")) {
            in_stack = false;
            if (processes.size() == most_processes) return false;
            processes.emplace_back();
        } else if (const auto thread = python_thread(line); thread && !processes.empty()) {
            in_stack = processes.back().size() < most_stacks_of_process;
            if (in_stack) processes.back().push_back({.thread = *thread, .python = true});
        } else if (auto frame = python_frame(line); frame && in_stack) {
            keep_frame(processes.back().back(), std::move(*frame));
        } else if (line.empty()) {
            in_stack = false;
        }
        return true;
    });
    for (auto& stacks : processes)
        for (event::NodeStack& stack : stacks) drop_machinery(stack);
    return processes;
}

std::vector<event::NodeStack> machine_stacks(std::string_view printed) {
    std::vector<event::NodeStack> stacks;
    for_lines(printed, [&](std::string_view line) {
        if (line.starts_with("TID ")) {
            if (stacks.size() == most_stacks_of_process) return false;
            stacks.emplace_back();
        } else if (auto frame = machine_frame(line); frame && !stacks.empty()) {
            keep_frame(stacks.back(), std::move(*frame));
        } else if (line.starts_with("    ") && !stacks.empty() && !stacks.back().frames.empty() &&
                   stacks.back().more_frames == 0) {
            take_source(line, stacks.back().frames.back());
        }
        return true;
    });
    std::erase_if(stacks, [](const event::NodeStack& stack) { return stack.frames.empty(); });
    return stacks;
}

const event::StackFrame* frame_that_matters(const event::NodeStack& stack) {
    const auto found = next_that_matters(stack, stack.frames.begin());
    if (found != stack.frames.end()) return &*outside_of_interceptors(stack, found);
    return stack.frames.empty() ? nullptr : &stack.frames.front();
}

bool is_of_program(const event::NodeStack& stack) {
    return std::any_of(stack.frames.begin(), stack.frames.end(),
                       [&](const event::StackFrame& frame) { return matters(stack, frame); });
}

std::string text_of(const event::NodeStack& stack) {
    const event::StackFrame* frame = frame_that_matters(stack);
    if (frame == nullptr) return {};
    std::string text =
        fmt::format("{} ({}){} is in {}", stack.program, stack.process,
                    stack.thread.empty() ? "" : ", thread " + stack.thread, frame_text(*frame));
    const auto* caller = frame + 1;
    const bool has_caller = caller < stack.frames.data() + stack.frames.size() && matters(stack, *caller);
    return has_caller ? text + ", called by " + frame_text(*caller) : text;
}

}  // namespace netcut
