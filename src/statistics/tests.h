// SPDX-License-Identifier: Apache-2.0
//
// Whether two sets of runs differ by more than chance. Pure; any thread. All are two-sided: a p is the probability that
// runs of one and the same thing differ as much as these or more.
#pragma once

#include <cstddef>
#include <vector>

namespace netcut {

// Fisher's exact test for outcomes, of any number of kinds (Freeman and Halton): `before[i]` and `now[i]` are how many runs
// ended in the way i. They have the same size. 1 if either has no runs. Of tables so large that there would be more than
// a million others with the same sums, Pearson's chi-squared test.
double fisher_exact(const std::vector<std::size_t>& before, const std::vector<std::size_t>& now);

// The rank test of Wilcoxon, Mann and Whitney for times. Exact, ties included, of up to 50 values together; of more
// the normal approximation, corrected for ties and for continuity. 1 if either is empty.
double rank_test(const std::vector<double>& before, const std::vector<double>& now);

// The same of so many p at once (S. Holm, 1979): the probability that one or more of them is as small by chance. In
// the order of what is given.
std::vector<double> holm(const std::vector<double>& p);

// How many runs on each side it takes, at least, that outcomes as different as can be give a p below `most`: with fewer,
// no change of outcomes can be proved.
std::size_t runs_to_prove(double most);

}  // namespace netcut
