// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/json.h"
#include "daemon/server/examiner.h"
#include "daemon/server/http.h"
#include "daemon/server/registry.h"
#include "daemon/server/sources.h"

namespace netcut {

// The resources of the daemon. Their methods and paths are those of openapi.json; what is described and not
// served, or served and not described, is an exception of the constructor's.
class Api {
  public:
    Api(boost::asio::io_context& io, Registry& registry, BrokerLink& broker);

    void handle(HttpRequest request, const HttpResponder& respond);
    void count_connections(std::function<std::size_t()> connections) {
        connections_ = std::move(connections);
    }

  private:
    using Words = std::vector<std::string>;
    struct Call {
        HttpRequest request;
        HttpResponder respond;
        std::shared_ptr<Run> run;  // of what is below /runs/{run}
        Words names;               // what stands for the words in braces

        void json(const Json& json, unsigned status = 200) const;
        bool flag(const std::string& name) const;  // of the query
        std::optional<std::uint64_t> number(
            const std::string& name) const;  // of the query; 0 if it is not there
    };
    using Handler = void (Api::*)(Call&);
    struct Route {
        std::string method;
        Words pattern;
        Handler handler;
    };
    static std::map<std::string, Handler> handlers();  // by operationId
    static std::vector<Route> routes();

    void version(Call& call);
    void openapi(Call& call);
    void doctor(Call& call);
    void metrics(Call& call);
    void list_runs(Call& call);
    void create_run(Call& call);
    void show_run(Call& call);
    void verdict(Call& call);
    void record(Call& call);
    void delete_run(Call& call);
    void stop_run(Call& call);
    void events(Call& call);
    void list_faults(Call& call);
    void add_fault(Call& call);
    void fire_fault(Call& call);
    void heal_fault(Call& call);
    void list_nodes(Call& call);
    void logs(Call& call);
    void execute(Call& call);
    void signal(Call& call);

    void answer_with_run(const Call& call, const std::shared_ptr<Run>& run);
    FileSource::What file_of(const std::shared_ptr<Run>& run, const std::string& name) const;
    void stream(const Call& call, FileSource::What what, const char* type);
    void ask(Call& call, Message::Kind kind, std::vector<std::string> words);

    boost::asio::io_context& io_;
    Registry& registry_;
    BrokerLink& broker_;
    Examiner examiner_;
    const std::vector<Route> routes_ = routes();
    std::function<std::size_t()> connections_;
    std::uint64_t requests_ = 0, refused_ = 0;
};

}  // namespace netcut
