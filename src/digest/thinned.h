// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace netcut {

// A sequence of bounded length: when it is full, every second element is left out, and from then on only
// every second, fourth, eighth, ... is taken in.
template <typename T>
class Thinned {
  public:
    explicit Thinned(std::size_t most) : most_(most) {}

    void add(T element) {
        if (seen_++ % stride_ != 0) return;
        if (kept_.size() >= most_) {
            std::size_t to = 0;
            for (std::size_t from = 0; from < kept_.size(); from += 2) kept_[to++] = std::move(kept_[from]);
            kept_.resize(to);
            stride_ *= 2;
            if ((seen_ - 1) % stride_ != 0) return;
        }
        kept_.push_back(std::move(element));
    }

    const std::vector<T>& kept() const { return kept_; }
    std::uint64_t left_out() const { return seen_ - kept_.size(); }

  private:
    std::size_t most_;
    std::uint64_t stride_ = 1;
    std::uint64_t seen_ = 0;
    std::vector<T> kept_;
};

}  // namespace netcut
