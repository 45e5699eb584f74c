// Reads every #include of the library and checks it against the order of the layers, which src/alkali/CMakeLists.txt states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "alkali/base/files.hpp"

namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// File contents by path relative to src/alkali.
using Sources = std::map<std::string, std::string>;

const fs::path library = fs::path(ALKALI_SOURCE_DIR) / "src" / "alkali";

Sources read_library() {
    Sources sources;
    for (const auto& entry : fs::recursive_directory_iterator(library)) {
        const auto extension = entry.path().extension();
        if (extension == ".hpp" || extension == ".cpp")
            sources.emplace(fs::relative(entry.path(), library).generic_string(), alkali::base::read_file(entry.path()));
    }
    return sources;
}

std::vector<std::string> layer_order() {
    const std::string text = alkali::base::read_file(library / "CMakeLists.txt");
    std::smatch found;
    if (!std::regex_search(text, found, std::regex(R"(foreach\(layer ([a-z_ ]+)\))"))) return {};
    std::istringstream words(found[1].str());
    return {std::istream_iterator<std::string>(words), {}};
}

/// Paths below src/alkali that a file includes.
std::vector<std::string> includes(const std::string& text) {
    static const std::regex line(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*["<]alkali/([^">]+)[">])re");
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), line), end; at != end; ++at) found.push_back((*at)[1].str());
    return found;
}

std::string layer_of(const std::string& path) { return path.substr(0, path.find('/')); }

/// One line per include that goes from a layer to one below it in the order, or to no known layer.
std::vector<std::string> upward_includes(const Sources& sources, const std::vector<std::string>& order) {
    const auto rank = [&](const std::string& layer) { return std::find(order.begin(), order.end(), layer) - order.begin(); };
    std::vector<std::string> faults;
    for (const auto& [path, text] : sources)
        for (const auto& target : includes(text)) {
            const auto to = rank(layer_of(target));
            if (to == static_cast<std::ptrdiff_t>(order.size()))
                faults.push_back(path + " includes " + target + ", which is in no layer");
            else if (to > rank(layer_of(path)))
                faults.push_back(path + " includes " + target + " of a layer that builds on it");
        }
    return faults;
}

/// The files on a cycle of includes, in order, the first one repeated at the end; empty if there is none.
std::vector<std::string> include_cycle(const Sources& sources) {
    std::set<std::string> finished;
    std::vector<std::string> path;
    const auto visit = [&](const auto& self, const std::string& file) -> bool {
        const auto at = std::find(path.begin(), path.end(), file);
        if (at != path.end()) {
            path.erase(path.begin(), at);
            path.push_back(file);
            return true;
        }
        const auto source = sources.find(file);
        if (source == sources.end() || finished.contains(file)) return false;
        path.push_back(file);
        for (const auto& target : includes(source->second))
            if (self(self, target)) return true;
        path.pop_back();
        finished.insert(file);
        return false;
    };
    for (const auto& [file, text] : sources)
        if (visit(visit, file)) return path;
    return {};
}

bool holds(const std::string& folder, const std::string& other) { return other == folder || other.starts_with(folder + "/"); }

/// Cycles between sibling folders (models/nequip, models/common, ...) are cycles too. A folder and those inside it are one
/// thing: equation_of_state/ may hold both what the study of a crystal needs and a property that needs the study.
Sources merged_by_module(const Sources& sources) {
    Sources modules;
    const auto module_of = [](const std::string& path) { return path.substr(0, path.rfind('/')); };
    for (const auto& [path, text] : sources) {
        if (path.find("/tests/") != std::string::npos) continue;
        for (const auto& target : includes(text))
            if (!holds(module_of(target), module_of(path)) && !holds(module_of(path), module_of(target)))
                modules[module_of(path)] += "#include \"alkali/" + module_of(target) + "\"\n";
    }
    return modules;
}

TEST(Layers, the_library_has_files_and_an_order) {
    EXPECT_GT(read_library().size(), 20u);
    EXPECT_GT(layer_order().size(), 10u);
    EXPECT_EQ(layer_order().front(), "base");
    EXPECT_EQ(layer_order().back(), "report");
}

TEST(Layers, no_file_includes_a_layer_that_builds_on_its_own) { EXPECT_THAT(upward_includes(read_library(), layer_order()), IsEmpty()); }
TEST(Layers, no_file_includes_itself_by_way_of_others) { EXPECT_THAT(include_cycle(read_library()), IsEmpty()); }
TEST(Layers, no_two_sibling_folders_include_each_other) { EXPECT_THAT(include_cycle(merged_by_module(read_library())), IsEmpty()); }

// Paths relative to the file would escape the checks above.
TEST(Layers, no_include_climbs_out_of_its_folder) {
    for (const auto& [path, text] : read_library()) EXPECT_THAT(text, testing::Not(HasSubstr("#include \"../"))) << path;
}

TEST(Layers, every_layer_folder_is_in_the_order) {
    const auto order = layer_order();
    for (const auto& entry : fs::directory_iterator(library))
        if (entry.is_directory()) {
            EXPECT_THAT(order, testing::Contains(entry.path().filename().string()));
        }
}

// The check itself can fail.
TEST(Layers, an_upward_include_is_found) {
    const Sources sources{{"base/a.hpp", "#pragma once\n#include \"alkali/report/b.hpp\"\n"},
                          {"report/b.hpp", "#include \"alkali/base/a.hpp\"\n"}};
    EXPECT_THAT(upward_includes(sources, {"base", "report"}), ElementsAre(HasSubstr("base/a.hpp includes report/b.hpp")));
}

TEST(Layers, an_include_of_an_unknown_layer_is_found) {
    EXPECT_THAT(upward_includes({{"base/a.hpp", "#include <alkali/magic/b.hpp>\n"}}, {"base"}), ElementsAre(HasSubstr("no layer")));
}

TEST(Layers, a_cycle_is_found) {
    const Sources sources{{"a/x.hpp", "#include \"alkali/a/y.hpp\"\n"},
                          {"a/y.hpp", "  # include \"alkali/a/z.hpp\"\n"},
                          {"a/z.hpp", "#include \"alkali/a/y.hpp\"\n"}};
    EXPECT_THAT(include_cycle(sources), ElementsAre("a/y.hpp", "a/z.hpp", "a/y.hpp"));
}

TEST(Layers, folders_that_include_each_other_are_found) {
    const Sources sources{{"m/a/x.hpp", "#include \"alkali/m/b/y.hpp\"\n"},
                          {"m/b/y.hpp", ""},
                          {"m/b/z.hpp", "#include \"alkali/m/a/w.hpp\"\n"},
                          {"m/a/w.hpp", ""}};
    EXPECT_THAT(include_cycle(sources), IsEmpty());
    EXPECT_THAT(include_cycle(merged_by_module(sources)), ElementsAre("m/a", "m/b", "m/a"));
}

TEST(Layers, includes_in_comments_do_not_count) { EXPECT_THAT(includes("// #include \"alkali/a/b.hpp\"\n"), IsEmpty()); }

/// What reads or writes JSON by itself, in one file's text.
std::vector<std::string> json_by_itself(const std::string& text) {
    static const std::regex call(R"((\b[Jj]son::(parse|accept|sax_parse|from_[a-z]+)|(\.|->)\s*dump)\s*\()");
    std::vector<std::string> found;
    for (std::sregex_iterator at(text.begin(), text.end(), call), end; at != end; ++at) found.push_back((*at)[0].str());
    return found;
}

// Elsewhere there would be no limit of depth and size, keys given twice would be taken, and a name of a file that is not UTF-8 would end a
// run when it is written.
TEST(Layers, json_is_read_and_written_in_one_place) {
    int files = 0;
    for (const fs::path& root : {library, fs::path(ALKALI_SOURCE_DIR) / "apps", fs::path(ALKALI_SOURCE_DIR) / "python"})
        for (const auto& entry : fs::recursive_directory_iterator(root)) {
            const auto& path = entry.path();
            if (path.extension() != ".hpp" && path.extension() != ".cpp") continue;
            if (path.generic_string().find("/tests/") != std::string::npos || path == library / "config" / "json.cpp") continue;
            ++files;
            EXPECT_THAT(json_by_itself(alkali::base::read_file(path)), IsEmpty()) << path << ": use alkali/config/json.hpp";
        }
    EXPECT_GT(files, 100);
    EXPECT_THAT(json_by_itself(alkali::base::read_file(library / "config" / "json.cpp")), testing::SizeIs(3));
}

TEST(Layers, json_read_or_written_elsewhere_is_found) {
    for (const char* text : {"nlohmann::json::parse(text)", "json::accept (text)", "Json::sax_parse(text, &x)", "value.dump()",
                             "value->dump(2)", "json::from_cbor(bytes)", "f().dump(1)"})
        EXPECT_THAT(json_by_itself(text), testing::SizeIs(1)) << text;
    for (const char* text :
         {"Records::from_json(json, where)", "config::parse_json(text, where)", "open_lammps_dump(stream)", "is_dump(text)"})
        EXPECT_THAT(json_by_itself(text), IsEmpty()) << text;
}

}  // namespace
