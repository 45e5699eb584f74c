#include "campaign.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <set>
#include <stdexcept>

#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/io/format.hpp"
#include "alkali/labelling/key.hpp"

namespace alkali::label_test {
namespace {

namespace fs = std::filesystem;

/// Bulk lithium of one or two atoms, each frame a little different.
std::vector<structure::Frame> lithium(std::size_t count) {
    base::Random random(17);
    std::vector<structure::Frame> all(count);
    for (std::size_t i = 0; i < count; ++i) {
        auto& s = all[i].structure;
        s.cell = structure::Cell::cubic(random.uniform(3.2, 3.7));
        s.add(3, {0, 0, 0});
        if (i % 3 != 0) s.add(3, {1.7 + random.uniform(-0.1, 0.1), 1.7 + random.uniform(-0.1, 0.1), 1.7});
        all[i].info["config_type"] = i % 2 == 0 ? "bulk" : "strained";
        all[i].labels.energy = -1;  // of another level, to be replaced
    }
    return all;
}

constexpr const char* pseudopotential = R"(<UPF version="2.0.1">
<PP_HEADER element="Li" pseudo_type="NC" core_correction="T" functional="PBE" z_valence="1.0" wfc_cutoff="20" rho_cutoff="80"/>
</UPF>
)";

std::string exact(double value) { return fmt::format("{:a}", value); }

}  // namespace

Campaign::Campaign(std::size_t count, const Weather& weather, const std::string& queue) : frames_(count) {
    static std::atomic<int> counter{0};
    // In memory where there is such: disks that others use too make milliseconds seconds.
    const fs::path memory = "/dev/shm";
    folder_ = (::access(memory.c_str(), W_OK) == 0 ? memory : fs::temp_directory_path()) /
              fmt::format("alkali_label_{}_{}", ::getpid(), counter++);
    fs::create_directories(folder_ / "state");
    io::write_frames(folder_ / "in.extxyz", lithium(count));
    base::write_file(folder_ / "Li.UPF", pseudopotential);
    base::write_file(folder_ / "qe.yaml",
                     fmt::format("level: stand-in\necutwfc: 20\necutrho: 240\npseudopotentials: {{Li: Li.UPF}}\nk_mesh: [4, 4, 4]\n"
                                 "degauss: 0.02\nrun:\n  mpirun: [\"{}\", --state, \"{}\", --seed, \"{}\", --percent, \"{}\", "
                                 "--milliseconds, \"{}\"]\n",
                                 STAND_IN_PW, (folder_ / "state").string(), weather.seed, weather.percent, weather.milliseconds));
    config_ = {"labeller: {type: quantum_espresso, config: qe.yaml}",
               "input: in.extxyz",
               "output: out.extxyz",
               "store: labels.sqlite",
               "scratch: scratch",
               "max_failures: 0",
               "queue: " + queue};
    write_config();
}

Campaign::~Campaign() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void Campaign::set(const std::string& line) {
    const auto key = line.substr(0, line.find(':') + 1);
    std::erase_if(config_, [&](const std::string& each) { return each.starts_with(key); });
    config_.push_back(line);
    write_config();
}

void Campaign::use_quantum_espresso() const {
    base::write_file(folder_ / "qe.yaml",
                     fmt::format("level: coarse\necutwfc: 12\necutrho: 60\npseudopotentials: {{Li: "
                                 "{}/data/pseudopotentials/Li.pbe-n-nc-alkali.ld1.in}}\nk_mesh: [6, 6, 6]\ndegauss: 0.02\n"
                                 "run: {{pseudopotentials: {}}}\n",
                                 ALKALI_SOURCE_DIR, (folder_ / "pseudopotentials").string()));
}

void Campaign::write_config() const {
    std::string text;
    for (const auto& line : config_) text += line + "\n";
    base::write_file(folder_ / "label.yaml", text);
}

pid_t Campaign::start(const std::vector<std::string>& words) const {
    std::vector<std::string> arguments{ALKALI_PROGRAM, "label", "run", "label.yaml"};
    arguments.insert(arguments.end(), words.begin(), words.end());
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    // Opened before the fork: they are there however early the child is killed.
    const int out = ::open((folder_ / "stdout").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600),
              err = ::open((folder_ / "stderr").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot fork");
    if (child == 0) {
        ::dup2(::open("/dev/null", O_RDONLY), STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(err, STDERR_FILENO);
        if (::chdir(folder_.c_str()) == 0) ::execv(argv[0], argv.data());
        ::_exit(127);
    }
    ::close(out);
    ::close(err);
    return child;
}

Outcome Campaign::finish(pid_t child) const {
    int status = 0;
    ::waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), base::read_file(folder_ / "stdout"),
            base::read_file(folder_ / "stderr")};
}

std::map<std::string, int> Campaign::log(const std::string& word) const {
    std::map<std::string, int> counts;
    std::ifstream file(folder_ / "state" / "log");
    for (std::string first, structure; file >> first >> structure;)
        if (first == word) ++counts[structure];
    return counts;
}

Content content_of(const fs::path& path) {
    labelling::Store store(path);
    Content content;
    for (const auto& key : store.keys()) {
        const auto stored = *store.find(key);
        std::string text = labelling::canonical_text(stored.subject.settings) +
                           labelling::canonical_text(labelling::to_json(stored.subject.structure)) + " " +
                           exact(*stored.label.labels.energy);
        for (const auto& force : *stored.label.labels.forces)
            for (int c = 0; c < 3; ++c) text += " " + exact(force[c]);
        for (int i = 0; i < 9; ++i) text += " " + exact((*stored.label.labels.stress)(i / 3, i % 3));
        content.labels[key] = labelling::content_hash(text).substr(0, 16);
    }
    for (const auto& failure : store.failures()) content.failures[failure.key] = to_string(failure.fault);
    return content;
}

std::vector<std::string> differences(const std::map<std::string, std::string>& a, const std::map<std::string, std::string>& b) {
    std::vector<std::string> lines;
    const auto value = [](const auto& map, const std::string& key) { return map.contains(key) ? map.at(key) : "nothing"; };
    for (const auto* map : {&a, &b})
        for (const auto& [key, text] : *map)
            if (value(a, key) != value(b, key)) lines.push_back(key.substr(0, 8) + ": " + value(a, key) + ", not " + value(b, key));
    return lines;
}

void settle(const Campaign& campaign) {
    const std::set<std::string> lasting{"not converged", "overlap matrix",   "diagonalisation",
                                        "not finite",    "truncated output", "no pseudopotential"};
    for (int i = 0; i < 20; ++i) {
        if (campaign.run().status == 0) return;
        const auto content = content_of(campaign.store_path());
        const auto lasts = [&](const auto& entry) { return lasting.contains(entry.second); };
        if (content.labels.size() + content.failures.size() == campaign.frames() && std::ranges::all_of(content.failures, lasts)) return;
    }
    throw std::runtime_error("some structures never settle");
}

}  // namespace alkali::label_test
