// SPDX-License-Identifier: Apache-2.0
#include "folder/manifest.h"

#include <filesystem>

#include "base/json.h"
#include "user/as_user.h"

namespace netcut {
namespace {

namespace fs = std::filesystem;

bool is_evidence(const std::string& name) {
    const auto ends = [&](const char* ending) { return name.ends_with(ending); };
    return name != manifest_name && name != "junit.xml" && !ends(".html") && !ends(".new");
}

Failure unreadable(const std::string& folder, const std::error_code& error) {
    return system_failure("list the files of " + folder, error.value());
}

}  // namespace

Result<FileDigests> digest_run(const RunFolder& folder) {
    const AsUser as_user(folder.user());
    FileDigests files;
    std::error_code error;
    const std::string root = folder.path_that_stays();
    fs::recursive_directory_iterator entry(root + "/", error);
    if (error) return unreadable(folder.path(), error);
    while (entry != fs::recursive_directory_iterator()) {
        const std::string name = entry->path().lexically_relative(root).string();
        if (name == "work") entry.disable_recursion_pending();
        if (entry->is_regular_file(error) && !entry->is_symlink(error) && is_evidence(name)) {
            const auto file = folder.open_file(name);
            if (!file && file.error().kind != Error::Kind::usage) return Failure(file.error());
            if (file) {
                NETCUT_ASSIGN(files[name], digest_file(file->get(), "read " + folder.path() + "/" + name));
            }
        }
        if (entry.increment(error); error) return unreadable(folder.path(), error);
    }
    return files;
}

Json manifest_json(const FileDigests& files) {
    Json json = {{"schema", 1}, {"files", Json::array()}};
    for (const auto& [name, digest] : files)
        json["files"].push_back({{"file", name}, {"bytes", digest.bytes}, {"sha256", digest.sha256}});
    return json;
}

Result<FileDigests> read_manifest(const std::string& text) {
    const std::string attempt = std::string("read ") + manifest_name;
    NETCUT_ASSIGN(const Json manifest, parse_json(text, attempt));
    try {
        FileDigests files;
        for (const Json& file : manifest.at("files"))
            files[file.at("file").get<std::string>()] = {file.at("bytes").get<std::uint64_t>(),
                                                         file.at("sha256").get<std::string>()};
        return files;
    } catch (const Json::exception& error) {
        return usage_failure(attempt, error.what());
    }
}

}  // namespace netcut
