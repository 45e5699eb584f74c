// Bad input never gives a number: each case ends with its status, a message that names the file, frame or key at fault,
// and no file that was not there before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <ostream>

#include "alkali/base/files.hpp"
#include "program.hpp"

namespace alkali::cli_test::bad_input_tests {
namespace {

struct Case {
    const char* name;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> (*files)();
    std::vector<std::string> message;  ///< every part must be told
    int status = 1;
};
void PrintTo(const Case& bad, std::ostream* stream) { *stream << bad.name; }

// What the cases start from: data.extxyz, config.yaml, model.safetensors, all good.
std::map<std::string, std::string> good() {
    return {{"data.extxyz", good_frames()}, {"config.yaml", good_config()}, {"model.safetensors", good_model()}};
}
std::map<std::string, std::string> nothing() { return {}; }

/// Spoils one part of data.extxyz or config.yaml.
template <class Edit>
std::map<std::string, std::string> spoiled(const std::string& file, Edit edit) {
    auto files = good();
    files[file] = edit(files[file]);
    return files;
}
std::map<std::string, std::string> data_with(const std::string& from, const std::string& to) {
    return spoiled("data.extxyz", [&](const std::string& text) { return with(text, from, to); });
}
std::map<std::string, std::string> config_with(const std::string& from, const std::string& to) {
    return spoiled("config.yaml", [&](const std::string& text) { return with(text, from, to); });
}

/// good() and a config of Quantum ESPRESSO.
std::map<std::string, std::string> quantum_espresso(const std::string& pseudopotential, const std::string& more = "") {
    auto files = good();
    files["qe.yaml"] = "level: x\necutwfc: 20\nk_spacing: 0.1\ndegauss: 0.02\npseudopotentials: {Li: " + pseudopotential + "}\n" + more;
    return files;
}
const std::string shipped_pseudopotential = ALKALI_SOURCE_DIR "/data/pseudopotentials/Li.pbe-n-nc-alkali.ld1.in";

const std::vector<std::string> train{"train", "config.yaml", "-o", "out"};
const std::vector<std::string> evaluate{"evaluate", "model.safetensors", "data.extxyz", "--json", "out.json"};
const std::vector<std::string> predict{"predict", "model.safetensors", "data.extxyz", "-o", "out.extxyz"};
// The second frame of good_frames(), which is frame 1 counted from 0.
const std::string second_energy = "energy=-42.0 free_energy=-42.0", second_lattice = "\"3.5 0.0 0.0 0.0 3.5 0.0 0.0 0.0 7.0\"",
                  second_atom = "Li 1.8 1.75 1.75 ";

const std::vector<std::string> by_quantum_espresso{"predict", "qe:qe.yaml", "data.extxyz", "-o", "out.extxyz"};

const std::vector<Case> cases{
    // Configs.
    {"unknown_key", train, [] { return config_with("batch_size", "batch_sise"); }, {"batch_sise", "batch_size"}},
    {"unknown_key_in_model", train, [] { return config_with("num_layers", "num_layer"); }, {"num_layer", "num_layers"}},
    {"value_of_another_type", train, [] { return config_with("batch_size: 1", "batch_size: many"); }, {"batch_size", "many"}},
    {"cutoff_below_zero", train, [] { return config_with("r_max: 4.0", "r_max: -4.0"); }, {"r_max"}},
    {"unknown_model_type", train, [] { return config_with("type: nequip", "type: neqiup"); }, {"neqiup", "nequip"}},
    {"config_that_is_not_yaml", train, [] { return config_with("  r_max: 4.0", "\tr_max: [4.0"); }, {"config.yaml"}},
    {"config_that_is_missing", train, nothing, {"config.yaml"}},
    {"data_that_are_missing", train, [] { return config_with("train: data.extxyz", "train: nowhere.extxyz"); }, {"nowhere.extxyz"}},
    {"species_missing_from_the_model", train, [] { return data_with(second_atom, "K  1.8 1.75 1.75 "); }, {"data.extxyz", "frame 1", "K"}},
    {"weighted_stress_that_is_absent",
     train,
     [] { return data_with("stress=\"0.003 0.0 0.0 0.0 0.003 0.0 0.0 0.0 0.003\" ", ""); },
     {"data.extxyz", "frame 1", "stress"}},
    // Quantum ESPRESSO.
    {"pseudopotential_that_is_missing", by_quantum_espresso, [] { return quantum_espresso("nowhere.UPF"); }, {"nowhere.UPF", "line 5"}},
    {"pseudopotential_that_is_none", by_quantum_espresso, [] { return quantum_espresso("data.extxyz"); }, {"data.extxyz", "UPF"}},
    {"unknown_key_of_quantum_espresso",
     by_quantum_espresso,
     [] { return quantum_espresso(shipped_pseudopotential, "ecutrh: 80\n"); },
     {"ecutrh", "ecutrho"}},
    {"quantum_espresso_without_its_program",
     by_quantum_espresso,
     [] { return quantum_espresso(shipped_pseudopotential, "run: {program: no-pw.x}\n"); },
     {"no-pw.x", "installed"}},
    {"input_of_ld1_that_is_missing", {"label", "pseudopotential", "nowhere.in"}, nothing, {"nowhere.in"}},
    {"input_of_ld1_that_is_none", {"label", "pseudopotential", "config.yaml"}, good, {"config.yaml", "&inputp"}},
    // Structures and labels.
    {"label_that_is_nan",
     train,
     [] { return data_with(second_energy, "energy=nan free_energy=nan"); },
     {"data.extxyz", "frame 1", "energy"}},
    {"force_that_is_nan",
     evaluate,
     [] { return data_with(second_atom + "-0.03", second_atom + "nan"); },
     {"data.extxyz", "frame 1", "force"}},
    {"cell_without_volume",
     evaluate,
     [] { return data_with(second_lattice, "\"3.5 0.0 0.0 3.5 0.0 0.0 0.0 0.0 7.0\""); },
     {"data.extxyz", "frame 1"}},
    {"lattice_of_eight_numbers",
     evaluate,
     [] { return data_with(second_lattice, "\"3.5 0.0 0.0 0.0 3.5 0.0 0.0 0.0\""); },
     {"data.extxyz", "frame 1", "Lattice"}},
    {"file_that_ends_early",
     evaluate,
     [] { return spoiled("data.extxyz", [](const std::string& text) { return text.substr(0, text.rfind("Li ")); }); },
     {"data.extxyz", "frame 1"}},
    {"position_that_is_a_word", predict, [] { return data_with(second_atom, "Li here 1.75 1.75 "); }, {"data.extxyz", "frame 1", "here"}},
    {"element_that_does_not_exist", predict, [] { return data_with(second_atom, "Lx 1.8 1.75 1.75 "); }, {"data.extxyz", "frame 1", "Lx"}},
    {"file_without_a_frame",
     predict,
     [] { return spoiled("data.extxyz", [](const std::string&) { return std::string(); }); },
     {"data.extxyz"}},
    {"structure_that_is_missing", {"relax", "model.safetensors", "nowhere.extxyz", "-o", "out.extxyz"}, good, {"nowhere.extxyz"}},
    // Models.
    {"model_that_is_missing", {"evaluate", "nowhere.safetensors", "data.extxyz", "--json", "out.json"}, good, {"nowhere.safetensors"}},
    {"model_cut_short",
     evaluate,
     [] { return spoiled("model.safetensors", [](const std::string& text) { return text.substr(0, text.size() - 100); }); },
     {"model.safetensors"}},
    {"model_that_is_text",
     evaluate,
     [] { return spoiled("model.safetensors", [](const std::string&) { return std::string("not a model at all"); }); },
     {"model.safetensors"}},
    {"kind_of_calculator_misspelt", {"properties", "kmi:SNAP", "-o", "out"}, nothing, {"kmi", "kim"}},
    {"kim_model_misspelt",
     {"properties", "kim:SNAP_ZuoChenLi_2019_Li__MO_732106099012_001", "--only", "lattice", "-o", "out"},
     nothing,
     {"SNAP_ZuoChenLi_2019_Li__MO_732106099012_000"}},
    {"property_misspelt", {"properties", "model.safetensors", "--only", "elastik", "-o", "out"}, good, {"elastik", "elastic"}},
    // Outputs and folders.
    {"labels_into_a_format_that_holds_none",
     {"predict", "model.safetensors", "data.extxyz", "-o", "out.lmp"},
     good,
     {"out.lmp", "lammps-data", "extxyz"}},
    {"labels_into_a_format_that_holds_forces_only",
     {"predict", "model.safetensors", "data.extxyz", "-o", "out.dump"},
     good,
     {"out.dump", "lammps-dump", "extxyz"}},
    {"groups_to_keep_together_that_are_not_there",
     {"data", "split", "data.extxyz", "-o", "parts", "--by", "whole-group"},
     [] {
         return spoiled("data.extxyz",
                        [](const std::string& text) { return with(with(text, "config_type=bulk ", ""), "config_type=bulk ", ""); });
     },
     {"group"}},
    {"folder_in_the_place_of_the_output",
     {"predict", "model.safetensors", "data.extxyz", "-o", "d.extxyz"},
     [] {
         auto files = good();
         files["d.extxyz/kept"] = "";
         return files;
     },
     {"d.extxyz"}},
    {"output_format_unknown", {"data", "convert", "data.extxyz", "-o", "out.nothing"}, good, {"out.nothing"}},
    {"input_of_a_conversion_missing", {"data", "convert", "nowhere.extxyz", "-o", "out.extxyz"}, nothing, {"nowhere.extxyz"}},
    {"report_of_a_missing_folder", {"report", "nowhere", "-o", "report.html"}, nothing, {"nowhere"}},
    {"records_that_are_not_json",
     {"report", "r", "-o", "report.html"},
     [] {
         return std::map<std::string, std::string>{{"r/records.json", "{\"schema\": 1,"}};
     },
     {"r/records.json"}},
    {"records_of_another_schema",
     {"report", "r", "-o", "report.html"},
     [] {
         return std::map<std::string, std::string>{{"r/records.json", "{\"schema\": 99, \"records\": {}}"}};
     },
     {"r/records.json", "schema"}},
};

class BadInput : public testing::TestWithParam<Case> {};

TEST_P(BadInput, is_named_and_leaves_no_output) {
    const auto& bad = GetParam();
    const Scratch scratch;
    for (const auto& [name, content] : bad.files()) base::write_file(scratch.path() / name, content);
    const auto before = scratch.content();
    const auto outcome = run(bad.arguments, scratch.path());
    EXPECT_EQ(outcome.status, bad.status) << outcome.all();
    for (const auto& part : bad.message) EXPECT_THAT(outcome.errors, testing::HasSubstr(part));
    EXPECT_EQ(scratch.content(), before);
}

INSTANTIATE_TEST_SUITE_P(Of, BadInput, testing::ValuesIn(cases), [](const auto& info) { return std::string(info.param.name); });

TEST(GoodInput, of_the_same_files_runs) {
    const Scratch scratch;
    for (const auto& [name, content] : good()) base::write_file(scratch.path() / name, content);
    for (const auto& arguments : {train, evaluate, predict}) {
        const auto outcome = run(arguments, scratch.path());
        EXPECT_EQ(outcome.status, 0) << arguments[0] << "\n" << outcome.all();
    }
    EXPECT_THAT(scratch.content(),
                testing::IsSupersetOf({"out/best.safetensors", "out/last.safetensors", "out/metrics.csv", "out.json", "out.extxyz"}));
}

}  // namespace
}  // namespace alkali::cli_test::bad_input_tests
