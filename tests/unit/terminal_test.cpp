// SPDX-License-Identifier: Apache-2.0
//
// What is printed on a terminal, and what is left out where the user or the terminal says so.
#include "report/terminal.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <cstdlib>

#include "base/io.h"
#include "base/json.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::HasSubstr;
using testing::Not;

// A variable of the environment, as long as this lives.
class Variable {
  public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* before = std::getenv(name)) before_ = before;
        ::setenv(name, value, 1);
    }
    ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;

  private:
    const char* name_;
    std::optional<std::string> before_;
};

// What a terminal gets of a run's status line and last screen.
std::string shown_on_a_terminal() {
    const Fd ours(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    EXPECT_EQ(::grantpt(ours.get()), 0);
    EXPECT_EQ(::unlockpt(ours.get()), 0);
    const Fd theirs(::open(::ptsname(ours.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
    TerminalReport report(theirs.get(), false);
    report.tick();
    report.finish({{"verdict", "recovered"},
                   {"headline", "recovered"},
                   {"reason", "all nodes finished"},
                   {"exit_status", 0},
                   {"faults", Json::array()},
                   {"rounds", nullptr},
                   {"nodes", Json::array()},
                   {"half_open", Json::array()},
                   {"expected", Json::array()}},
                  "run");
    // The kernel hands it over in pieces, some time later.
    std::string shown, piece(1 << 12, '\0');
    pollfd ready{ours.get(), POLLIN, 0};
    while (shown.find("files   run") == std::string::npos && ::poll(&ready, 1, 20'000) == 1) {
        const ssize_t count = ::read(ours.get(), piece.data(), piece.size());
        if (count <= 0) break;
        shown.append(piece, 0, static_cast<std::size_t>(count));
    }
    return shown;
}

constexpr const char* colour = "\x1b[1;32m";
constexpr const char* written_over = "\r\x1b[K";

TEST(Terminal, HasColoursAndALineThatIsWrittenOver) {
    const Variable type("TERM", "xterm"), colours("NO_COLOR", "");
    EXPECT_THAT(shown_on_a_terminal(), testing::AllOf(HasSubstr(colour), HasSubstr(written_over)));
}

TEST(Terminal, NoColorTakesTheColoursAlone) {
    const Variable type("TERM", "xterm"), colours("NO_COLOR", "1");
    EXPECT_THAT(shown_on_a_terminal(), testing::AllOf(Not(HasSubstr(colour)), HasSubstr(written_over)));
}

TEST(Terminal, ADumbOneGetsNoEscapeSequences) {
    const Variable type("TERM", "dumb"), colours("NO_COLOR", "");
    const std::string shown = shown_on_a_terminal();
    EXPECT_THAT(shown, HasSubstr("recovered"));
    EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
