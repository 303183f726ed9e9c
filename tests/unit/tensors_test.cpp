// SPDX-License-Identifier: Apache-2.0
//
// Tensors in models' files: what real programs have written (tests/unit/models, by make.py there), and what hostile ones would.
#include "safety/tensors.h"

#include <gmock/gmock.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "safety/model_file.h"

namespace netcut::test::NETCUT_FILE {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const std::string written = NETCUT_SOURCE_DIR "/tests/unit/models/";

std::string little(std::uint64_t number, unsigned bytes) {
    std::string text;
    for (unsigned i = 0; i < bytes; ++i) text += static_cast<char>(number >> (8 * i));
    return text;
}
const std::string one_and_a_half("\0\0\xc0\x3f", 4);  // float32

std::vector<double> values(const Tensors& tensors, const std::string& name) {
    std::vector<double> all;
    if (const auto found = tensors.find(name); found != tensors.end())
        for (std::size_t i = 0; i < found->second.size(); ++i) all.push_back(found->second.at(i));
    return all;
}

std::vector<std::string> names(const Tensors& tensors) {
    std::vector<std::string> all;
    for (const auto& [name, tensor] : tensors) all.push_back(name);
    return all;
}

std::string why_not(const std::string& file) {
    const auto read = read_tensors(file);
    return read ? "it could be read" : read.error().text();
}

TEST(Tensors, OfSafetensors) {
    const std::string header = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})";
    const std::string file = little(header.size(), 8) + header + one_and_a_half;
    const auto read = read_tensors(file);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(values(*read, "w"), ElementsAre(1.5));
    const std::string beyond = R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,99]}})";
    EXPECT_FALSE(read_tensors(little(beyond.size(), 8) + beyond + one_and_a_half));
}

TEST(Tensors, OfAModelOfOpenFl) {
    const std::string tensor = "\x0a\x01w\x10\x02\x3a\x04" + one_and_a_half;
    const std::string file = "\x0a" + little(tensor.size(), 1) + tensor;
    const auto read = read_tensors(file);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(values(*read, "w"), ElementsAre(1.5));
}

TEST(Tensors, OfNumPysFiles) {
    const std::string npz = read_model_file(written + "model.npz").value();
    const auto read = read_tensors(npz);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(values(*read, "w"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
    EXPECT_THAT(values(*read, "n"), ElementsAre(7, -7));
    const std::string npy = read_model_file(written + "model.npy").value();
    const auto alone = read_tensors(npy);
    ASSERT_TRUE(alone) << alone.error().text();
    EXPECT_THAT(values(*alone, "values"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
    EXPECT_THAT(why_not(read_model_file(written + "compressed.npz").value()), HasSubstr("it is compressed"));
}

TEST(Tensors, OfWhatTorchHasSaved) {
    const std::string state = read_model_file(written + "state.pt").value();
    const auto read = read_tensors(state);
    ASSERT_TRUE(read) << read.error().text();
    EXPECT_THAT(names(*read),
                UnorderedElementsAre("model.fc.bias", "model.fc.weight", "model.norm.bias",
                                     "model.norm.num_batches_tracked", "model.norm.running_mean",
                                     "model.norm.running_var", "model.norm.weight", "more.0", "more.1",
                                     "more.2", "more.3", "more.4", "more.5", "more.6"));
    EXPECT_THAT(values(*read, "model.fc.weight"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));
    EXPECT_THAT(values(*read, "model.fc.bias"), ElementsAre(1, -1, 0.25));
    EXPECT_THAT(values(*read, "model.norm.num_batches_tracked"), ElementsAre(0));
    EXPECT_THAT(values(*read, "more.0"), ElementsAre(2));                       // a parameter
    EXPECT_THAT(values(*read, "more.1"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));  // transposed: as it lies
    EXPECT_THAT(values(*read, "more.2"), ElementsAre(1, 1.5, 2, 2.5));          // a part of another
    EXPECT_THAT(values(*read, "more.3"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));  // float16
    EXPECT_THAT(values(*read, "more.4"), ElementsAre(0, 0.5, 1, 1.5, 2, 2.5));  // bfloat16
    EXPECT_THAT(values(*read, "more.5"), ElementsAre(1));                       // bool
    EXPECT_THAT(values(*read, "more.6"), IsEmpty());
}

TEST(Tensors, OfAWholeModuleAreNotTaken) {
    EXPECT_THAT(why_not(read_model_file(written + "module.pt").value()), HasSubstr("no tensor was found"));
}

// Whatever is cut off or changed: an answer, within the bytes.
TEST(Tensors, OfBrokenFilesAreAnErrorOrOtherValues) {
    for (const char* name : {"state.pt", "model.npz", "model.npy"}) {
        const std::string file = read_model_file(written + name).value();
        for (std::size_t cut = 0; cut < file.size(); cut += 1 + cut / 20)
            EXPECT_FALSE(read_tensors(std::string(file, 0, cut))) << name << ' ' << cut;
        for (std::size_t place = 0; place < file.size(); place += 1 + file.size() / 500) {
            std::string broken = file;
            broken[place] = static_cast<char>(broken[place] ^ "\x01\x80\xff"[place % 3]);
            if (const auto read = read_tensors(broken))
                for (const auto& [tensor, all] : *read)
                    for (std::size_t i = 0; i < all.size(); ++i) (void)all.at(i);
        }
    }
}

// Ten thousand tensors, each of which is all of the file.
TEST(Tensors, ThatShareBytesDoNotMakeASmallFileEndless) {
    std::string header = "{", comma;
    for (int i = 0; i < 10'000; ++i) {
        header += comma + '"' + std::to_string(i) + R"(":{"dtype":"U8","data_offsets":[0,1000000]})";
        comma = ",";
    }
    header += "}";
    EXPECT_THAT(why_not(little(header.size(), 8) + header + std::string(1'000'000, 'x')),
                HasSubstr("no tensors of its own"));
}

TEST(Tensors, HalfFloatsHaveTheirValues) {
    EXPECT_EQ(tensor_of("<f2", std::string_view("\x00\x3c", 2))->at(0), 1.0);
    EXPECT_EQ(tensor_of("<f2", std::string_view("\x01\x00", 2))->at(0), std::ldexp(1.0, -24));
    EXPECT_EQ(tensor_of("<f2", std::string_view("\xff\x7b", 2))->at(0), 65504.0);
    EXPECT_EQ(tensor_of("<f2", std::string_view("\x00\xfc", 2))->at(0), -INFINITY);
    EXPECT_TRUE(std::isnan(tensor_of("<f2", std::string_view("\x01\x7e", 2))->at(0)));
}

// --- with twins ---

struct ModelFiles : testing::Test {
    ModelFiles() { folder = ::mkdtemp(folder.data()); }
    ~ModelFiles() override { std::filesystem::remove_all(folder); }
    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
        std::ofstream(path(name)) << text;
    }
    std::string path(const std::string& name) const { return folder + "/" + name; }
    static std::string model(const std::string& values, const std::string& name = "w") {
        const std::string header =
            "{\"" + name + R"(":{"dtype":"F32","data_offsets":[0,)" + std::to_string(values.size()) + "]}}";
        return little(header.size(), 8) + header + values;
    }
    std::string folder = testing::TempDir() + "models-XXXXXX";
};
const std::string zero(4, '\0');

TEST_F(ModelFiles, AreComparedWithTheNearestTwin) {
    write("a", model(zero));
    write("b", model(one_and_a_half));
    event::ModelSeen seen;
    compare_with_twins(model(one_and_a_half), {path("a"), path("b")}, seen);
    EXPECT_EQ(seen.difference, 0);
    EXPECT_EQ(seen.twins_differ, 1.5);
    EXPECT_EQ(seen.no_tensors + seen.tensors, "");
}

TEST_F(ModelFiles, ThatTwinsHaveAndTheRunHasNotAreItsOwnLack) {
    write("a", model(zero));
    event::ModelSeen seen;
    compare_with_twins(model(zero, "v"), {path("a")}, seen);
    EXPECT_EQ(seen.no_tensors, "a twin's has no tensor v of 1 values");
    seen = {};
    compare_with_twins(read_model_file(path("none")), {path("a")}, seen);
    EXPECT_EQ(seen.no_tensors, "No such file or directory");
    EXPECT_EQ(seen.tensors, "");
    seen = {};
    compare_with_twins(model(zero), {path("none")}, seen);
    EXPECT_EQ(seen.no_tensors, "");
    EXPECT_THAT(seen.tensors, HasSubstr("No such file"));
}

TEST_F(ModelFiles, AreFoundByAPartOfTheirName) {
    write("save/net_last.pbuf", "x");
    write("save/net_init.pbuf", "x");
    write("job-1/app/server.npy", "x");
    EXPECT_EQ(find_model_file(path("save/*_last.pbuf")).value(), path("save/net_last.pbuf"));
    EXPECT_EQ(find_model_file(path("*/app/*.npy")).value(), path("job-1/app/server.npy"));
    EXPECT_EQ(find_model_file(path("save/none")).value(), path("save/none"));
    EXPECT_THAT(find_model_file(path("save/*.pbuf")).error().text(), HasSubstr("2 files have such a name"));
    EXPECT_THAT(find_model_file(path("save/*.npz")).error().text(), HasSubstr("no file has such a name"));
    write("save/*", "x");
    EXPECT_EQ(find_model_file(path("save/*")).value(), path("save/*"));
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
