// SPDX-License-Identifier: Apache-2.0
// The aggregator's side of the protocol, on gRPC's callback threads: few threads for any number of
// collaborators. A handler never blocks.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "federation.grpc.pb.h"
#include "federation.h"

namespace netcut::reference {

struct ServiceOptions {
    bool verify_names = true;  // the certificate's common name must be the name that a caller claims
    std::size_t chunk_size = 8 * 1024;
    std::chrono::milliseconds poll{250};
    std::chrono::milliseconds reply_delay{0};  // before results are answered: a slow aggregation
};

// The name's number if it is collaborator1..N, else 0.
unsigned collaborator_number(const std::string& name, unsigned collaborators);

class Service final : public wire::Aggregator::CallbackService {
  public:
    Service(Federation& federation, const ServiceOptions& options)
        : federation_(federation), options_(options) {}

    grpc::ServerUnaryReactor* GetTasks(grpc::CallbackServerContext* context,
                                       const wire::GetTasksRequest* request,
                                       wire::GetTasksReply* reply) override;
    grpc::ServerUnaryReactor* GetAggregatedTensor(grpc::CallbackServerContext* context,
                                                  const wire::GetAggregatedTensorRequest* request,
                                                  wire::Tensor* reply) override;
    grpc::ServerReadReactor<wire::ResultsChunk>* SendLocalTaskResults(
        grpc::CallbackServerContext* context, wire::SendLocalTaskResultsReply* reply) override;

    // Steps of the calls above.
    grpc::Status authorise(const grpc::CallbackServerContext& context, const std::string& name) const;
    grpc::Status fill_tensor(const wire::GetAggregatedTensorRequest& request, wire::Tensor& tensor) const;
    grpc::Status submit(const std::string& name, unsigned round, const std::string& payload, bool& duplicate);
    const ServiceOptions& options() const { return options_; }

  private:
    void fill_tasks(const std::string& name, wire::GetTasksReply& reply);

    Federation& federation_;
    const ServiceOptions options_;
};

}  // namespace netcut::reference
