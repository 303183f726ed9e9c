// SPDX-License-Identifier: Apache-2.0
#include "collaborator.h"

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

#include "chunks.h"
#include "digest.h"
#include "log.h"
#include "phase_log.h"
#include "results.h"

namespace netcut::reference {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A question that is answered within this time does not interrupt what its asker does (docs/phases.md).
constexpr milliseconds short_question{50};

// A call that tells when its answer begins to come in.
class TensorCall final : public grpc::ClientUnaryReactor {
  public:
    explicit TensorCall(const PhaseLog& phases) : phases_(phases) {}
    grpc::Status wait() { return status_->get_future().get(); }

  private:
    void OnReadInitialMetadataDone(bool ok) override {
        if (ok) phases_.enter(Phase::receiving);
    }
    void OnDone(const grpc::Status& status) override {
        const auto held = status_;  // who waits may destroy us before set_value() has returned
        held->set_value(status);
    }

    const PhaseLog& phases_;
    std::shared_ptr<std::promise<grpc::Status>> status_ = std::make_shared<std::promise<grpc::Status>>();
};

class Collaborator {
  public:
    explicit Collaborator(const CollaboratorOptions& options)
        : options_(options),
          name_(options.client.name),
          phases_(options.log_phases),
          client_(options.client),
          shard_(make_shard(options.seed, options.index)) {}

    void run() {
        log("{}: has {} samples", name_, shard_.size());
        phases_.enter(Phase::idle);
        for (;;) {
            const wire::GetTasksReply reply = ask_for_tasks();
            if (reply.has_quit()) break;
            if (reply.has_train())
                take_part(reply.train());
            else
                sleep(reply.sleep());
        }
        log("{}: federation finished", name_);
    }

  private:
    wire::GetTasksReply ask_for_tasks() {
        wire::GetTasksRequest request;
        request.set_collaborator(name_);
        wire::GetTasksReply reply;
        const auto begin = Clock::now();
        auto connected = begin;
        client_.call("asking for tasks", 0, [&](auto& stub, auto& context) {
            connected = Clock::now();
            return stub.GetTasks(&context, request, &reply);
        });
        if (Clock::now() - begin > short_question) {
            phases_.enter(Phase::connecting, begin);
            phases_.enter(Phase::waiting, connected);
            phases_.enter(Phase::idle);
        }
        return reply;
    }

    void sleep(const wire::Sleep& answer) {
        if (!waiting_ && answer.next_round() > 0) log("{}: waiting for round {}", name_, answer.next_round());
        if (!waiting_ && answer.next_round() == 0) log("{}: waiting for the federation to finish", name_);
        waiting_ = true;
        std::this_thread::sleep_for(milliseconds(answer.milliseconds()));
    }

    void take_part(const wire::TrainTask& task) {
        waiting_ = false;
        const std::string prefix = fmt::format("{}: round {}", name_, task.round());
        Update update{fetch_model(task, prefix), shard_.size()};
        train(update.model, task.round(), prefix);
        send(serialise_results(update), task, prefix);
    }

    Model fetch_model(const wire::TrainTask& task, const std::string& prefix) {
        Model model(hidden_width_for(task.model_size()));
        for (const std::string& tensor : task.tensors()) {
            log("{}: requesting tensor {}", prefix, tensor);
            const wire::Tensor values = fetch_tensor(tensor, task);
            if (!from_bytes(values.values(), model.tensor(tensor)))
                throw CallFailed(
                    fmt::format("INTERNAL: tensor {} of round {} has {} bytes, which fits no model of {} "
                                "bytes; use one version of this program on all nodes",
                                tensor, task.round(), values.values().size(), task.model_size()));
            log("{}: received tensor {} ({} bytes)", prefix, tensor, values.values().size());
        }
        return model;
    }

    wire::Tensor fetch_tensor(const std::string& tensor, const wire::TrainTask& task) {
        wire::GetAggregatedTensorRequest request;
        request.set_collaborator(name_);
        request.set_round(task.round());
        request.set_name(tensor);
        wire::Tensor reply;
        phases_.enter(Phase::connecting);
        client_.call("requesting tensor " + tensor, task.model_size(), [&](auto& stub, auto& context) {
            phases_.enter(Phase::waiting);
            TensorCall call(phases_);
            stub.async()->GetAggregatedTensor(&context, &request, &reply, &call);
            call.StartCall();
            return call.wait();
        });
        return reply;
    }

    // A pure function of model, shard, seed and round: a collaborator that starts anew repeats it to the bit.
    void train(Model& model, unsigned round, const std::string& prefix) {
        for (unsigned epoch = 1; epoch <= options_.epochs; ++epoch) {
            log("{}: training, epoch {} of {}", prefix, epoch, options_.epochs);
            phases_.enter(Phase::computing);
            const auto end = Clock::now() + options_.pace;
            const Random order(options_.seed, Purpose::shuffle, options_.index, round, epoch);
            const double loss = train_epoch(model, shard_, order);
            if (Clock::now() < end) phases_.enter(Phase::idle);
            std::this_thread::sleep_until(end);
            log("{}: epoch {} of {} done, loss {:.4f}", prefix, epoch, options_.epochs, loss);
        }
    }

    void send(const std::string& payload, const wire::TrainTask& task, const std::string& prefix) {
        phases_.enter(Phase::connecting);
        client_.call("sending results", payload.size(), [&](auto& stub, auto& context) {
            wire::SendLocalTaskResultsReply reply;
            phases_.enter(Phase::sending);
            const auto writer = stub.SendLocalTaskResults(&context, &reply);
            if (write_chunks(*writer, payload, task, prefix) && writer->WritesDone())
                log("{}: waiting for the reply", prefix);
            return writer->Finish();
        });
        phases_.enter(Phase::idle);
        log("{}: results accepted", prefix);
    }

    // False if the stream broke; its Finish() knows why.
    bool write_chunks(grpc::ClientWriter<wire::ResultsChunk>& writer, const std::string& payload,
                      const wire::TrainTask& task, const std::string& prefix) {
        const std::size_t count = chunk_count(payload.size(), task.chunk_size());
        const std::size_t step = std::max<std::size_t>(1, count / 10);
        log("{}: sending results, {} chunks", prefix, count);
        const auto start = Clock::now();
        wire::ResultsChunk chunk;
        chunk.set_collaborator(name_);
        chunk.set_round(task.round());
        chunk.set_count(static_cast<std::uint32_t>(count));
        for (std::size_t i = 0; i < count; ++i) {
            chunk.set_index(static_cast<std::uint32_t>(i));
            chunk.set_data(std::string(chunk_at(payload, task.chunk_size(), i)));
            // Of the last one it is told when it was handed over to the kernel.
            const bool last = i + 1 == count;
            if (!writer.Write(chunk, last ? grpc::WriteOptions().set_write_through() : grpc::WriteOptions()))
                return false;
            if (last) phases_.enter(Phase::waiting);
            if ((i + 1) % step == 0 || i + 1 == count) log("{}: sent chunk {} of {}", prefix, i + 1, count);
            std::this_thread::sleep_until(start + options_.upload_pace * (i + 1) / count);
        }
        return true;
    }

    const CollaboratorOptions& options_;
    const std::string name_;
    const PhaseLog phases_;
    Client client_;
    const Dataset shard_;
    bool waiting_ = false;
};

}  // namespace

void run_collaborator(const CollaboratorOptions& options) {
    Collaborator(options).run();
}

}  // namespace netcut::reference
