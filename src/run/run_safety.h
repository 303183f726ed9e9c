// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "fabric/fabric.h"
#include "record/event.h"
#include "run/delivery_tap.h"
#include "run/run_context.h"
#include "safety/counted_reader.h"
#include "trigger/line_scanner.h"

namespace netcut {

// What tells whether the model is right goes into the journal: whose updates were counted, what was delivered of them, and
// what is left at the end. Does nothing where the scenario does not ask for it.
class RunSafety {
  public:
    explicit RunSafety(const RunContext& run) : run_(run), reader_(run.scenario) {}

    // Before the nodes start; deliveries are seen at the router of `fabric`.
    Result<void> start(const Fabric& fabric);
    // A node's output.
    void watch(LineScanner& scanner, const std::string& node);
    // The node has these addresses too.
    void own(const std::vector<std::string>& addresses, const std::string& node);
    // All nodes have ended. `path_of`: where a node would find a file that is named like this.
    using PathOf = std::function<Result<std::string>(std::size_t node, const std::string& file)>;
    void finish(const PathOf& path_of);

  private:
    void watch_for_counted(LineScanner& scanner, const std::string& node);
    void on_counted(const CountedReader::Line& line, std::string_view text);
    void watch_for_model(LineScanner& scanner, const std::string& node);
    void note(const std::string& node, const event::Delivered& delivered);
    void note_missed(std::uint64_t packets);
    void note_model(const PathOf& path_of);
    void note_file(const Result<std::string>& path);
    std::string place_of(const std::string& path) const;

    const RunContext& run_;
    const CountedReader reader_;
    const LineScanner* counted_stream_ = nullptr;  // the one that has told first
    std::size_t counted_lines_ = 0, deliveries_ = 0;
    event::ModelSeen model_;
    std::unique_ptr<DeliveryTap> tap_;
    bool missed_ = false;
};

}  // namespace netcut
