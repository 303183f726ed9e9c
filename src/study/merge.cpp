// SPDX-License-Identifier: Apache-2.0
#include "study/merge.h"

namespace netcut {

Result<std::size_t> merge_rows(StudyStore& store, const StudyStore& other) {
    if (store.design().value("digest", "") != other.design().value("digest", "-"))
        return usage_failure("merge " + other.folder().path() + " into " + store.folder().path(),
                             "they are of different studies: their cells, measures or seeds differ",
                             "name the folders that were made with --shard of one study file");
    std::size_t count = 0;
    for (const auto& [key, row] : other.rows()) {
        if (store.rows().contains(key)) continue;
        StudyRow copy = row;
        copy.run.clear();
        NETCUT_TRY(store.write(copy));
        ++count;
    }
    return count;
}

}  // namespace netcut
