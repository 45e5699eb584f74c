// Values and keys of other programs' configs that are not what they should be: none of them is taken as absent.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "alkali/training/deepmd_input.hpp"
#include "alkali/training/nequip_input.hpp"
#include "alkali/training/tests/foreign_config.hpp"

namespace alkali::training::foreign_values_tests {
namespace {

using config::Tree;
using testing::at;
using ::testing::HasSubstr;
using testing::replaced;

constexpr const char* blocks = R"(run: [train]
data:
  _target_: nequip.data.datamodule.ASEDataModule
  split_dataset: {file_path: li.extxyz, train: 0.8, val: 0.2}
  transforms:
    - {_target_: nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper, chemical_symbols: [Li]}
    - {_target_: nequip.data.transforms.NeighborListTransform, r_max: 4.0}
  train_dataloader: {batch_size: 4, shuffle: true}
  stats_manager: {_target_: nequip.data.CommonDataStatisticsManager, type_names: [Li]}
trainer:
  max_time: {hours: 1}
  max_steps: 100
  accumulate_grad_batches: 2
  callbacks:
    - {_target_: lightning.pytorch.callbacks.EarlyStopping, patience: 20, min_delta: 0.001}
training_module:
  _target_: nequip.train.EMALightningModule
  loss: {_target_: nequip.train.EnergyForceLoss, per_atom_energy: true, coeffs: {total_energy: 1.0, forces: 10}}
  optimizer: {_target_: torch.optim.Adam, lr: 0.01, amsgrad: true}
  lr_scheduler:
    scheduler: {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 100, eta_min: 1.0e-4}
    interval: step
    frequency: 1
  model:
    _target_: nequip.model.NequIPGNNModel
    r_max: 4.0
    type_names: [Li]
    num_layers: 1
    l_max: 1
    num_features: 4
    do_derivatives: true
    pair_potential: {_target_: nequip.nn.pair_potential.ZBL, units: metal, chemical_species: [Li]}
)";

constexpr const char* terms = R"(    _target_: nequip.train.MetricsManager
    metrics:
      - {field: forces, coeff: 3, ignore_nan: true, metric: {_target_: nequip.train.HuberLoss, delta: 0.5}}
)";

constexpr const char* flat = R"(run_name: x
r_max: 4.0
num_layers: 1
l_max: 1
num_features: 4
chemical_symbols: [Li]
dataset_file_name: li.extxyz
n_train: 8
n_val: 4
use_ema: true
optimizer_amsgrad: true
max_gradient_norm: 5
per_species_rescale_trainable: true
lr_scheduler_name: CosineAnnealingLR
lr_scheduler_eta_min: 1.0e-5
early_stopping_upper_bounds: {cumulative_wall: 60}
nonlinearity_scalars: {e: silu}
loss_coeffs: {forces: 1, total_energy: [1, PerAtomMSELoss]}
)";

constexpr const char* deepmd = R"({
    "model": {"type_map": ["Li"], "descriptor": {"type": "se_e2_a", "exclude_types": [[0, 0]]}, "fitting_net": {"trainable": [true, true]}},
    "learning_rate": {"type": "exp", "start_lr": 0.001, "decay_steps": 5, "decay_rate": 0.9, "warmup_steps": 4, "warmup_start_factor": 0.1,
                      "stop_lr_ratio": 0.01, "smooth": true},
    "loss": {}, "training": {"training_data": {"systems": ["a"], "batch_size": 2}, "numb_steps": 20, "enable_ema": true, "acc_freq": 1}})";

/// In place of the loss in one line.
std::string with_terms() {
    const std::string text = blocks;
    const auto begin = text.find("  loss: {"), end = text.find('\n', begin);
    return text.substr(0, begin) + "  loss:\n" + terms + text.substr(end + 1);
}

Tree of_nequip(const std::string& text) {
    base::NullSink log;
    return from_nequip_config(config::parse_tree(text, "c.yaml"), "c.yaml", log);
}
Tree of_deepmd(const std::string& text) {
    base::NullSink log;
    return from_deepmd_input(config::parse_json_tree(text, "in.json"), "in.json", log);
}
std::string nequip_failure(const std::string& text, const std::string& what, const std::string& with) {
    return testing::failure_of([&] { static_cast<void>(of_nequip(replaced(text, what, with))); });
}
std::string deepmd_failure(const std::string& what, const std::string& with) {
    return testing::failure_of([&] { static_cast<void>(of_deepmd(replaced(deepmd, what, with))); });
}

TEST(ForeignValues, that_are_right_are_taken) {
    EXPECT_EQ(std::stod(at(of_nequip(blocks), "training.loss_coeffs.forces")), 10.0 / 11);
    EXPECT_EQ(std::stod(at(of_nequip(replaced(blocks, "forces: 10", "forces: +10")), "training.loss_coeffs.forces")), 10.0 / 11);
    EXPECT_EQ(at(of_nequip(blocks), "training.batch_size"), "8");
    EXPECT_EQ(at(of_nequip(blocks), "training.max_seconds"), "3600");
    EXPECT_EQ(at(of_nequip(with_terms()), "training.huber_delta"), "0.5");
    EXPECT_EQ(at(of_nequip(with_terms()), "data.missing"), "mask");
    EXPECT_EQ(at(of_nequip(flat), "training.gradient_clip"), "5");
    EXPECT_EQ(at(of_deepmd(deepmd), "training.ema_decay"), "0.999");
    EXPECT_EQ(at(of_deepmd(deepmd), "model.fitting_net.trainable"), "true");
}

TEST(ForeignValues, of_nequip_that_are_no_numbers_or_truths_are_refused_by_their_keys) {
    struct Case {
        std::string what, with, key;
    };
    for (const auto& [what, with, key] :
         std::vector<Case>{{"forces: 10", "forces: '10'", "'training_module.loss.coeffs.forces' must be a number, not the text '10'"},
                           {"forces: 10", "forces: 1_000", "training_module.loss.coeffs.forces"},
                           {"forces: 10", "forces: [10]", "training_module.loss.coeffs.forces"},
                           {"train: 0.8", "train: '0.8'", "data.split_dataset.train"},
                           {"shuffle: true", "shuffle: 'true'", "data.train_dataloader.shuffle"},
                           {"hours: 1", "hours: '1'", "trainer.max_time.hours"},
                           {"max_steps: 100", "max_steps: '100'", "trainer.max_steps"},
                           {"batches: 2", "batches: '2'", "trainer.accumulate_grad_batches"},
                           {"batches: 2", "batches: {0: 4}", "trainer.accumulate_grad_batches"},
                           {"batches: 2", "batches: 1.5", "trainer.accumulate_grad_batches"},
                           {"min_delta: 0.001", "min_delta: small", "EarlyStopping).min_delta"},
                           {"energy: true", "energy: 1", "training_module.loss.per_atom_energy"},
                           {"amsgrad: true", "amsgrad: 'true'", "training_module.optimizer.amsgrad"},
                           {"T_max: 100", "T_max: '100'", "scheduler.T_max"},
                           {"eta_min: 1.0e-4", "eta_min: '1e-4'", "scheduler.eta_min"},
                           {"frequency: 1", "frequency: '1'", "training_module.lr_scheduler.frequency"},
                           {"frequency: 1", "frequency: 2", "training_module.lr_scheduler.frequency"},
                           {"interval: step", "interval: steps", "training_module.lr_scheduler.interval (steps)"},
                           {"derivatives: true", "derivatives: 'false'", "training_module.model.do_derivatives"},
                           {"Transform, r_max: 4.0", "Transform, r_max: '4.0'", "data.transforms.r_max"}})
        EXPECT_THAT(nequip_failure(blocks, what, with), HasSubstr(key)) << with;
    EXPECT_THAT(nequip_failure(with_terms(), "coeff: 3", "coeff: '3'"), HasSubstr("metrics.coeff"));
    EXPECT_THAT(nequip_failure(with_terms(), "delta: 0.5", "delta: '0.5'"), HasSubstr("metric.delta"));
    EXPECT_THAT(nequip_failure(with_terms(), "nan: true", "nan: 'true'"), HasSubstr("ignore_nan"));
}

TEST(ForeignValues, keys_that_no_block_of_nequip_has_are_named_with_the_nearest) {
    struct Case {
        std::string what, with, guess;
    };
    for (const auto& [what, with, guess] :
         std::vector<Case>{{"val: 0.2", "val: 0.2, tst: 0.1", "data.split_dataset.tst (did you mean test?)"},
                           {"val: 0.2", "val: 0.2, seed: 3", "data.split_dataset.seed"},
                           {"Transform, r_max", "Transform, rmax: 3, r_max", "rmax (did you mean r_max?)"},
                           {"Manager, type_names", "Manager, metric: [], type_names", "data.stats_manager.metric (did you mean metrics?)"},
                           {"hours: 1", "hour: 1", "trainer.max_time.hour (did you mean hours?)"},
                           {"patience: 20", "patiance: 20", "patiance (did you mean patience?)"},
                           {"eta_min: 1.0e-4", "eta_mn: 1.0e-4", "scheduler.eta_mn (did you mean eta_min?)"},
                           {"T_max: 100", "T_max: 100, last_epoch: 50", "scheduler.last_epoch"},
                           {"units: metal", "units: metal, unit: real", "pair_potential.unit (did you mean units?)"},
                           {"trainer:", "trainr:", "the block 'trainer' is missing"}})
        EXPECT_THAT(nequip_failure(blocks, what, with), HasSubstr(guess)) << with;
    const std::string own =
        "Manager, metrics: [{name: n, field: {_target_: nequip.data.NumNeighbors, feld: x}, metric: {_target_: Mean}}], "
        "type_names";
    EXPECT_THAT(nequip_failure(blocks, "Manager, type_names", own), HasSubstr("data.stats_manager.metrics.field.feld"));
    EXPECT_THAT(nequip_failure(with_terms(), "delta: 0.5", "dleta: 0.5"), HasSubstr("metric.dleta (did you mean delta?)"));
    const std::string cosine = "CosineAnnealingLR, T_max: 100, eta_min: 1.0e-4";
    EXPECT_THAT(nequip_failure(blocks, cosine, "ExponentialLR, gama: 0.9"), HasSubstr("scheduler.gama (did you mean gamma?)"));
    EXPECT_THAT(nequip_failure(blocks, cosine, "ReduceLROnPlateau, patiance: 3"), HasSubstr("scheduler.patiance (did you mean patience?)"));
    const std::string warm =
        "SequentialLR, milestones: [10], schedulers: [{_target_: torch.optim.lr_scheduler.LinearLR, startfactor: 0.1}, "
        "{_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 90}]";
    EXPECT_THAT(nequip_failure(blocks, cosine, warm), HasSubstr("startfactor (did you mean start_factor?)"));
}

TEST(ForeignValues, of_the_flat_form_that_are_no_numbers_or_truths_are_refused_by_their_keys) {
    struct Case {
        std::string what, with, key;
    };
    for (const auto& [what, with, key] :
         std::vector<Case>{{"use_ema: true", "use_ema: 'true'", "use_ema"},
                           {"use_ema: true", "ema_decay: '0.9'", "ema_decay"},
                           {"amsgrad: true", "amsgrad: 1", "optimizer_amsgrad"},
                           {"norm: 5", "norm: '5'", "max_gradient_norm"},
                           {"trainable: true", "trainable: 'true'", "per_species_rescale_trainable"},
                           {"eta_min: 1.0e-5", "eta_min: '1e-5'", "lr_scheduler_eta_min"},
                           {"n_train: 8", "n_train: '8'", "n_train"},
                           {"n_train: 8", "n_train: eight%", "n_train"},
                           {"wall: 60", "wall: '60'", "early_stopping_upper_bounds.cumulative_wall"},
                           {"scalars: {e: silu}", "scalars: {even: silu}", "nonlinearity_scalars.even"},
                           {"[1, PerAtomMSELoss]", "[1, PerAtomMSELoss, {a: 1}]", "loss_coeffs.total_energy (arguments"},
                           {"[1, PerAtomMSELoss]", "['1', PerAtomMSELoss]", "loss_coeffs.total_energy (1, no number"},
                           {"chemical_symbols: [Li]", "chemical_symbol_to_type: {Li: '0'}", "chemical_symbol_to_type.Li"},
                           {"chemical_symbols: [Li]", "chemical_symbols: Li", "'chemical_symbols' must be a list"},
                           {"run_name: x", "model_builders: EnergyModel", "'model_builders' must be a list"},
                           {"l_max: 1\nnum_features: 4", "feature_irreps_hidden: 99999999999x0e", "feature_irreps_hidden"}})
        EXPECT_THAT(nequip_failure(flat, what, with), HasSubstr(key)) << with;
}

TEST(ForeignValues, of_deepmd_that_are_no_numbers_or_truths_are_refused_by_their_keys) {
    struct Case {
        std::string what, with, key;
    };
    const std::string rate = "learning_rate.";
    for (const auto& [what, with, key] :
         std::vector<Case>{{R"("decay_steps": 5)", R"("decay_steps": "2")", rate + "decay_steps' must be a number, not the text '2'"},
                           {R"("decay_steps": 5)", R"("decay_steps": -1)", rate + "decay_steps"},
                           {R"("decay_steps": 5)", R"("decay_steps": 2.5)", rate + "decay_steps"},
                           {R"("decay_rate": 0.9)", R"("decay_rate": "0.9")", rate + "decay_rate"},
                           {R"("warmup_steps": 4)", R"("warmup_steps": "4")", rate + "warmup_steps"},
                           {R"("warmup_steps": 4)", R"("warmup_steps": -4)", rate + "warmup_steps"},
                           {R"("warmup_steps": 4)", R"("warmup_ratio": "0.1")", rate + "warmup_ratio"},
                           {R"("warmup_steps": 4)", R"("warmup_ratio": -0.1)", rate + "warmup_ratio"},
                           {R"("warmup_start_factor": 0.1)", R"("warmup_start_factor": "0.3")", rate + "warmup_start_factor"},
                           {R"("stop_lr_ratio": 0.01)", R"("stop_lr_ratio": "0.01")", rate + "stop_lr_ratio"},
                           {R"("smooth": true)", R"("smooth": 1)", rate + "smooth"},
                           {R"("enable_ema": true)", R"("enable_ema": "true")", "training.enable_ema"},
                           {R"("enable_ema": true)", R"("enable_ema": 1)", "training.enable_ema"},
                           {R"("acc_freq": 1)", R"("acc_freq": "1")", "training.acc_freq"},
                           {R"("acc_freq": 1)", R"("ema_decay": "0.9")", "training.ema_decay"},
                           {"[[0, 0]]", "[[0.5, 0]]", "exclude_types"},
                           {"[[0, 0]]", "3", "exclude_types"},
                           {"[true, true]", "[1, 1]", "fitting_net.trainable"}})
        EXPECT_THAT(deepmd_failure(what, with), HasSubstr(key)) << with;
}

}  // namespace
}  // namespace alkali::training::foreign_values_tests
