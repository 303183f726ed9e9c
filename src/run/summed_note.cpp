// SPDX-License-Identifier: Apache-2.0
#include "run/summed_note.h"

namespace netcut {

void SummedNote::add(Journal& journal, std::uint64_t amount, Json details) {
    sum_ += amount;
    details_ = std::move(details);
    if (++times_ == 1) write(journal);
}

void SummedNote::finish(Journal& journal) {
    if (std::exchange(times_, 0) > 1) write(journal);
}

void SummedNote::write(Journal& journal) {
    details_[count_] = sum_;
    journal.add(event_, {}, fault_, details_);
}

}  // namespace netcut
