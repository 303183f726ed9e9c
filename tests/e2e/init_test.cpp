// SPDX-License-Identifier: Apache-2.0
//
// netcut-fl init: the scenario that it writes is one, and of what the folder looks like.
#include <sys/stat.h>

#include <fstream>

#include "e2e/tool.h"
#include "scenario/scenario.h"
#include "scenario/yaml.h"

namespace netcut::test::NETCUT_FILE {
namespace {

namespace fs = std::filesystem;

using Files = std::map<std::string, std::string>;

// In a folder with these files.
class Init {
  public:
    explicit Init(const Files& files = {}) {
        for (const auto& [name, text] : files) {
            fs::create_directories(fs::path(folder_ / name).parent_path());
            std::ofstream(folder_ / name) << text;
        }
    }
    Finished run(const Arguments& more = {}) const {
        Arguments arguments = {"init"};
        arguments.insert(arguments.end(), more.begin(), more.end());
        return Tool(arguments,
                    [&] {
                        if (::chdir(folder_.path().c_str()) != 0) ::_exit(1);
                        ::unsetenv("VIRTUAL_ENV");
                    })
            .wait();
    }
    std::string text() const { return slurp(folder_ / "scenario.yaml"); }

  private:
    Folder folder_;
};

// Over its template, as a run reads it.
Scenario read(const std::string& text) {
    Scenario scenario;
    const std::string name = template_named_in(text);
    if (!name.empty()) scenario.template_name = name;
    const auto result = read_yaml(scenario, text, "scenario.yaml");
    if (!result) throw std::runtime_error(result.error().text() + "\n" + text);
    return scenario;
}

TEST(Init, KnowsAFrameworkByItsFiles) {
    const std::vector<std::pair<Files, std::string>> cases = {
        {{{"pyproject.toml", "[tool.flwr.app]\npublisher = \"x\"\n"}}, "flower/app"},
        {{{"plan/plan.yaml", "aggregator: {}\n"}}, "openfl/torch_cnn_mnist"},
        {{{"meta.conf", "{}"}, {"app/config/config_fed_server.conf", ""}}, "nvflare/poc"},
        {{{"server.py", "import flwr\nflwr.server.start_server()\n"}, {"client.py", ""}}, "flower/legacy"},
    };
    for (const auto& [files, name] : cases) {
        const Init init(files);
        const Finished finished = init.run();
        EXPECT_EQ(finished.status, 0) << finished.err;
        EXPECT_TRUE(contains(finished.out, name)) << finished.out;
        EXPECT_EQ(read(init.text()).template_name, name) << init.text();
    }
}

TEST(Init, FindsScriptsAndAnEnvironment) {
    const Init plain(Files{{"aggregator.py", ""}, {"client.py", ""}});
    ASSERT_EQ(plain.run().status, 0);
    const Scenario scenario = read(plain.text());
    EXPECT_EQ(scenario.aggregator.command, (Arguments{"python3", "aggregator.py"}));
    EXPECT_EQ(scenario.collaborator.command, (Arguments{"python3", "client.py", "{aggregator}", "{index}"}));
    ASSERT_EQ(scenario.faults.size(), 1U);

    const Init flower(Files{{"pyproject.toml", "[tool.flwr.app]\n"}, {".venv/bin/python3", ""}});
    ASSERT_EQ(flower.run().status, 0);
    EXPECT_EQ(read(flower.text()).parameters.at("environment"), ".venv");
}

TEST(Init, OverwritesNothingAndPrints) {
    const Init init(Files{{"scenario.yaml", "mine\n"}});
    const Finished refused = init.run();
    EXPECT_EQ(refused.status, 2);
    EXPECT_TRUE(contains(refused.err, "there is a file of that name")) << refused.err;
    EXPECT_EQ(init.text(), "mine\n");
    const Finished printed = init.run({"-"});
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_FALSE(read(printed.out).aggregator.command.empty());
}

TEST(Init, IsForEachTemplateThatIsNamed) {
    for (const char* name : {"flower", "openfl", "nvflare", "reference", "plain", "plain/tls"}) {
        const Finished finished = Init().run({"-", "--framework", name});
        EXPECT_EQ(finished.status, 0) << name << finished.err;
        EXPECT_FALSE(read(finished.out).faults.empty()) << finished.out;
    }
    const Finished unknown = Init().run({"--framework", "flowr"});
    EXPECT_EQ(unknown.status, 2);
    EXPECT_TRUE(contains(unknown.err, "flower")) << unknown.err;
}

}  // namespace
}  // namespace netcut::test::NETCUT_FILE
