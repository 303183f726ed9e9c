// SPDX-License-Identifier: Apache-2.0
#include "node/folder_watch.h"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "user/as_user.h"

namespace netcut {

Result<void> FolderWatch::open() {
    if (readable_.is_open()) return {};
    const int fd = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return system_failure("watch folders for changes", "raise the sysctl fs.inotify.max_user_instances");
    readable_.assign(fd);
    await();
    return {};
}

Result<void> FolderWatch::add(const std::string& folder, const User& user,
                              std::function<void(const std::string& name)> changed) {
    NETCUT_TRY(open());
    const AsUser as_user(user);
    const int number = ::inotify_add_watch(readable_.native_handle(), folder.c_str(),
                                           IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
    if (number < 0) return system_failure("watch the folder " + folder);
    changed_[number].push_back(std::move(changed));
    return {};
}

void FolderWatch::stop() {
    boost::system::error_code ignored;
    readable_.close(ignored);
    *alive_ = nullptr;
}

void FolderWatch::await() {
    readable_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [alive = alive_](boost::system::error_code error) {
                             if (!error && *alive != nullptr) (*alive)->read();
                         });
}

void FolderWatch::read() {
    alignas(inotify_event) std::array<char, 16 * 1024> buffer;
    const ssize_t count = ::read(readable_.native_handle(), buffer.data(), buffer.size());
    for (ssize_t at = 0; at < count;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + at, sizeof(event));
        const char* name = buffer.data() + at + sizeof(event);
        at += static_cast<ssize_t>(sizeof(event) + event.len);
        const auto found = changed_.find(event.wd);
        if (found == changed_.end() || event.len == 0) continue;
        for (const auto& changed : found->second) {
            changed(name);
            if (!readable_.is_open()) return;
        }
    }
    await();
}

}  // namespace netcut
