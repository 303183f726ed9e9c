// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "daemon/server/http.h"
#include "daemon/server/registry.h"
#include "daemon/server/sources.h"

namespace netcut {

// The resources of the daemon. Their methods and paths are those of openapi.json; what is described and not
// served, or served and not described, is an exception of the constructor's.
class Api {
  public:
    Api(boost::asio::io_context& io, Registry& registry, Launcher launcher);

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
        void fail(const Error& error) const;
    };
    using Handler = void (Api::*)(const Call&);
    struct Route {
        std::string method;
        Words pattern;
        Handler handler;
    };
    static std::map<std::string, Handler> handlers();  // by operationId
    static std::vector<Route> routes();

    void version(const Call& call);
    void openapi(const Call& call);
    void doctor(const Call& call);
    void metrics(const Call& call);
    void list_runs(const Call& call);
    void create_run(const Call& call);
    void show_run(const Call& call);
    void delete_run(const Call& call);
    void stop_run(const Call& call);
    void events(const Call& call);
    void list_faults(const Call& call);
    void add_fault(const Call& call);
    void fire_fault(const Call& call);
    void heal_fault(const Call& call);
    void list_nodes(const Call& call);
    void logs(const Call& call);
    void execute(const Call& call);
    void signal(const Call& call);

    void answer_with_run(const Call& call, const std::shared_ptr<Run>& run);
    FileSource::What journal_of(const std::shared_ptr<Run>& run) const;
    void stream(const Call& call, FileSource::What what);
    void ask(const Call& call, Json request);
    static Run::Answer answering(const Call& call);

    boost::asio::io_context& io_;
    Registry& registry_;
    Launcher launcher_;
    const std::vector<Route> routes_ = routes();
    std::function<std::size_t()> connections_;
    std::uint64_t requests_ = 0, refused_ = 0;
};

}  // namespace netcut
