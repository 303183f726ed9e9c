// SPDX-License-Identifier: Apache-2.0
//
// manifest.json: size and SHA-256 of each file of a run that is evidence, written when all of them are
// whole.
#pragma once

#include <map>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "base/sha256.h"
#include "folder/folder.h"

namespace netcut {

inline constexpr const char* manifest_name = "manifest.json";

// By their names below the run's folder. Left out are the manifest itself, the nodes' own folder work/, and
// pages that were made from the other files (*.html, junit.xml), and what no run has written: links, files
// with holes.
using FileDigests = std::map<std::string, FileDigest>;
Result<FileDigests> digest_run(const RunFolder& folder);

Json manifest_json(const FileDigests& files);
// What a manifest says; an error if it is none.
Result<FileDigests> read_manifest(const std::string& text);

}  // namespace netcut
