// SPDX-License-Identifier: Apache-2.0
//
// A library that leaves a file beside itself with the name of the program that has loaded it.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <climits>
#include <cstring>
#include <string>

namespace {

[[gnu::constructor]] void leave_a_mark() {
    Dl_info here{};
    char program[PATH_MAX]{};
    if (::dladdr(reinterpret_cast<void*>(&leave_a_mark), &here) == 0 ||
        ::readlink("/proc/self/exe", program, sizeof(program) - 1) < 0)
        return;
    const std::string library = here.dli_fname;
    const char* slash = std::strrchr(program, '/');
    const std::string mark = library.substr(0, library.rfind('/')) + "/loaded-by-" + (slash + 1);
    ::close(::open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

}  // namespace

// Without it no program begins that is given this library as LD_AUDIT (rtld-audit(7)).
extern "C" unsigned la_version(unsigned version) {
    return version;
}
