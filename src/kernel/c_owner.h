// SPDX-License-Identifier: Apache-2.0
//
// Owners for the objects of the netlink libraries, which are C.
#pragma once

#include <memory>
#include <new>

namespace netcut {

template <auto Release>
struct CRelease {
    template <typename T>
    void operator()(T* object) const {
        Release(object);
    }
};
template <typename T, auto Release>
using COwner = std::unique_ptr<T, CRelease<Release>>;

// These libraries answer a null pointer when memory is short, and only then.
template <typename Owner, typename T>
Owner own(T* object) {
    if (object == nullptr) throw std::bad_alloc();
    return Owner(object);
}

}  // namespace netcut
