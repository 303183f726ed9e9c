// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/server/http.h"

namespace netcut {

// The stream of a command beside a node, on its way from the worker to the client. No more than the window of
// it is ever here: the worker sends more when it hears that some was taken.
class CommandStream : public ByteSource {
  public:
    struct Observer {
        std::function<void(std::size_t bytes)> taken;
        std::function<void()> left;  // the client went before the end
    };
    explicit CommandStream(Observer observer) : observer_(std::move(observer)) {}

    // False if it is more than the window allows.
    bool put(const std::string& bytes);
    void finish();
    void next(std::function<void(std::string)> take) override;
    void abandon() override;

  private:
    void hand_over();

    Observer observer_;
    std::string waiting_;
    bool finished_ = false;
    std::function<void(std::string)> take_;
};

}  // namespace netcut
