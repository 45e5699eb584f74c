#include "alkali/training/deepmd_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/models/common/tests/toy_model.hpp"
#include "alkali/training/options.hpp"
#include "alkali/training/tests/feed.hpp"
#include "alkali/training/tests/foreign_config.hpp"

namespace alkali::training::deepmd_input_tests {
namespace {

using config::Tree;
using testing::at;
using ::testing::HasSubstr;
using testing::Memory;
using ::testing::Not;
using testing::replaced;

constexpr const char* third_version = R"({
    "_comment": "any",
    "model": {
        "type_map": ["Li", "Al"],
        "descriptor": {"type": "se_e2_a", "sel": [46, 40], "rcut": 6.50, "rcut_smth": 0.5, "neuron": [25, 50, 100],
                       "resnet_dt": false, "axis_neuron": 16, "seed": 1, "type_one_side": true},
        "fitting_net": {"neuron": [240, 240, 240], "resnet_dt": true, "seed": 1, "precision": "float64"}
    },
    "learning_rate": {"type": "exp", "decay_steps": 5000, "start_lr": 0.001, "stop_lr": 3.51e-8},
    "loss": {"type": "ener", "start_pref_e": 0.02, "limit_pref_e": 1, "start_pref_f": 1000, "limit_pref_f": 1,
             "start_pref_v": 0, "limit_pref_v": 0},
    "training": {
        "training_data": {"systems": ["../data/a", "/abs/b/"], "batch_size": "auto"},
        "validation_data": {"systems": "../data/v", "batch_size": 1, "numb_btch": 3},
        "numb_steps": 1000000, "seed": 10, "disp_file": "lcurve.out", "disp_freq": 100, "save_freq": 1000
    }
})";

constexpr const char* first_version = R"({
    "model": {
        "type_map": ["Li"],
        "descriptor": {"type": "se_a", "sel": [120], "rcut": 6, "neuron": [20, 40], "n_axis_neuron": 8},
        "fitting_net": {"n_neuron": [120, 120]}
    },
    "learning_rate": {"type": "exp", "start_lr": 0.005, "decay_steps": 50, "decay_rate": 0.95},
    "loss": {"start_pref_e": 0.02, "limit_pref_e": 1},
    "training": {"systems": ["a"], "set_prefix": "set", "stop_batch": 2000, "batch_size": 4, "disp_training": true}
})";

Tree translated(const std::string& text, Memory* log = nullptr) {
    Memory unheard;
    return from_deepmd_input(config::parse_json_tree(text, "in.json"), "runs/in.json", log != nullptr ? *log : unheard);
}

std::string failure(const std::string& text) {
    return testing::failure_of([&] { static_cast<void>(translated(text)); });
}

/// What the trainer makes of an input, with a toy model in place of its own.
TrainerSettings settings_of(const std::string& text) {
    Tree tree = translated(text);
    *tree.find("model") = config::tree_from({{"type", "toy"}, {"type_names", {"Li"}}});
    models::KindRegistry kinds;
    kinds.add(models::testing::toy_kind());
    base::NullSink log;
    return trainer_settings(config::check(std::move(tree), training_options(kinds), "in.json", log).values);
}

TEST(DeepmdInput, third_version_becomes_a_config) {
    Memory log;
    const Tree tree = translated(third_version, &log);
    EXPECT_EQ(at(tree, "model.type"), "deep_potential");
    EXPECT_EQ(at(tree, "model.type_names"), "Li Al");
    EXPECT_EQ(at(tree, "model.descriptor.sel"), "46 40");
    EXPECT_EQ(at(tree, "model.descriptor.rcut"), "6.5");
    EXPECT_EQ(at(tree, "model.descriptor.type_one_side"), "true");
    EXPECT_EQ(at(tree, "model.fitting_net.neuron"), "240 240 240");
    EXPECT_EQ(at(tree, "model.model_dtype"), "float64");
    EXPECT_EQ(at(tree, "data.train"), "data/a /abs/b/");
    EXPECT_EQ(at(tree, "data.validation"), "data/v");
    EXPECT_EQ(at(tree, "training.batch_size"), "auto");
    EXPECT_EQ(at(tree, "training.numb_steps"), "1000000");
    EXPECT_EQ(at(tree, "training.loss_type"), "deepmd");
    EXPECT_EQ(at(tree, "training.loss_prefactors.start_pref_f"), "1000");
    EXPECT_EQ(at(tree, "training.optimizer"), "adam");
    EXPECT_EQ(at(tree, "training.ema_decay"), "0");
    for (const char* idle : {"training.disp_file", "training.disp_freq", "training.save_freq", "model.descriptor.seed"})
        EXPECT_THAT(log.text, HasSubstr(idle));
    EXPECT_THAT(log.text, Not(HasSubstr("_comment")));
    EXPECT_EQ(at(tree, "training.validation_batches"), "3");
    EXPECT_EQ(at(tree, "training.validation_batch_size"), "1");
    EXPECT_EQ(settings_of(third_version).validation_frames, 3U);
}

TEST(DeepmdInput, first_version_becomes_a_config) {
    const Tree tree = translated(first_version);
    EXPECT_EQ(at(tree, "model.descriptor.type"), "se_e2_a");
    EXPECT_EQ(at(tree, "model.descriptor.axis_neuron"), "8");
    EXPECT_EQ(at(tree, "model.descriptor.rcut_smth"), "0.5");
    EXPECT_EQ(at(tree, "model.fitting_net.neuron"), "120 120");
    EXPECT_EQ(at(tree, "data.train"), "runs/a");
    EXPECT_EQ(at(tree, "data.validation"), "0");
    EXPECT_EQ(at(tree, "training.loss_prefactors.start_pref_v"), "none");  // left to the data
    const auto settings = settings_of(first_version);
    EXPECT_EQ(settings.max_steps, 2000);
    EXPECT_EQ(settings.batch_size, 4U);
    EXPECT_EQ(settings.loss.extent, LossSettings::Extent::deepmd);
    EXPECT_EQ(settings.loss.start->forces, 1000);
    EXPECT_FALSE(settings.adam.amsgrad);
    Schedule schedule(settings.schedule);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0, 0), 0.005);
    EXPECT_DOUBLE_EQ(schedule.learning_rate(0.5, 1000), 0.005 * std::pow(0.95, 20));
}

TEST(DeepmdInput, yaml_with_the_same_words_means_the_same) {
    base::NullSink log;
    const Tree yaml = from_deepmd_input(
        config::parse_tree("model:\n  type_map: [Li]\n  descriptor: {type: se_a, sel: [120], rcut: 6, neuron: [20, 40], n_axis_neuron: 8}\n"
                           "  fitting_net: {n_neuron: [120, 120]}\n"
                           "learning_rate: {type: exp, start_lr: 0.005, decay_steps: 50, decay_rate: 0.95}\n"
                           "loss: {start_pref_e: 0.02, limit_pref_e: 1}\n"
                           "training: {systems: [a], set_prefix: set, stop_batch: 2000, batch_size: 4}\n",
                           "in.yaml"),
        "runs/in.yaml", log);
    const Tree json = translated(first_version);
    for (const char* place : {"model.type_names", "model.descriptor.sel", "model.descriptor.axis_neuron", "training.lr", "data.train",
                              "training.lr_schedule.decay_rate", "training.numb_steps", "training.loss_prefactors.limit_pref_e"})
        EXPECT_EQ(at(yaml, place), at(json, place)) << place;
}

TEST(DeepmdInput, yes_and_no_may_be_any_of_the_words_of_yaml) {
    const auto with = [](const std::string& yes) {
        base::NullSink log;
        return from_deepmd_input(
            config::parse_tree("model:\n  type_map: [Li]\n  descriptor: {type: se_e2_a, sel: [120]}\n  fitting_net: {numb_fparam: No}\n"
                               "learning_rate: {type: exp, start_lr: 0.005, decay_steps: 50, decay_rate: 0.95, smooth: " +
                                   yes + "}\ntraining: {training_data: {systems: [a]}, numb_steps: 2000, enable_ema: " + yes + "}\n",
                               "in.yaml"),
            "runs/in.yaml", log);
    };
    for (const char* yes : {"true", "True", "TRUE", "yes", "Yes", "on", "On"}) {
        EXPECT_EQ(at(with(yes), "training.decay_steps"), "0") << yes;
        EXPECT_EQ(at(with(yes), "training.ema_decay"), "0.999") << yes;
    }
    for (const char* no : {"false", "False", "FALSE", "no", "No", "off", "Off"}) {
        EXPECT_EQ(at(with(no), "training.decay_steps"), "50") << no;
        EXPECT_EQ(at(with(no), "training.ema_decay"), "0") << no;
    }
}

TEST(DeepmdInput, one_error_names_every_key_that_cannot_be_had) {
    auto text = replaced(third_version, R"("start_pref_v": 0,)", R"("start_pref_v": 0, "start_pref_pf": 1, "use_huber": true,)");
    text = replaced(text, R"("seed": 10,)", R"("seed": 10, "acc_freq": 2, "numb_stepps": 4,)");
    text = replaced(text, R"("precision": "float64")", R"("precision": "bfloat16", "numb_fparam": 2, "trainable": [true, false])");
    const auto message = failure(replaced(text, R"("type_map")", R"("spin": {"use_spin": [true]}, "pair_exclude_types": [], "type_map")"));
    for (const char* key : {"loss.start_pref_pf", "loss.use_huber", "training.acc_freq", "training.numb_stepps (did you mean numb_steps?)",
                            "model.fitting_net.precision (bfloat16)", "model.fitting_net.numb_fparam", "model.fitting_net.trainable",
                            "model.spin", "runs/in.json"})
        EXPECT_THAT(message, HasSubstr(key));
    for (const char* fine : {"start_pref_v", "pair_exclude_types", "disp_file"}) EXPECT_THAT(message, Not(HasSubstr(fine)));
}

TEST(DeepmdInput, other_descriptors_and_models_are_named) {
    EXPECT_THAT(failure(replaced(third_version, R"("se_e2_a")", R"("dpa1")")), HasSubstr("model.descriptor.type (dpa1)"));
    EXPECT_THAT(failure(replaced(third_version, R"("type": "exp")", R"("type": "wsd")")), HasSubstr("learning_rate.type (wsd)"));
    EXPECT_THAT(failure(replaced(third_version, R"("type": "ener")", R"("type": "dos")")), HasSubstr("loss.type (dos)"));
    EXPECT_THAT(failure(replaced(third_version, R"("type_map")", R"("type": "multi", "type_map")")), HasSubstr("model.type (multi)"));
    EXPECT_THAT(failure(replaced(third_version, R"("batch_size": "auto")", R"("batch_size": [1, 2])")), HasSubstr("batch_size (different"));
    EXPECT_THAT(failure(replaced(third_version, R"("batch_size": "auto")", R"("batch_size": "filter:9")")), HasSubstr("filter:9"));
    EXPECT_THAT(failure(replaced(third_version, R"("batch_size": "auto")", R"("auto_prob": "prob_uniform")")), HasSubstr("prob_uniform"));
}

TEST(DeepmdInput, an_input_for_several_tasks_is_refused_by_what_it_asks_for) {
    const auto message = failure(R"({"model": {"shared_dict": {}, "model_dict": {"water": {}}}, "learning_rate": {}, "loss_dict": {},
        "training": {"model_prob": {"water": 1}, "data_dict": {"water": {"training_data": {"systems": ["a"]}}}, "numb_steps": 9}})");
    for (const char* key : {"model.model_dict", "loss_dict", "training.model_prob", "training.data_dict"})
        EXPECT_THAT(message, HasSubstr(key));
}

TEST(DeepmdInput, an_input_for_several_tasks_may_count_its_epochs_by_task) {
    const std::string text = R"({"model": {"shared_dict": {"names": ["O", "H"]}, "model_dict": {"water": {"type_map": "names"}}},
        "learning_rate": {"type": "exp", "start_lr": 0.0002, "decay_rate": 0.98}, "loss_dict": {"water": {"type": "ener"}},
        "training": {"num_epoch_dict": {"water": 10}, "data_dict": {"water": {"training_data": {"systems": ["a"]}}}, "seed": 10}})";
    const auto message = failure(text);
    for (const char* key :
         {"model.shared_dict", "model.model_dict", "loss_dict", "training.num_epoch_dict", "training.data_dict", "deepmd-kit"})
        EXPECT_THAT(message, HasSubstr(key));
    EXPECT_THAT(message, Not(HasSubstr("numb_epoch"))) << "no key of one task is meant";
    EXPECT_THAT(message, Not(HasSubstr("missing")));
    EXPECT_TRUE(is_deepmd_input(config::parse_json_tree(replaced(text, "learning_rate", "_rate"), "in.json")));
}

TEST(DeepmdInput, missing_steps_and_folders_are_named) {
    EXPECT_THAT(failure(replaced(first_version, R"("stop_batch": 2000,)", "")), HasSubstr("training.numb_steps"));
    EXPECT_THAT(failure(replaced(third_version, R"("systems": ["../data/a", "/abs/b/"],)", "")), HasSubstr("training_data.systems"));
    EXPECT_THAT(failure(replaced(first_version, R"("stop_batch": 2000,)", R"("stop_batch": 2000, "numb_steps": 3,)")),
                HasSubstr("under two names"));
}

TEST(DeepmdInput, excluded_pairs_are_named_by_symbols) {
    const auto with = [](const std::string& pairs) {
        return replaced(third_version, R"("resnet_dt": false,)", R"("resnet_dt": false, "exclude_types": )" + pairs + ",");
    };
    EXPECT_EQ(at(translated(with("[[0, 1], [1, 1]]")), "model.descriptor.exclude_types"), "Li-Al Al-Al");
    EXPECT_EQ(at(translated(with("[]")), "model.descriptor.exclude_types"), "none");
    EXPECT_THAT(failure(with("[[0, 2]]")), HasSubstr("'2' in model.descriptor.exclude_types"));
    EXPECT_THAT(failure(with("[[0]]")), HasSubstr("must be pairs"));
}

TEST(DeepmdInput, validation_batches_are_heeded) {
    const auto with = [](const std::string& keys) { return replaced(third_version, R"("batch_size": 1, "numb_btch": 3)", keys); };
    EXPECT_EQ(at(translated(with(R"("numb_btch": 5)")), "training.validation_batch_size"), "auto");
    EXPECT_EQ(at(translated(with(R"("batch_size": [4, 4], "numb_batch": 5)")), "training.validation_batch_size"), "4");
    Memory log;
    const Tree all = translated(with(R"("batch_size": [1, 2])"), &log);  // without a number of batches: all frames
    EXPECT_EQ(at(all, "training.validation_batches"), "none");
    EXPECT_THAT(log.text, HasSubstr("training.validation_data.batch_size"));
    EXPECT_EQ(settings_of(with(R"("batch_size": 4)")).validation_frames, 0U);
}

TEST(DeepmdInput, time_limits_stand_beside_or_instead_of_steps) {
    const auto settings = settings_of(replaced(first_version, R"("stop_batch": 2000,)", R"("max_seconds": 60,)"));
    EXPECT_EQ(settings.max_seconds, 60);
    EXPECT_EQ(settings.max_epochs, 0);
    EXPECT_DOUBLE_EQ(settings.schedule.stop_lr, 5e-6);  // decay_rate says nothing of an end: a thousandth
    EXPECT_EQ(
        settings_of(replaced(first_version, R"("stop_batch": 2000,)", R"("stop_batch": 2000, "max_cpu_seconds": 9,)")).schedule.stop_lr,
        1e-10);
}

TEST(DeepmdInput, warm_up_longer_than_half_the_run_is_refused) {
    EXPECT_THAT(failure(replaced(third_version, R"("type": "exp",)", R"("type": "exp", "warmup_steps": 2000000,)")),
                HasSubstr("warm-up of the learning rate takes 200 % of the run"));
}

TEST(DeepmdInput, single_precision_becomes_mixed) {
    EXPECT_EQ(at(translated(replaced(third_version, R"("precision": "float64")", R"("precision": "float32")")), "model.model_dtype"),
              "mixed");
}

TEST(DeepmdInput, optimiser_and_average_are_taken_over) {
    auto text = replaced(third_version, R"("loss")", R"("optimizer": {"type": "AdamW", "adam_beta2": 0.99}, "loss")");
    const auto settings = settings_of(replaced(text, R"("seed": 10)", R"("seed": 10, "enable_ema": true, "gradient_max_norm": 5.0)"));
    EXPECT_EQ(settings.adam.decay, AdamSettings::Decay::decoupled);
    EXPECT_EQ(settings.adam.beta2, 0.99);
    EXPECT_EQ(settings.adam.weight_decay, 0.001);
    EXPECT_EQ(settings.ema_decay, 0.999);
    EXPECT_EQ(settings.gradient_clip, 5);
    EXPECT_THAT(failure(replaced(third_version, R"("loss")", R"("optimizer": {"type": "LKF"}, "loss")")),
                HasSubstr("optimizer.type (LKF)"));
}

TEST(DeepmdInput, learning_rates_are_those_of_deepmd) {
    const auto golden =
        nlohmann::json::parse(base::read_file(std::filesystem::path(ALKALI_SOURCE_DIR) / "tests/golden/deepmd/schedule.json"));
    for (const auto& each : golden.at("schedules")) {
        auto input = nlohmann::json::parse(first_version);
        input["learning_rate"] = each.at("options");
        input["training"]["stop_batch"] = each.at("numb_steps");
        Schedule schedule(settings_of(input.dump()).schedule);
        const auto steps = each.at("numb_steps").get<std::int64_t>();
        std::size_t next = 0;
        for (std::int64_t step = 0; step < steps; ++step) {
            const double lr = schedule.learning_rate(static_cast<double>(step) / static_cast<double>(steps), step);
            if (next == each.at("steps").size() || each.at("steps").at(next) != step) continue;
            const double expected = each.at("lr").at(next++);
            EXPECT_NEAR(lr, expected, 1e-12 * expected + 1e-300) << each.at("name") << ", step " << step;
        }
        EXPECT_EQ(next, each.at("steps").size());
    }
}

TEST(DeepmdInput, a_config_of_alkali_is_left_alone) {
    base::NullSink log;
    const auto file = std::filesystem::temp_directory_path() / ("alkali_document_" + std::to_string(::getpid()) + ".yaml");
    base::write_file(file, "model: {type: nequip}\ndata: {train: a}\ntraining: {lr: 0.1}\n");
    EXPECT_EQ(at(read_training_document(file, log), "training.lr"), "0.1");
    std::filesystem::remove(file);
}

TEST(DeepmdInput, a_json_file_may_hold_tabs_and_is_refused_when_broken) {
    Memory log;
    const auto file = std::filesystem::temp_directory_path() / ("alkali_document_" + std::to_string(::getpid()) + ".json");
    std::string text = first_version;
    for (std::size_t k = 0; k < text.size(); ++k)
        if (text.compare(k, 4, "    ") == 0) text.replace(k, 4, "\t");
    base::write_file(file, text);
    EXPECT_EQ(at(read_training_document(file, log), "training.numb_steps"), "2000");
    EXPECT_THAT(log.text, HasSubstr("is read as an input of DeePMD-kit"));
    for (const std::string& broken : {std::string("{\"model\": "), std::string("{\"a\": 1,}"), std::string(300, '[') + "1"}) {
        base::write_file(file, broken.front() == '{' ? broken : "{\"a\": " + broken);
        EXPECT_THROW(static_cast<void>(read_training_document(file, log)), InputError);
    }
    std::filesystem::remove(file);
}

TEST(DeepmdInput, corpus_of_the_fuzzer_cut_anywhere_gives_a_config_or_an_error) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(std::filesystem::path(ALKALI_SOURCE_DIR) / "fuzz/corpus/deepmd_input")) {
        const auto bytes = base::read_file(entry.path());
        ++files;
        for (std::size_t at = 0; at <= bytes.size(); at += 3) {
            EXPECT_NO_THROW(testing::feed_deepmd_input(bytes.substr(0, at))) << entry.path() << " " << at;
            auto changed = bytes;
            changed[std::min(at, bytes.size() - 1)] = '[';
            EXPECT_NO_THROW(testing::feed_deepmd_input(changed)) << entry.path() << " " << at;
        }
    }
    EXPECT_GT(files, 1);
}

TEST(BatchRule, holds_the_atoms_asked_for) {
    models::KindRegistry kinds;
    kinds.add(models::testing::toy_kind());
    base::NullSink log;
    std::vector<structure::Frame> frames(3);
    for (auto& frame : frames)
        for (int a = 0; a < 5; ++a) frame.structure.add(3, Vec3::Zero());
    const auto size = [&](const std::string& rule) {
        auto values = config::parse("model: {type: toy, type_names: [Li]}\ndata: {train: a}\ntraining: {batch_size: " + rule + "}\n",
                                    training_options(kinds), "c.yaml", log)
                          .values;
        settle_by_data(values, frames, log);
        return trainer_settings(values).batch_size;
    };
    EXPECT_EQ(size("auto"), 7U);
    EXPECT_EQ(size("'auto:10'"), 2U);
    EXPECT_EQ(size("'auto:11'"), 3U);
    EXPECT_EQ(size("'max:14'"), 2U);
    EXPECT_EQ(size("'max:3'"), 1U);
    EXPECT_EQ(size("6"), 6U);
    for (const char* bad : {"'auto:'", "'auto:-3'", "max", "'mix:3'", "many"}) EXPECT_THROW(size(bad), InputError) << bad;
}

}  // namespace
}  // namespace alkali::training::deepmd_input_tests
