// SPDX-License-Identifier: Apache-2.0
//
// The certificates that netcut-fl-certify makes.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "files.h"
#include "pki.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using namespace netcut::certify;

class Certificates : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "netcut-test-certs-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        directory_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::filesystem::path directory_;
};

TEST_F(Certificates, AreWrittenWithTheirNamesAndPrivateKeysAreClosed) {
    write_certificates({directory_, "aggregator", {"localhost", "127.0.0.1", "::1"}, 2});
    for (const char* name : {"aggregator", "collaborator1", "collaborator2"}) {
        EXPECT_EQ(common_name(read_file(directory_ / (std::string(name) + ".crt"))), name);
        struct stat status {};
        ASSERT_EQ(::stat((directory_ / (std::string(name) + ".key")).c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 0777U, 0600U);
    }
    EXPECT_FALSE(std::filesystem::exists(directory_ / "collaborator3.crt"));
}

TEST_F(Certificates, ErrorsSayWhatWasAttempted) {
    EXPECT_THROW(write_certificates({directory_, "a,DNS:b", {}, 1}), std::runtime_error);
    EXPECT_THROW(common_name("no certificate"), std::runtime_error);
    try {
        read_file(directory_ / "absent.crt");
        FAIL() << "an absent file was read";
    } catch (const std::system_error& error) {
        EXPECT_EQ(error.code(), std::errc::no_such_file_or_directory);
        EXPECT_NE(std::string(error.what()).find("absent.crt"), std::string::npos);
    }
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
