// SPDX-License-Identifier: Apache-2.0
#include "link/queue.h"

#include <algorithm>
#include <cmath>

#include "link/rate.h"

namespace netcut {
namespace {

double either(double p, double q) {
    return 1 - (1 - p) * (1 - q);
}

void combine_rate(QueueSpec& sum, const QueueSpec& other) {
    if (!other.bits_per_second) return;
    if (sum.bits_per_second && *sum.bits_per_second <= *other.bits_per_second) return;
    sum.bits_per_second = other.bits_per_second;
    sum.burst_bytes = other.burst_bytes;
    sum.queue_time = other.queue_time;
    sum.queue_bytes = other.queue_bytes;
}

void combine_reorder(QueueSpec& sum, const QueueSpec& a, const QueueSpec& b) {
    const QueueSpec& larger = reorder_share(b) > reorder_share(a) ? b : a;
    sum.reorder = either(reorder_share(a), reorder_share(b));
    sum.reorder_correlation = larger.reorder_correlation;
    sum.gap = larger.gap;
}

}  // namespace

double reorder_share(const QueueSpec& spec) {
    return spec.reorder == 0 && spec.gap > 0 ? 1 : spec.reorder;
}

bool QueueSpec::needs_netem() const {
    return delay > Nanoseconds(0) || jitter > Nanoseconds(0) || reorder > 0 || gap > 0 || duplicate > 0 ||
           corrupt > 0;
}

std::uint64_t QueueSpec::room() const {
    return queue_bytes ? *queue_bytes : bytes_in(*bits_per_second, queue_time.value_or(RateLimit{}.queue));
}

QueueSpec combined(const QueueSpec& a, const QueueSpec& b) {
    QueueSpec sum = a;
    sum.delay = a.delay + b.delay;
    const double spread =
        std::hypot(static_cast<double>(a.jitter.count()), static_cast<double>(b.jitter.count()));
    sum.jitter = std::min(max_jitter, Nanoseconds(std::llround(spread)));
    const QueueSpec& wider = b.jitter > a.jitter ? b : a;
    sum.delay_correlation = wider.delay_correlation;
    sum.distribution = wider.distribution;
    combine_reorder(sum, a, b);
    sum.duplicate = either(a.duplicate, b.duplicate);
    sum.duplicate_correlation = b.duplicate > a.duplicate ? b.duplicate_correlation : a.duplicate_correlation;
    sum.corrupt = either(a.corrupt, b.corrupt);
    sum.corrupt_correlation = b.corrupt > a.corrupt ? b.corrupt_correlation : a.corrupt_correlation;
    sum.limit = std::max(a.limit, b.limit);
    combine_rate(sum, b);
    return sum;
}

}  // namespace netcut
