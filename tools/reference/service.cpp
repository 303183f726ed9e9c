// SPDX-License-Identifier: Apache-2.0
#include "service.h"

#include <grpcpp/alarm.h>

#include <charconv>
#include <optional>

#include "chunks.h"
#include "digest.h"
#include "log.h"
#include "results.h"

namespace netcut::reference {
namespace {

using grpc::Status;
using grpc::StatusCode;

template <typename... Args>
Status refuse(StatusCode code, fmt::format_string<Args...> format, Args&&... args) {
    const std::string reason = fmt::format(format, std::forward<Args>(args)...);
    log("aggregator: refused: {}", reason);
    return {code, reason};
}

// Answers one GetAggregatedTensor and tells when the answer has left.
class TensorReactor final : public grpc::ServerUnaryReactor {
  public:
    TensorReactor(const wire::GetAggregatedTensorRequest& request, const Status& status)
        : sent_(fmt::format("aggregator: sent tensor {} of round {} to {}", request.name(), request.round(),
                            request.collaborator())),
          failed_(!status.ok()) {
        Finish(status);
    }

  private:
    void OnCancel() override { failed_ = true; }
    void OnDone() override {
        if (!failed_) log_line(sent_);
        delete this;
    }

    const std::string sent_;
    std::atomic<bool> failed_;
};

// Takes one stream of results in.
class ResultsReactor final : public grpc::ServerReadReactor<wire::ResultsChunk> {
  public:
    ResultsReactor(Service& service, grpc::CallbackServerContext& context,
                   wire::SendLocalTaskResultsReply& reply)
        : service_(service), context_(context), reply_(reply) {
        StartRead(&chunk_);
    }

  private:
    void OnReadDone(bool ok) override {
        if (!ok) return finish_stream();
        if (reassembly_.received() == 0) {
            name_ = chunk_.collaborator();
            round_ = chunk_.round();
            if (const Status status = service_.authorise(context_, name_); !status.ok())
                return Finish(status);
            log("aggregator: round {}: receiving results from {}", round_, name_);
        }
        if (!reassembly_.append(chunk_.index(), chunk_.count(), chunk_.data()))
            return Finish(refuse(StatusCode::INVALID_ARGUMENT, "chunk {} of {} from {} is out of order",
                                 chunk_.index(), chunk_.count(), name_));
        StartRead(&chunk_);
    }

    void finish_stream() {
        if (!reassembly_.complete()) {
            if (reassembly_.received() > 0)
                log("aggregator: round {}: {} broke off after {} of {} chunks", round_, name_,
                    reassembly_.received(), reassembly_.expected());
            return Finish({StatusCode::DATA_LOSS, "the stream ended early; send the results again"});
        }
        bool duplicate = false;
        const Status status = service_.submit(name_, round_, reassembly_.payload(), duplicate);
        reply_.set_duplicate(duplicate);
        const auto delay = service_.options().reply_delay;
        // Only the first copy is aggregated, so only its answer is slow.
        if (!status.ok() || duplicate || delay.count() == 0) return Finish(status);
        alarm_.Set(std::chrono::system_clock::now() + delay, [this](bool) { Finish(Status::OK); });
        if (context_.IsCancelled()) alarm_.Cancel();
    }

    void OnCancel() override { alarm_.Cancel(); }
    void OnDone() override { delete this; }

    Service& service_;
    grpc::CallbackServerContext& context_;
    wire::SendLocalTaskResultsReply& reply_;
    wire::ResultsChunk chunk_;
    std::string name_;
    unsigned round_ = 0;
    Reassembly reassembly_;
    grpc::Alarm alarm_;
};

}  // namespace

unsigned collaborator_number(const std::string& name, unsigned collaborators) {
    constexpr std::string_view prefix = "collaborator";
    if (!name.starts_with(prefix)) return 0;
    unsigned number = 0;
    std::from_chars(name.data() + prefix.size(), name.data() + name.size(), number);
    // Compared whole, so that collaborator01 is not collaborator1.
    return number <= collaborators && name == fmt::format("{}{}", prefix, number) ? number : 0;
}

Status Service::authorise(const grpc::CallbackServerContext& context, const std::string& name) const {
    if (options_.verify_names) {
        const auto names = context.auth_context()->FindPropertyValues("x509_common_name");
        const std::string certified =
            names.empty() ? "nobody" : std::string(names.front().data(), names.front().size());
        if (certified != name)
            return refuse(StatusCode::PERMISSION_DENIED,
                          "'{}' came with the certificate of '{}'; use the certificate made for that name",
                          name, certified);
    }
    if (collaborator_number(name, federation_.collaborators()) == 0)
        return refuse(StatusCode::PERMISSION_DENIED, "'{}' is not among collaborator1 to collaborator{}",
                      name, federation_.collaborators());
    return Status::OK;
}

void Service::fill_tasks(const std::string& name, wire::GetTasksReply& reply) {
    const unsigned number = collaborator_number(name, federation_.collaborators());
    if (federation_.join(number)) log("aggregator: {} joined", name);
    const Task task = federation_.next_task(number);
    if (const auto* train = std::get_if<TrainRound>(&task)) {
        wire::TrainTask& answer = *reply.mutable_train();
        answer.set_round(train->round);
        answer.set_rounds(federation_.rounds());
        for (const std::string_view tensor : tensor_names) answer.add_tensors(std::string(tensor));
        answer.set_chunk_size(options_.chunk_size);
        if (const auto model = federation_.model_of(train->round))
            answer.set_model_size(model->size_in_bytes());
    } else if (const auto* wait = std::get_if<WaitForRound>(&task)) {
        reply.mutable_sleep()->set_milliseconds(static_cast<std::uint32_t>(options_.poll.count()));
        reply.mutable_sleep()->set_next_round(wait->round);
    } else {
        reply.mutable_quit();
    }
}

Status Service::fill_tensor(const wire::GetAggregatedTensorRequest& request, wire::Tensor& tensor) const {
    const unsigned number = collaborator_number(request.collaborator(), federation_.collaborators());
    const auto model = federation_.model_for(number, request.round());
    if (!model)
        return refuse(StatusCode::FAILED_PRECONDITION, "{} asked for round {}, which is not the current one",
                      request.collaborator(), request.round());
    const auto values = std::as_const(*model).tensor(request.name());
    if (values.empty()) return refuse(StatusCode::NOT_FOUND, "the model has no tensor '{}'", request.name());
    tensor.set_name(request.name());
    tensor.set_values(to_bytes(values));
    return Status::OK;
}

Status Service::submit(const std::string& name, unsigned round, const std::string& payload, bool& duplicate) {
    std::optional<Update> update = parse_results(payload);
    const auto model = federation_.model_of(round);
    if (!update || (model && model->hidden_width() != update->model.hidden_width()))
        return refuse(StatusCode::INVALID_ARGUMENT,
                      "the results of {} are not a trained model of this federation", name);
    const unsigned number = collaborator_number(name, federation_.collaborators());
    const Submission submission = federation_.submit(number, round, std::move(*update));
    if (submission == Submission::premature)
        return refuse(StatusCode::FAILED_PRECONDITION, "{} sent results of round {}, which has not begun",
                      name, round);
    duplicate = submission == Submission::duplicate || submission == Submission::late;
    if (submission == Submission::late)
        log("aggregator: round {}: results from {} came too late", round, name);
    else if (duplicate)
        log("aggregator: round {}: results from {} were here already", round, name);
    else
        log("aggregator: round {}: results from {} are complete ({} bytes)", round, name, payload.size());
    return Status::OK;
}

grpc::ServerUnaryReactor* Service::GetTasks(grpc::CallbackServerContext* context,
                                            const wire::GetTasksRequest* request,
                                            wire::GetTasksReply* reply) {
    const Status status = authorise(*context, request->collaborator());
    if (status.ok()) fill_tasks(request->collaborator(), *reply);
    auto* const reactor = context->DefaultReactor();
    reactor->Finish(status);
    return reactor;
}

grpc::ServerUnaryReactor* Service::GetAggregatedTensor(grpc::CallbackServerContext* context,
                                                       const wire::GetAggregatedTensorRequest* request,
                                                       wire::Tensor* reply) {
    Status status = authorise(*context, request->collaborator());
    if (status.ok()) status = fill_tensor(*request, *reply);
    return new TensorReactor(*request, status);
}

grpc::ServerReadReactor<wire::ResultsChunk>* Service::SendLocalTaskResults(
    grpc::CallbackServerContext* context, wire::SendLocalTaskResultsReply* reply) {
    return new ResultsReactor(*this, *context, *reply);
}

}  // namespace netcut::reference
