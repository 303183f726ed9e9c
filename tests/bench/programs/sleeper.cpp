// SPDX-License-Identifier: Apache-2.0
//
// All that a container of the bench has: linked statically, it needs no other file.
#include <unistd.h>

int main() {
    ::pause();
}
