// SPDX-License-Identifier: Apache-2.0
#include "cli/many_screen.h"

#include <fmt/format.h>
#include <unistd.h>

#include "cli/screen.h"
#include "report/terminal.h"

namespace netcut::cli {
ManyScreen::ManyScreen(RunPool& pool, bool quiet, bool open_ended)
    : pool_(pool),
      quiet_(quiet),
      open_ended_(open_ended),
      terminal_(!quiet && moves_its_cursor(STDOUT_FILENO)) {
    pool_.on_tick([this] { tick(); });
}

ManyScreen::~ManyScreen() {
    pool_.on_tick({});
    clear();
}

void ManyScreen::tell(const std::string& line) {
    if (quiet_) return;
    clear();
    const RunPool::Progress progress = pool_.progress();
    const std::size_t all = progress.done + progress.under_way + progress.waiting;
    const std::string number =
        open_ended_ ? fmt::format("[{}]", progress.done) : fmt::format("[{} of {}]", progress.done, all);
    show("{:<10} {}\n", number, printable(line, 200));
    std::fflush(stdout);
}

void ManyScreen::tick() {
    const RunPool::Progress progress = pool_.progress();
    if (progress.stopping && !quiet_ && !std::exchange(told_stopping_, true)) {
        clear();
        show(
            "stopping: the runs that are under way are asked to end, and a second signal kills their "
            "nodes\n");
        std::fflush(stdout);
    }
    if (!terminal_) return;
    const std::size_t width = columns_of(STDOUT_FILENO);
    std::fputs(("\r\x1b[K" + progress_text(progress, open_ended_).substr(0, width - 1)).c_str(), stdout);
    std::fflush(stdout);
    status_shown_ = true;
}

void ManyScreen::clear() {
    if (!std::exchange(status_shown_, false)) return;
    std::fputs("\r\x1b[K", stdout);
    std::fflush(stdout);
}

}  // namespace netcut::cli
