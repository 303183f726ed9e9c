// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/timers.h"
#include "folder/folder.h"
#include "record/journal.h"
#include "scenario/expand.h"
#include "scenario/scenario.h"
#include "user/user.h"

namespace netcut {

// What the parts of a run have in common, but for its network. It and all that it refers to outlive them; all are on the
// thread of `io`.
struct RunContext {
    boost::asio::io_context& io;
    Timers& timers;
    const Scenario& scenario;  // faults are added to it
    const RunFolder& folder;
    const User& user;
    const std::string& program_folder;     // where this program is
    const std::vector<std::string> nodes;  // their names, the aggregator first
    Journal& journal;
    std::function<void(Error)> fail;  // ends the run
    // A journal that cannot be written any more is no evidence: then the run ends.
    std::function<void()> check_journal;

    ExpandContext expand_context(const std::string& node, std::size_t index) const {
        return {node, static_cast<unsigned>(index), folder.work(), program_folder,
                search_path(user.environment)};
    }
    void must(Result<void> result) const {
        if (!result) fail(std::move(result).error());
    }
};

}  // namespace netcut
