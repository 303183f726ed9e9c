// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

namespace netcut {

// The kernel forgets that this thread is to end with its parent whenever one of its ids changes (prctl(2)).
class EndWithParent {
  public:
    EndWithParent() { ::prctl(PR_GET_PDEATHSIG, &signal_); }
    // After such a change.
    void ask_again() const {
        if (signal_ == 0) return;
        ::prctl(PR_SET_PDEATHSIG, signal_);
        if (::getppid() != parent_) ::raise(signal_);
    }

  private:
    int signal_ = 0;
    const pid_t parent_ = ::getppid();
};

}  // namespace netcut
