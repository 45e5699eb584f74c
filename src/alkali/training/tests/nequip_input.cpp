#include "alkali/training/nequip_input.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/format.hpp"
#include "alkali/training/deepmd_input.hpp"
#include "alkali/training/interpolation.hpp"
#include "alkali/training/session.hpp"
#include "alkali/training/tests/foreign_config.hpp"
#include "alkali/training/tests/samples.hpp"

namespace alkali::training::nequip_input_tests {
namespace {

using config::Tree;
using testing::at;
using ::testing::HasSubstr;
using testing::Memory;
using ::testing::Not;
using testing::replaced;
namespace fs = std::filesystem;

// The form of 0.7 and later, one file shared out, everything by interpolation.
constexpr const char* shared_out = R"(run: [train, test]
reach: 4.0
elements: [Li, Na]
types: ${elements}
watched: val0_epoch/weighted_sum
size: {layers: 2, features: 4}
data:
  _target_: nequip.data.datamodule.ASEDataModule
  seed: 7
  split_dataset:
    file_path: frames.extxyz
    train: 0.5
    val: 0.25
    test: 0.25
  transforms:
    - _target_: nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper
      chemical_symbols: ${elements}
    - _target_: nequip.data.transforms.NeighborListTransform
      r_max: ${reach}
  train_dataloader:
    _target_: torch.utils.data.DataLoader
    batch_size: 2
    num_workers: 5
    shuffle: true
  val_dataloader:
    _target_: torch.utils.data.DataLoader
    batch_size: ${int_mul:${data.train_dataloader.batch_size},2}
  test_dataloader: ${data.val_dataloader}
  stats_manager:
    _target_: nequip.data.CommonDataStatisticsManager
    type_names: ${types}
trainer:
  _target_: lightning.Trainer
  accelerator: gpu
  max_epochs: 3
  max_time: 00:01:00:00
  logger:
    _target_: lightning.pytorch.loggers.wandb.WandbLogger
    save_dir: ${hydra:runtime.output_dir}
  callbacks:
    - _target_: lightning.pytorch.callbacks.EarlyStopping
      monitor: ${watched}
      patience: 20
      min_delta: 1e-3
    - _target_: lightning.pytorch.callbacks.ModelCheckpoint
      monitor: ${watched}
      dirpath: ${hydra:runtime.output_dir}
      filename: best
training_module:
  _target_: nequip.train.EMALightningModule
  ema_decay: 0.9
  loss:
    _target_: nequip.train.EnergyForceStressLoss
    per_atom_energy: true
    coeffs: {total_energy: 3.0, forces: 1.0, stress: 4.0}
  val_metrics:
    _target_: nequip.train.EnergyForceMetrics
    coeffs: {total_energy_mae: 1.0, forces_mae: 1.0}
  train_metrics: ${training_module.val_metrics}
  optimizer:
    _target_: torch.optim.Adam
    lr: 0.01
  lr_scheduler:
    scheduler:
      _target_: torch.optim.lr_scheduler.ReduceLROnPlateau
      factor: 0.6
      patience: 5
      threshold: 0.2
      min_lr: 1e-6
    monitor: ${watched}
    interval: epoch
    frequency: 1
  model:
    _target_: nequip.model.NequIPGNNModel
    compile_mode: compile
    seed: 3
    model_dtype: float32
    type_names: ${types}
    r_max: ${reach}
    num_bessels: 4
    num_layers: ${size.layers}
    l_max: 1
    parity: true
    num_features: ${size.features}
    radial_mlp_depth: 1
    radial_mlp_width: ${int_mul:${size.features},2}
    avg_num_neighbors: ${training_data_stats:num_neighbors_mean}
    per_type_energy_scales: ${training_data_stats:per_type_forces_rms}
    per_type_energy_shifts: ${training_data_stats:per_atom_energy_mean}
    pair_potential:
      _target_: nequip.nn.pair_potential.ZBL
      units: metal
      chemical_species: ${elements}
global_options: {allow_tf32: false}
)";

// The same form with files of their own, a loss of single terms, AdamW and a cosine.
constexpr const char* own_files = R"(run: train
data:
  _target_: nequip.data.datamodule.ASEDataModule
  seed: 2
  train_file_path: [frames.extxyz]
  val_file_path: held.extxyz
  ase_args: {format: extxyz}
  key_mapping: {free_energy: total_energy}
  transforms:
    - {_target_: nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper, model_type_names: [Li, Na]}
    - {_target_: nequip.data.transforms.NeighborListTransform, r_max: 4.0}
    - {_target_: nequip.data.transforms.StressSignFlipTransform}
  train_dataloader: {batch_size: 3}
trainer: {max_epochs: -1, max_steps: 6, gradient_clip_val: 5.0, accumulate_grad_batches: 2}
training_module:
  _target_: nequip.train.NequIPLightningModule
  loss:
    _target_: nequip.train.MetricsManager
    metrics:
      - name: energy
        field: {_target_: nequip.data.PerAtomModifier, field: total_energy}
        coeff: 1
        metric: {_target_: nequip.train.HuberLoss, delta: 0.02}
      - name: forces
        field: forces
        coeff: 3
        ignore_nan: true
        metric: {_target_: nequip.train.HuberLoss, delta: 0.02}
  optimizer: {_target_: torch.optim.AdamW, lr: 0.004, betas: [0.8, 0.99], weight_decay: 0.0, amsgrad: true}
  lr_scheduler:
    scheduler: {_target_: torch.optim.lr_scheduler.CosineAnnealingLR, T_max: 6, eta_min: 0.0001}
    interval: step
  model:
    _target_: nequip.model.modify
    modifiers: [{modifier: enable_OpenEquivariance}]
    model:
      _target_: nequip.model.NequIPGNNModel
      seed: 1
      model_dtype: float64
      r_max: 4.0
      type_names: [Li, Na]
      num_layers: 2
      num_features: [4, 2]
      parity: false
      radial_mlp_depth: 1
      radial_mlp_width: 8
      num_bessels: 4
      avg_num_neighbors: {Li: 9.0, Na: 10.0}
      per_type_energy_scales: 0.7
      per_type_energy_shifts: {Li: -1.0, Na: -2.0}
)";

// The form of 0.6 and earlier.
constexpr const char* flat = R"(root: results
run_name: lithium
seed: 12
dataset_seed: 45
append: true
default_dtype: float32
r_max: 4.0
num_layers: 2
feature_irreps_hidden: 4x0o + 4x0e + 2x1o + 2x1e
irreps_edge_sh: 0e + 1o
chemical_embedding_irreps_out: 6x0e
conv_to_output_hidden_irreps_out: 16x0e
nonlinearity_type: gate
nonlinearity_scalars: {e: silu, o: tanh}
num_basis: 4
invariant_layers: 1
invariant_neurons: 8
avg_num_neighbors: auto
use_sc: true
dataset: ase
dataset_file_name: frames.extxyz
ase_args:
  format: extxyz
chemical_symbols:
  - Na
  - Li
wandb: false
n_train: 6
n_val: 3
batch_size: 2
max_epochs: 3
train_val_split: random
shuffle: true
metrics_key: validation_loss
use_ema: true
ema_decay: 0.99
ema_use_num_updates: true
early_stopping_patiences: {validation_loss: 50}
early_stopping_lower_bounds: {LR: 1.0e-5}
early_stopping_upper_bounds: {cumulative_wall: 3600}
learning_rate: 0.005
loss_coeffs:
  forces: 1
  total_energy:
    - 2
    - PerAtomMSELoss
optimizer_name: Adam
optimizer_amsgrad: true
optimizer_betas: !!python/tuple
  - 0.9
  - 0.999
lr_scheduler_name: ReduceLROnPlateau
lr_scheduler_patience: 100
lr_scheduler_factor: 0.5
per_species_rescale_scales: dataset_forces_rms
per_species_rescale_shifts: [-1.5, -2.5]
model_builders: [SimpleIrrepsConfig, EnergyModel, PerSpeciesRescale, ForceOutput, RescaleEnergyEtc]
)";

Tree translated(const std::string& text, Memory* log = nullptr) {
    Memory unheard;
    return from_nequip_config(config::parse_tree(text, "c.yaml"), "c.yaml", log != nullptr ? *log : unheard);
}

std::string failure(const std::string& text) {
    return testing::failure_of([&] { static_cast<void>(translated(text)); });
}

TEST(NequipInput, blocks_become_a_config) {
    Memory log;
    const Tree tree = translated(shared_out, &log);
    EXPECT_EQ(at(tree, "model.type"), "nequip");
    EXPECT_EQ(at(tree, "model.type_names"), "Li Na");
    EXPECT_EQ(at(tree, "model.r_max"), "4.0");
    EXPECT_EQ(at(tree, "model.radial_mlp_width"), "8");
    EXPECT_EQ(at(tree, "model.model_dtype"), "mixed");
    EXPECT_EQ(at(tree, "model.avg_num_neighbors"), "auto");
    EXPECT_EQ(at(tree, "model.per_type_energy_scales"), "per_type");
    EXPECT_EQ(at(tree, "model.per_type_energy_shifts"), "mean");
    EXPECT_EQ(at(tree, "model.pair_potential.type"), "zbl");
    EXPECT_EQ(at(tree, "data.train"), "frames.extxyz");
    EXPECT_EQ(at(tree, "data.use"), "0.75");
    EXPECT_EQ(std::stod(at(tree, "data.validation")), 1.0 / 3);
    EXPECT_EQ(at(tree, "data.split_seed"), "7");
    EXPECT_EQ(at(tree, "training.seed"), "3");
    EXPECT_EQ(at(tree, "training.batch_size"), "2");
    EXPECT_EQ(at(tree, "training.max_epochs"), "3");
    EXPECT_EQ(at(tree, "training.max_seconds"), "3600");
    EXPECT_EQ(at(tree, "training.patience"), "20");
    EXPECT_EQ(at(tree, "training.ema_decay"), "0.9");
    EXPECT_EQ(at(tree, "training.loss_coeffs.stress"), "0.5");
    EXPECT_EQ(at(tree, "training.optimizer"), "adam");
    EXPECT_EQ(at(tree, "training.amsgrad"), "false");
    EXPECT_EQ(at(tree, "training.lr_schedule.type"), "plateau");
    EXPECT_EQ(at(tree, "training.lr_schedule.factor"), "0.6");
    EXPECT_EQ(at(tree, "training.stop_lr"), "1e-06");
    for (const char* word : {"is read as a training config of nequip", "trainer.accelerator", "trainer.logger", "compile_mode",
                             "ModelCheckpoint", "training_module.val_metrics", "alkali evaluate", "alkali's own rule", "min_delta"})
        EXPECT_THAT(log.text, HasSubstr(word));
}

TEST(NequipInput, neighbours_that_the_flat_form_does_not_give_are_counted_and_null_is_no_norm) {
    const std::string key = "model.avg_num_neighbors", line = "avg_num_neighbors: auto\n";
    EXPECT_EQ(at(translated(flat), key), "auto");
    EXPECT_EQ(at(translated(replaced(flat, line, "")), key), "auto");
    EXPECT_EQ(at(translated(replaced(flat, line, "avg_num_neighbors: null\n")), key), "1.0");
    EXPECT_EQ(at(translated(replaced(flat, line, "avg_num_neighbors: 14.5\n")), key), "14.5");
}

TEST(NequipInput, the_flat_form_becomes_a_config) {
    Memory log;
    const Tree tree = translated(flat, &log);
    EXPECT_EQ(at(tree, "model.type_names"), "Li Na");  // nequip orders them by atomic number
    EXPECT_EQ(at(tree, "model.l_max"), "1");
    EXPECT_EQ(at(tree, "model.parity"), "true");
    EXPECT_EQ(at(tree, "model.num_features"), "4 2");
    EXPECT_EQ(at(tree, "model.type_embed_num_features"), "6");
    EXPECT_EQ(at(tree, "model.num_bessels"), "4");
    EXPECT_EQ(at(tree, "model.bessel_trainable"), "true");
    EXPECT_EQ(at(tree, "model.per_type_energy_shifts"), "Li=-1.5 Na=-2.5");
    EXPECT_EQ(at(tree, "data.use"), "9");
    EXPECT_EQ(std::stod(at(tree, "data.validation")), 1.0 / 3);
    EXPECT_EQ(at(tree, "training.loss_coeffs.total_energy"), "2");
    EXPECT_EQ(at(tree, "training.loss_coeffs.stress"), "0.0");
    EXPECT_EQ(at(tree, "training.beta2"), "0.999");
    EXPECT_EQ(at(tree, "training.patience"), "50");
    EXPECT_EQ(at(tree, "training.max_seconds"), "3600");
    EXPECT_EQ(at(tree, "training.ema_decay"), "0.99");
    EXPECT_THAT(log.text, HasSubstr("run_name"));
    EXPECT_THAT(log.text, HasSubstr("early_stopping_lower_bounds.LR"));
    const Tree shares = translated(replaced(replaced(flat, "n_train: 6", "n_train: 80%"), "n_val: 3", "n_val: 10%"));
    EXPECT_NEAR(std::stod(at(shares, "data.use")), 0.9, 1e-12);
    EXPECT_NEAR(std::stod(at(shares, "data.validation")), 1.0 / 9, 1e-12);
    const Tree numbered = translated(replaced(flat, "chemical_symbols:\n  - Na\n  - Li\n", "chemical_symbol_to_type: {Na: 0, Li: 1}\n"));
    EXPECT_EQ(at(numbered, "model.type_names"), "Na Li");
}

TEST(NequipInput, energies_taken_whole_are_told) {
    Memory log;
    static_cast<void>(translated(replaced(flat, "    - 2\n    - PerAtomMSELoss\n", "    - 2\n"), &log));
    EXPECT_THAT(log.text, HasSubstr("counts per atom here"));
    log.text.clear();
    static_cast<void>(translated(replaced(shared_out, "per_atom_energy: true", "per_atom_energy: false"), &log));
    EXPECT_THAT(log.text, HasSubstr("training_module.loss.per_atom_energy: the energy counts per atom here"));
}

TEST(NequipInput, one_error_names_every_key_that_cannot_be_had) {
    auto text = replaced(shared_out, "parity: true", "parity: true\n    per_edge_type_cutoff: {Li: 3.0}\n    num_layer: 3");
    text = replaced(text, "torch.optim.Adam", "torch.optim.SGD");
    text = replaced(text, "lightning.pytorch.callbacks.EarlyStopping", "nequip.train.callbacks.SoftAdapt");
    text = replaced(text, "units: metal", "units: real");
    text = replaced(text, "ReduceLROnPlateau", "OneCycleLR");
    const auto message = failure(text);
    for (const char* key : {"training_module.model.per_edge_type_cutoff", "num_layer (did you mean num_layers?)", "SGD", "SoftAdapt",
                            "pair_potential.units (real)", "OneCycleLR", "c.yaml"})
        EXPECT_THAT(message, HasSubstr(key));
    EXPECT_THAT(message, Not(HasSubstr("accelerator")));
    text = replaced(replaced(flat, "optimizer_name: Adam", "optimizer_name: LBFGS"), "dataset: ase", "dataset: npz");
    text = replaced(replaced(text, "nonlinearity_type: gate", "nonlinearity_type: norm"), "0e + 1o\n", "0e + 1o + 2e\n");
    const auto flat_message = failure(replaced(text, "use_sc: true", "use_sc: false"));
    for (const char* key : {"LBFGS", "dataset (npz", "nonlinearity_type (norm)", "irreps_edge_sh", "use_sc (false)"})
        EXPECT_THAT(flat_message, HasSubstr(key));
}

TEST(NequipInput, other_models_data_and_modules_are_named) {
    EXPECT_THAT(failure(replaced(shared_out, "nequip.model.NequIPGNNModel", "allegro.model.AllegroModel")), HasSubstr("AllegroModel"));
    EXPECT_THAT(failure(replaced(shared_out, "nequip.model.NequIPGNNModel", "nequip.model.ModelFromPackage")), HasSubstr("alkali import"));
    EXPECT_THAT(failure(replaced(shared_out, "ASEDataModule", "rMD17DataModule")), HasSubstr("rMD17DataModule"));
    EXPECT_THAT(failure(replaced(shared_out, "EMALightningModule", "ScheduleFreeLightningModule")), HasSubstr("ScheduleFree"));
    EXPECT_THAT(failure(replaced(shared_out, "EnergyForceStressLoss", "OtherLoss")), HasSubstr("OtherLoss"));
    EXPECT_THAT(failure(replaced(shared_out, "stats:per_type_forces_rms", "stats:total_energy_std")), HasSubstr("total_energy_std"));
    EXPECT_THAT(failure(replaced(shared_out, "      r_max: ${reach}", "      r_max: 3.0")), HasSubstr("shorter than the model's"));
    EXPECT_THAT(failure(replaced(shared_out, "chemical_symbols: ${elements}", "chemical_symbols: [Na, Li]")),
                HasSubstr("chemical_symbols"));
    EXPECT_THAT(failure(replaced(own_files, "max_steps: 6", "max_steps: -1")), HasSubstr("without an end"));
    EXPECT_THAT(failure(replaced(shared_out, "run: [train, test]", "run: [test]")), HasSubstr("run (without train)"));
}

TEST(NequipInput, named_sizes_and_missing_labels_are_taken_over) {
    auto text =
        replaced(own_files, "_target_: nequip.model.NequIPGNNModel", "_target_: nequip.model.PresetNequIPGNNModel\n      preset: m");
    for (const char* key :
         {"      num_layers: 2\n", "      num_features: [4, 2]\n", "      parity: false\n", "      radial_mlp_width: 8\n"})
        text = replaced(text, key, "");
    const Tree tree = translated(text);
    EXPECT_EQ(at(tree, "model.num_features"), "128 64 32");
    EXPECT_EQ(at(tree, "model.radial_mlp_depth"), "1");
    EXPECT_EQ(at(tree, "model.radial_mlp_width"), "128");
    EXPECT_EQ(at(tree, "data.missing"), "mask");
    EXPECT_EQ(at(tree, "data.stress_sign"), "compression");
    EXPECT_EQ(at(translated(shared_out), "data.missing"), "error");
    const Tree ignored = translated(replaced(shared_out, "per_atom_energy: true", "per_atom_energy: true\n    ignore_nan: {stress: true}"));
    EXPECT_EQ(at(ignored, "data.missing"), "mask");
    const auto several = [](const std::string& shares) {
        return replaced(shared_out, "  split_dataset:\n    file_path: frames.extxyz\n    train: 0.5\n    val: 0.25\n    test: 0.25\n",
                        "  split_dataset:\n    - {file_path: a.xyz, train: 0.8, val: 0.2}\n    - {file_path: b.xyz, " + shares + "}\n");
    };
    EXPECT_EQ(at(translated(several("train: 0.8, val: 0.2")), "data.train"), "a.xyz b.xyz");
    EXPECT_THAT(failure(several("train: 0.7, val: 0.3")), HasSubstr("data.split_dataset (several"));
}

TEST(NequipInput, schedules_of_torch_are_taken_over) {
    const auto with = [&](const std::string& scheduler) {
        const std::string text = own_files;
        const auto begin = text.find("    scheduler: {"), end = text.find('\n', begin);
        return text.substr(0, begin) + "    scheduler: " + scheduler + text.substr(end);
    };
    const std::string prefix = "{_target_: torch.optim.lr_scheduler.";
    const Tree exponential = translated(with(prefix + "ExponentialLR, gamma: 0.9}"));
    EXPECT_EQ(at(exponential, "training.lr_schedule.type"), "exponential");
    EXPECT_EQ(at(exponential, "training.lr_schedule.decay_rate"), "0.9");
    EXPECT_EQ(at(exponential, "training.decay_steps"), "1");
    EXPECT_EQ(at(translated(with(prefix + "StepLR, step_size: 4, gamma: 0.5}")), "training.decay_steps"), "4");
    const Tree warm = translated(with(prefix + "SequentialLR, milestones: [2], schedulers: [" + prefix + "LinearLR, start_factor: 0.1}, " +
                                      prefix + "CosineAnnealingLR, T_max: 4, eta_min: 1e-5}]}"));
    EXPECT_EQ(at(warm, "training.lr_schedule.type"), "cosine");
    EXPECT_NEAR(std::stod(at(warm, "training.lr_schedule.warmup")), 1.0 / 3, 1e-12);
    EXPECT_NEAR(std::stod(at(warm, "training.lr_schedule.warmup_start")), 0.0004, 1e-12);
    EXPECT_THAT(failure(with(prefix + "CyclicLR}")), HasSubstr("CyclicLR"));
}

TEST(NequipInput, is_told_from_other_configs) {
    const auto is = [](const std::string& text) { return is_nequip_config(config::parse_tree(text, "c.yaml")); };
    EXPECT_TRUE(is(shared_out));
    EXPECT_TRUE(is(own_files));
    EXPECT_TRUE(is(flat));
    EXPECT_FALSE(is("model: {type: nequip, r_max: 4}\ndata: {train: a}\ntraining: {lr: 0.1}\n"));
    EXPECT_FALSE(is("model: {descriptor: {}}\nlearning_rate: {start_lr: 1}\nloss: {}\ntraining: {systems: a}\n"));
    EXPECT_FALSE(is("3"));
}

TEST(NequipInput, cut_anywhere_gives_a_config_or_an_error) {
    base::NullSink log;
    for (const std::string text : {shared_out, own_files, flat})
        for (std::size_t cut = 0; cut < text.size(); cut += 7)
            for (auto changed :
                 {text.substr(0, cut), text.substr(0, cut) + "[" + text.substr(cut + 1), text.substr(0, cut) + "${" + text.substr(cut)}) {
                try {
                    static_cast<void>(from_nequip_config(config::parse_tree(changed, "c.yaml"), "c.yaml", log));
                } catch (const Error&) {}
            }
}

TEST(Interpolation, stands_for_values_blocks_texts_and_whole_numbers) {
    const auto value = [](const std::string& text, const std::string& place) {
        return at(interpolated(config::parse_tree(text, "c.yaml"), "c.yaml"), place);
    };
    EXPECT_EQ(value("a: 1.5\nb: ${a}\nc: ${b}\n", "c"), "1.5");
    EXPECT_EQ(value("a: {x: [3, 4]}\nb: ${a.x[1]}\nc: ${a.x.0}\nd: ${b}${c}\n", "d"), "43");
    EXPECT_EQ(value("a: {x: 2, y: {z: \"${..x}\", w: \"${.z}\"}}\n", "a.y.w"), "2");
    EXPECT_EQ(value("a: {x: {k: 5}}\nb: ${a}\nc: ${b.x.k}\n", "c"), "5");
    EXPECT_EQ(value("key: x\na: {x: 7}\nb: ${a.${key}}\n", "b"), "7");
    EXPECT_EQ(value("n: 6\nb: ${int_div:${int_mul:${n},4},3}\n", "b"), "8");
    EXPECT_EQ(value("b: ${oc.env:HOME,here}\nc: ${oc.select:none,4}\n", "b"), "here");
    EXPECT_EQ(value("b: run_${hydra:job.name}\n", "b"), "run_${hydra:job.name}");
    for (const char* bad :
         {"a: ${b}\nb: ${a}\n", "a: ${none}\n", "a: ${int_div:5,2}\n", "a: ${int_mul:x,2}\n", "a: ${oc.env:HOME}\n", "a: x${b\n"})
        EXPECT_THROW(static_cast<void>(interpolated(config::parse_tree(bad, "c.yaml"), "c.yaml")), InputError) << bad;
    std::string grows = "a0: [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
    for (int k = 1; k < 12; ++k) {
        grows += "a" + std::to_string(k) + ": [";
        for (int j = 0; j < 10; ++j) grows += (j > 0 ? ", " : "") + ("\"${a" + std::to_string(k - 1)) + "}\"";
        grows += "]\n";
    }
    EXPECT_THROW(static_cast<void>(interpolated(config::parse_tree(grows, "c.yaml"), "c.yaml")), InputError);
}

TEST(Interpolation, of_long_texts_cannot_make_a_small_file_large) {
    std::string text = "a: " + std::string(100000, 'x') + "\nb: \"", list = "a: " + std::string(100000, 'x') + "\nb: [";
    for (int k = 0; k < 10000; ++k) {
        text += "${a}";
        list += k > 0 ? ", \"${a}\"" : "\"${a}\"";
    }
    EXPECT_THROW(static_cast<void>(interpolated(config::parse_tree(text + "\"\n", "c.yaml"), "c.yaml")), InputError);
    EXPECT_THROW(static_cast<void>(interpolated(config::parse_tree(list + "]\n", "c.yaml"), "c.yaml")), InputError);
}

class NequipTraining : public ::testing::Test {
protected:
    void SetUp() override {
        folder_ = fs::temp_directory_path() /
                  ("alkali_nequip_" + std::to_string(::getpid()) + "_" + ::testing::UnitTest::GetInstance()->current_test_info()->name());
        fs::create_directories(folder_);
        io::write_frames(folder_ / "frames.extxyz", testing::labelled_frames(12, 100));
        io::write_frames(folder_ / "held.extxyz", testing::labelled_frames(3, 200));
    }
    void TearDown() override { fs::remove_all(folder_); }

    Outcome run(const std::string& text) {
        base::write_file(folder_ / "c.yaml", text);
        base::NullProgress progress;
        SerialCommunicator communicator;
        return train({folder_ / "c.yaml", folder_ / "out", false, false, false, 0, 0, "test", "test"}, models::model_kinds(), communicator,
                     log_, progress);
    }
    [[nodiscard]] nlohmann::json hyperparameters() const {
        return models::load_model(folder_ / "out" / "best.safetensors", models::model_kinds()).model->hyperparameters();
    }

    fs::path folder_;
    Memory log_;
};

TEST_F(NequipTraining, of_blocks_with_one_file_shared_out) {
    const auto outcome = run(shared_out);
    EXPECT_EQ(outcome.epochs, 3);
    EXPECT_EQ(outcome.steps, 9);  // 6 of 12 frames to train on, 2 per step
    EXPECT_THAT(log_.text, HasSubstr("6 frames to train on, 3 for validation"));
    EXPECT_EQ(io::read_frames(folder_ / "out" / "left_out.extxyz").size(), 3u);
    EXPECT_EQ(hyperparameters()["num_layers"], 2);
    EXPECT_EQ(hyperparameters()["parity"], true);
    EXPECT_EQ(hyperparameters()["pair_potential"]["type"], "zbl");
}

TEST_F(NequipTraining, of_blocks_with_files_of_their_own) {
    const auto outcome = run(replaced(own_files, "  key_mapping: {free_energy: total_energy}\n", ""));
    EXPECT_EQ(outcome.steps, 6);
    EXPECT_THAT(log_.text, HasSubstr("12 frames to train on, 3 for validation"));
    EXPECT_THAT(log_.text, HasSubstr("batches of 6 frames"));
    EXPECT_EQ(hyperparameters()["model_dtype"], "float64");
    EXPECT_EQ(hyperparameters()["avg_num_neighbors"]["Na"], 10.0);
    EXPECT_TRUE(fs::exists(folder_ / "out" / "config.yaml"));
}

TEST_F(NequipTraining, of_the_flat_form) {
    const auto outcome = run(flat);
    EXPECT_EQ(outcome.epochs, 3);
    EXPECT_THAT(log_.text, HasSubstr("6 frames to train on, 3 for validation"));
    EXPECT_EQ(hyperparameters()["num_features"], (std::vector<int>{4, 2}));
    EXPECT_EQ(hyperparameters()["type_embed_num_features"], 6);
}

}  // namespace
}  // namespace alkali::training::nequip_input_tests
