// SPDX-License-Identifier: Apache-2.0
// The reference federation's pure parts.
#include <gtest/gtest.h>

#include <string>

#include "average.h"
#include "chunks.h"
#include "client.h"
#include "digest.h"
#include "federation.h"
#include "results.h"
#include "service.h"

namespace netcut::reference {
namespace {

constexpr std::uint64_t seed = 7;
constexpr std::size_t small_model = 16 * 1024;

Model trained(unsigned collaborator, unsigned epochs = 1) {
    Model model = make_initial_model(hidden_width_for(small_model), seed);
    for (unsigned epoch = 1; epoch <= epochs; ++epoch)
        train_epoch(model, make_shard(seed, collaborator),
                    Random(seed, Purpose::shuffle, collaborator, 1, epoch));
    return model;
}

Update update_of(unsigned collaborator) {
    return {trained(collaborator), make_shard(seed, collaborator).size()};
}

Model constant_model(float value) {
    Model model(3);
    for (float& parameter : model.parameters()) parameter = value;
    return model;
}

TEST(ReferenceModel, SizeFollowsFromTheOption) {
    for (const std::size_t bytes : {4UL << 10, 256UL << 10, 10UL << 20}) {
        const Model model(hidden_width_for(bytes));
        EXPECT_LE(model.size_in_bytes(), bytes);
        EXPECT_GT(model.size_in_bytes(), bytes - 256);
    }
    EXPECT_EQ(hidden_width_for(1), 1U);
    EXPECT_EQ(hidden_width_for(Model(77).size_in_bytes()), 77U);
}

TEST(ReferenceModel, TensorsCoverTheParameters) {
    Model model(5);
    std::size_t total = 0;
    for (const std::string_view name : tensor_names) {
        EXPECT_EQ(model.tensor(name).data(), model.parameters().data() + total);
        total += model.tensor(name).size();
    }
    EXPECT_EQ(total, model.parameters().size());
    EXPECT_TRUE(model.tensor("dense3/w").empty());
}

TEST(ReferenceModel, TrainingIsDeterministic) {
    EXPECT_EQ(trained(1), trained(1));
    EXPECT_NE(trained(1), trained(2));
}

TEST(ReferenceModel, TrainingLowersTheLoss) {
    const Dataset validation = make_validation_set(seed);
    const Evaluation before = evaluate(trained(1, 0), validation);
    const Evaluation after = evaluate(trained(1, 5), validation);
    EXPECT_LT(after.loss, before.loss);
    EXPECT_GT(after.accuracy, before.accuracy + 0.2);
}

TEST(ReferenceModel, FederationLearnsWhatNoCollaboratorWasToldAlone) {
    Model model = make_initial_model(hidden_width_for(small_model), seed);
    for (unsigned round = 1; round <= 5; ++round) {
        Updates updates;
        for (unsigned k = 1; k <= 4; ++k) {
            const Dataset shard = make_shard(seed, k);
            Model local = model;
            for (unsigned epoch = 1; epoch <= 2; ++epoch)
                train_epoch(local, shard, Random(seed, Purpose::shuffle, k, round, epoch));
            updates.emplace(k, Update{local, shard.size()});
        }
        model = average(updates);
    }
    EXPECT_GT(evaluate(model, make_validation_set(seed)).accuracy, 0.9);
}

// The same bits on every machine: plain arithmetic in a fixed order.
TEST(ReferenceModel, TrainedModelHasAKnownHash) {
    EXPECT_EQ(sha256(to_bytes(trained(1).parameters())),
              "c15396a72fcbca6df23055f9fa1fd7ee47c512516b3135edef20cbcda5fbf104");
}

TEST(ReferenceData, ShardsDifferAndStayTheSame) {
    const Dataset first = make_shard(seed, 1);
    EXPECT_EQ(first.size(), make_shard(seed, 1).size());
    EXPECT_EQ(first[0].features, make_shard(seed, 1)[0].features);
    EXPECT_NE(first[0].features, make_shard(seed, 2)[0].features);
    EXPECT_NE(first[0].features, make_shard(seed + 1, 1)[0].features);
    EXPECT_NE(first.size(), make_shard(seed, 2).size());
}

TEST(ReferenceAverage, IsWeightedBySamples) {
    const Updates updates{{1, {constant_model(1), 3}}, {2, {constant_model(5), 1}}};
    EXPECT_EQ(average(updates), constant_model(2));
}

TEST(ReferenceAverage, DoesNotDependOnTheOrderOfArrival) {
    Updates forward;
    Updates backward;
    for (unsigned k = 1; k <= 4; ++k) forward.emplace(k, update_of(k));
    for (unsigned k = 4; k >= 1; --k) backward.emplace(k, update_of(k));
    EXPECT_EQ(average(forward), average(backward));
}

TEST(ReferenceChunks, RoundTrip) {
    for (const std::size_t size : {0UL, 1UL, 99UL, 100UL, 101UL, 1000UL}) {
        std::string payload(size, 'x');
        for (std::size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(i);
        Reassembly reassembly;
        const std::size_t count = chunk_count(size, 100);
        for (std::size_t i = 0; i < count; ++i) {
            EXPECT_FALSE(reassembly.complete());
            EXPECT_TRUE(reassembly.append(i, count, chunk_at(payload, 100, i)));
        }
        EXPECT_TRUE(reassembly.complete());
        EXPECT_EQ(reassembly.payload(), payload);
    }
}

TEST(ReferenceChunks, RefusesGapsRepeatsAndSurplus) {
    Reassembly reassembly;
    EXPECT_FALSE(reassembly.complete());
    EXPECT_TRUE(reassembly.append(0, 2, "a"));
    EXPECT_FALSE(reassembly.append(0, 2, "a"));
    EXPECT_FALSE(reassembly.append(1, 3, "b"));
    EXPECT_TRUE(reassembly.append(1, 2, "b"));
    EXPECT_FALSE(reassembly.append(2, 2, "c"));
}

TEST(ReferenceResults, RoundTrip) {
    const Update update = update_of(1);
    const auto parsed = parse_results(serialise_results(update));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->model, update.model);
    EXPECT_EQ(parsed->samples, update.samples);
}

TEST(ReferenceResults, RefusesDamage) {
    std::string payload = serialise_results(update_of(1));
    EXPECT_FALSE(parse_results(payload.substr(0, payload.size() / 2)));
    EXPECT_FALSE(parse_results("noise"));
    EXPECT_FALSE(parse_results(""));
    EXPECT_FALSE(parse_results(serialise_results({constant_model(1), 0})));
}

TEST(ReferenceDigest, Sha256) {
    EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    std::array<float, 2> values{};
    EXPECT_TRUE(from_bytes(to_bytes(std::array{1.5F, -2.0F}), values));
    EXPECT_EQ(values, (std::array{1.5F, -2.0F}));
    EXPECT_FALSE(from_bytes("short", values));
}

TEST(ReferenceFederation, RetriedResultsCountOnce) {
    Federation federation(2, 1);
    EXPECT_TRUE(std::holds_alternative<WaitForRound>(federation.next_task(1)));
    federation.begin_round(1, constant_model(0));
    EXPECT_TRUE(std::holds_alternative<TrainRound>(federation.next_task(1)));
    EXPECT_EQ(federation.submit(1, 2, {constant_model(1), 1}), Submission::premature);
    EXPECT_EQ(federation.submit(1, 1, {constant_model(1), 1}), Submission::accepted);
    EXPECT_EQ(federation.submit(1, 1, {constant_model(9), 9}), Submission::duplicate);
    EXPECT_TRUE(std::holds_alternative<WaitForRound>(federation.next_task(1)));
    EXPECT_EQ(federation.submit(2, 1, {constant_model(3), 1}), Submission::accepted);
    EXPECT_EQ(average(federation.wait_for_updates()->updates), constant_model(2));
    // A straggler's copy after the round is closed must not start the next one.
    EXPECT_EQ(federation.submit(2, 1, {constant_model(3), 1}), Submission::duplicate);
}

TEST(ReferenceDefect, StrikesTheLateUpdateAlone) {
    const Model before = constant_model(0);
    const Updates updates{{1, {constant_model(2), 1}}, {2, {constant_model(4), 1}}};
    const auto average_with = [&](Defect defect, std::optional<unsigned> late) {
        return average_parts(parts_of(updates, before, defect, late), before);
    };
    for (const Defect defect : {Defect::drop_update, Defect::count_twice, Defect::half_update})
        EXPECT_EQ(average_with(defect, {}), constant_model(3));
    EXPECT_EQ(average_with(Defect::drop_update, 2), constant_model(2));
    EXPECT_NE(average_with(Defect::count_twice, 2), constant_model(3));
    const auto half = parts_of(updates, before, Defect::half_update, 2);
    ASSERT_EQ(half.size(), 2U);
    EXPECT_EQ(half[0].bytes, half[0].whole);
    EXPECT_LT(half[1].bytes, half[1].whole);
    EXPECT_EQ(half[1].update.model.parameters().front(), 4);
    EXPECT_EQ(half[1].update.model.parameters().back(), 0);
}

TEST(ReferenceDefect, SkipLateGoesOnWithoutTheLastAndTakesItForLate) {
    Federation federation(2, 2, {Defect::skip_late, std::chrono::milliseconds(1)});
    federation.begin_round(1, constant_model(0));
    federation.submit(1, 1, {constant_model(1), 1});
    const auto came = federation.wait_for_updates();
    ASSERT_TRUE(came);
    EXPECT_EQ(came->updates.size(), 1U);
    EXPECT_EQ(came->late, 2U);
    federation.begin_round(2, constant_model(1));
    EXPECT_EQ(federation.submit(2, 1, {constant_model(1), 1}), Submission::late);
    EXPECT_EQ(federation.submit(2, 1, {constant_model(1), 1}), Submission::duplicate);
}

TEST(ReferenceDefect, StaleModelIsGivenToTheLateOneInTheNextRound) {
    Federation federation(2, 2, {Defect::stale_model, std::chrono::milliseconds(0)});
    federation.begin_round(1, constant_model(0));
    federation.submit(1, 1, {constant_model(1), 1});
    federation.submit(2, 1, {constant_model(1), 1});
    EXPECT_EQ(federation.wait_for_updates()->late, 2U);
    federation.begin_round(2, constant_model(1));
    EXPECT_EQ(*federation.model_for(1, 2), constant_model(1));
    EXPECT_EQ(*federation.model_for(2, 2), constant_model(0));
    federation.submit(1, 2, {constant_model(1), 1});
    federation.submit(2, 2, {constant_model(1), 1});
    EXPECT_EQ(federation.wait_for_updates()->updates.at(2).base, 1U);
}

TEST(ReferenceFederation, KnowsWhoWasNotToldToLeave) {
    Federation federation(3, 1);
    federation.finish();
    EXPECT_TRUE(std::holds_alternative<LeaveFederation>(federation.next_task(2)));
    EXPECT_EQ(federation.wait_for_departures(std::chrono::milliseconds(1)), (std::set{1U, 3U}));
    federation.stop();
    EXPECT_FALSE(federation.wait_for_updates());
}

TEST(ReferenceService, ReadsACollaboratorsNumber) {
    EXPECT_EQ(collaborator_number("collaborator3", 4), 3U);
    for (const char* name : {"collaborator5", "collaborator0", "collaborator03", "collaborator",
                             "collaborator3x", "collaborator-1", "aggregator", ""})
        EXPECT_EQ(collaborator_number(name, 4), 0U) << name;
}

TEST(ReferenceClient, NamesStatusCodes) {
    EXPECT_EQ(code_name(grpc::StatusCode::UNKNOWN), "UNKNOWN");
    EXPECT_EQ(code_name(grpc::StatusCode::DEADLINE_EXCEEDED), "DEADLINE_EXCEEDED");
    EXPECT_EQ(code_name(grpc::StatusCode::UNAVAILABLE), "UNAVAILABLE");
    EXPECT_EQ(code_name(grpc::StatusCode::UNAUTHENTICATED), "UNAUTHENTICATED");
}

}  // namespace
}  // namespace netcut::reference
