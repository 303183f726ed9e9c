// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/io.h"
#include "user/user.h"

namespace netcut {

// The folder of a run's files, made with the user's rights.
class RunFolder {
  public:
    // `path` empty: netcut-runs/<time>-<name> below the working directory, and the link netcut-runs/latest leads there.
    // An earlier run in `path` is moved
    // aside to the first free of `path`.1, .2, ...; where to is told in `moved`. Until the last copy of it is gone no
    // other run can have this folder: an error of the kind `usage` names the process that does.
    static Result<RunFolder> create(const std::string& path, const std::string& name, const User& user);
    // Of an earlier run, with the rights of `user`. ENOENT: there is nothing of one.
    static Result<RunFolder> open(const std::string& path, const User& user);

    // The folder of many runs (experiments, a search), each below "runs". One that is there is gone on with. It is
    // locked in the same way.
    static Result<RunFolder> of_many(const std::string& path, const std::string& name, const User& user);

    // A folder of runs, to put something beside them. It is not locked.
    static Result<RunFolder> around_runs(const std::string& path, const User& user);

    const std::string& path() const { return path_; }
    // netcut-runs, if nobody has named another folder for this run; else empty.
    const std::string& collection() const { return collection_; }
    // Of the same folder, also when it has been renamed; for this process alone.
    std::string path_that_stays() const;
    const User& user() const { return user_; }
    const std::string& moved() const { return moved_; }
    std::string work() const { return path_ + "/work"; }
    Result<void> make_folder(const std::string& name) const;
    enum class Open { afresh, to_append };
    Result<Fd> create_file(const std::string& name, Open how = Open::afresh) const;
    Result<void> write_file(const std::string& name, const std::string& text) const;
    // To be read: a regular file without holes and no link, for the folder was within the nodes' reach.
    Result<Fd> open_file(const std::string& name) const;

  private:
    void join_collection();

    RunFolder(std::string path, User user, std::shared_ptr<const Fd> folder, std::string moved = {})
        : path_(std::move(path)),
          moved_(std::move(moved)),
          user_(std::move(user)),
          folder_(std::move(folder)) {}
    std::string path_;
    std::string moved_;
    std::string collection_;
    User user_;
    std::shared_ptr<const Fd> folder_;
};

}  // namespace netcut
