#include "alkali/training/nequip_keys.hpp"

#include <map>

namespace alkali::training::nequip_keys {

using enum KeyFate;

const KeyRules& data_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"seed", moved, "data.split_seed"},
                                {"train_file_path", read},
                                {"val_file_path", read},
                                {"train_dataset", read},
                                {"val_dataset", read},
                                {"split_dataset", read},
                                {"test_file_path", without_effect},
                                {"predict_file_path", without_effect},
                                {"test_dataset", without_effect},
                                {"predict_dataset", without_effect},
                                {"transforms", read},
                                {"ase_args", read},
                                {"key_mapping", read},
                                {"include_keys", without_effect},
                                {"exclude_keys", without_effect},
                                {"train_dataloader", read},
                                {"train_dataloader_kwargs", read},
                                {"val_dataloader", without_effect},
                                {"test_dataloader", without_effect},
                                {"predict_dataloader", without_effect},
                                {"val_dataloader_kwargs", without_effect},
                                {"test_dataloader_kwargs", without_effect},
                                {"predict_dataloader_kwargs", without_effect},
                                {"stats_manager", read}};
    return rules;
}

const KeyRules& dataset_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"file_path", read},
                                {"transforms", read},
                                {"ase_args", read},
                                {"key_mapping", read},
                                {"include_keys", without_effect},
                                {"exclude_keys", without_effect}};
    return rules;
}

const KeyRules& split_rules() {
    static const KeyRules rules{{"dataset", read}, {"file_path", read}, {"train", read}, {"val", read}, {"test", read}, {"predict", read}};
    return rules;
}

const KeyRules* transform_rules(std::string_view name) {
    static const KeyRules to_types{
        {"_target_", read}, {"chemical_symbols", read}, {"model_type_names", read}, {"chemical_species_to_atom_type_map", read}};
    static const KeyRules neighbours{{"_target_", read},
                                     {"r_max", read},
                                     {"per_edge_type_cutoff", only_neutral},
                                     {"type_names", without_effect},
                                     {"NL", without_effect},
                                     {"backend", without_effect}};
    static const KeyRules nothing{{"_target_", read}};
    if (name == "ChemicalSpeciesToAtomTypeMapper") return &to_types;
    if (name == "NeighborListTransform" || name == "SortedNeighborListTransform") return &neighbours;
    return name == "StressSignFlipTransform" || name == "AddNaNStressTransform" ? &nothing : nullptr;
}

const KeyRules& loader_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"batch_size", moved, "training.batch_size"},
                                {"shuffle", read},
                                {"num_workers", without_effect},
                                {"pin_memory", without_effect},
                                {"persistent_workers", without_effect},
                                {"prefetch_factor", without_effect},
                                {"drop_last", without_effect},
                                {"timeout", without_effect},
                                {"generator", without_effect},
                                {"multiprocessing_context", without_effect}};
    return rules;
}

const KeyRules& trainer_rules() {
    static const KeyRules rules{{"_target_", without_effect},
                                {"max_epochs", read},
                                {"max_steps", read},
                                {"max_time", read},
                                {"gradient_clip_val", read},
                                {"gradient_clip_algorithm", read},
                                {"accumulate_grad_batches", read},
                                {"callbacks", read},
                                {"limit_train_batches", read},
                                {"limit_val_batches", read},
                                {"limit_test_batches", without_effect},
                                {"overfit_batches", only_neutral},
                                {"fast_dev_run", only_neutral},
                                {"min_epochs", without_effect},
                                {"min_steps", without_effect},
                                {"accelerator", without_effect},
                                {"devices", without_effect},
                                {"num_nodes", without_effect},
                                {"strategy", without_effect},
                                {"precision", without_effect},
                                {"logger", without_effect},
                                {"enable_checkpointing", without_effect},
                                {"enable_progress_bar", without_effect},
                                {"enable_model_summary", without_effect},
                                {"check_val_every_n_epoch", without_effect},
                                {"val_check_interval", without_effect},
                                {"log_every_n_steps", without_effect},
                                {"num_sanity_val_steps", without_effect},
                                {"inference_mode", without_effect},
                                {"deterministic", without_effect},
                                {"benchmark", without_effect},
                                {"profiler", without_effect},
                                {"plugins", without_effect},
                                {"use_distributed_sampler", without_effect},
                                {"sync_batchnorm", without_effect},
                                {"reload_dataloaders_every_n_epochs", without_effect},
                                {"barebones", without_effect},
                                {"detect_anomaly", without_effect},
                                {"default_root_dir", without_effect}};
    return rules;
}

const KeyRules& early_stopping_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"monitor", read},
                                {"patience", read},
                                {"min_delta", read},
                                {"mode", read},
                                {"stopping_threshold", without_effect},
                                {"divergence_threshold", without_effect},
                                {"verbose", read},
                                {"strict", read},
                                {"check_finite", read},
                                {"check_on_train_epoch_end", read},
                                {"log_rank_zero_only", read}};
    return rules;
}

const KeyRules& lr_scheduler_rules() {
    static const KeyRules rules{
        {"scheduler", read},      {"monitor", without_effect},          {"interval", read}, {"frequency", read}, {"strict", without_effect},
        {"name", without_effect}, {"reduce_on_plateau", without_effect}};
    return rules;
}

const KeyRules* scheduler_rules(std::string_view name) {
    static const std::map<std::string_view, KeyRules> all = [] {
        const auto with = [](KeyRules own) {
            own.insert(own.end(), {{"_target_", read}, {"verbose", without_effect}});
            return own;
        };
        return std::map<std::string_view, KeyRules>{
            {"ReduceLROnPlateau", with({{"factor", read},
                                        {"patience", read},
                                        {"min_lr", read},
                                        {"mode", read},
                                        {"threshold", without_effect},
                                        {"threshold_mode", without_effect},
                                        {"cooldown", without_effect},
                                        {"eps", without_effect}})},
            {"ConstantLR", with({{"factor", read}, {"total_iters", without_effect}, {"last_epoch", read}})},
            {"CosineAnnealingLR", with({{"T_max", read}, {"eta_min", read}, {"last_epoch", read}})},
            {"SequentialLR", with({{"schedulers", read}, {"milestones", read}, {"last_epoch", read}})},
            {"LinearLR", with({{"start_factor", read}, {"end_factor", read}, {"total_iters", read}, {"last_epoch", read}})},
            {"ExponentialLR", with({{"gamma", read}, {"last_epoch", read}})},
            {"StepLR", with({{"step_size", read}, {"gamma", read}, {"last_epoch", read}})}};
    }();
    const auto found = all.find(name);
    return found == all.end() ? nullptr : &found->second;
}

const KeyRules& field_rules() {
    static const KeyRules rules{{"total_energy", read}, {"forces", read}, {"stress", read}};
    return rules;
}

const KeyRules& modifier_rules() {
    static const KeyRules rules{{"_target_", read}, {"field", read}, {"factor", only_neutral}};
    return rules;
}

const KeyRules& pair_potential_rules() {
    static const KeyRules rules{
        {"_target_", read}, {"units", read}, {"chemical_species", read}, {"type_names", without_effect}, {"polynomial_cutoff_p", read}};
    return rules;
}

const KeyRules& module_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"ema_decay", read},
                                {"model", read},
                                {"loss", read},
                                {"optimizer", read},
                                {"lr_scheduler", read},
                                {"val_metrics", without_effect},
                                {"train_metrics", without_effect},
                                {"test_metrics", without_effect},
                                {"num_datasets", without_effect},
                                {"info_dict", without_effect}};
    return rules;
}

const KeyRules& model_rules() {
    static const KeyRules rules{{"_target_", read},
                                {"preset", read},
                                {"seed", moved, "training.seed"},
                                {"model_dtype", moved, "model.model_dtype"},
                                {"type_names", moved, "model.type_names"},
                                {"r_max", moved, "model.r_max"},
                                {"num_layers", moved, "model.num_layers"},
                                {"l_max", moved, "model.l_max"},
                                {"parity", moved, "model.parity"},
                                {"num_features", moved, "model.num_features"},
                                {"type_embed_num_features", moved, "model.type_embed_num_features"},
                                {"radial_mlp_depth", moved, "model.radial_mlp_depth"},
                                {"radial_mlp_width", moved, "model.radial_mlp_width"},
                                {"num_bessels", moved, "model.num_bessels"},
                                {"bessel_trainable", moved, "model.bessel_trainable"},
                                {"polynomial_cutoff_p", moved, "model.polynomial_cutoff_p"},
                                {"per_type_energy_scales_trainable", moved, "model.per_type_energy_scales_trainable"},
                                {"per_type_energy_shifts_trainable", moved, "model.per_type_energy_shifts_trainable"},
                                {"readout_mlp_hidden_layers_depth", moved, "model.readout_mlp_hidden_layers_depth"},
                                {"readout_mlp_hidden_layers_width", moved, "model.readout_mlp_hidden_layers_width"},
                                {"readout_mlp_nonlinearity", read},
                                {"avg_num_neighbors", read},
                                {"per_type_energy_scales", read},
                                {"per_type_energy_shifts", read},
                                {"pair_potential", read},
                                {"do_derivatives", read},
                                {"convnet_sc", read},
                                {"convnet_nonlinearity_type", read},
                                {"compile_mode", without_effect},
                                {"per_edge_type_cutoff", only_neutral},
                                {"convnet_resnet", only_neutral},
                                {"learnable_shift", only_neutral},
                                {"categorical_graph_field_embed", only_neutral}};
    return rules;
}

const KeyRules& flat_rules() {
    static const KeyRules rules{{"r_max", moved, "model.r_max"},
                                {"num_layers", moved, "model.num_layers"},
                                {"l_max", read},
                                {"parity", read},
                                {"num_features", read},
                                {"feature_irreps_hidden", read},
                                {"irreps_edge_sh", read},
                                {"chemical_embedding_irreps_out", read},
                                {"conv_to_output_hidden_irreps_out", without_effect},  // two linear maps in a row are one
                                {"num_basis", moved, "model.num_bessels"},
                                {"BesselBasis_trainable", moved, "model.bessel_trainable"},
                                {"PolynomialCutoff_p", moved, "model.polynomial_cutoff_p"},
                                {"invariant_layers", moved, "model.radial_mlp_depth"},
                                {"invariant_neurons", moved, "model.radial_mlp_width"},
                                {"avg_num_neighbors", read},
                                {"default_dtype", moved, "model.model_dtype"},
                                {"model_dtype", read},
                                {"nonlinearity_type", read},
                                {"nonlinearity_scalars", read},
                                {"nonlinearity_gates", read},
                                {"resnet", only_neutral},
                                {"use_sc", read},
                                {"model_builders", read},
                                {"pair_style", read},
                                {"units", read},
                                {"per_species_rescale_shifts", read},
                                {"per_species_rescale_scales", read},
                                {"per_species_rescale_shifts_trainable", moved, "model.per_type_energy_shifts_trainable"},
                                {"per_species_rescale_scales_trainable", moved, "model.per_type_energy_scales_trainable"},
                                {"per_species_rescale_trainable", read},
                                {"per_species_rescale_kwargs", without_effect},
                                {"global_rescale_shift", only_neutral},
                                {"global_rescale_scale", read},
                                {"global_rescale_shift_trainable", only_neutral},
                                {"global_rescale_scale_trainable", only_neutral},
                                {"seed", moved, "training.seed"},
                                {"dataset_seed", moved, "data.split_seed"},
                                {"chemical_symbols", read},
                                {"chemical_symbol_to_type", read},
                                {"type_names", read},
                                {"dataset", read},
                                {"dataset_file_name", read},
                                {"dataset_url", without_effect},
                                {"validation_dataset", read},
                                {"validation_dataset_file_name", read},
                                {"ase_args", read},
                                {"dataset_ase_args", read},
                                {"validation_dataset_ase_args", without_effect},
                                {"key_mapping", read},
                                {"dataset_key_mapping", read},
                                {"validation_dataset_key_mapping", without_effect},
                                {"include_keys", without_effect},
                                {"dataset_include_keys", without_effect},
                                {"validation_dataset_include_keys", without_effect},
                                {"npz_fixed_field_keys", without_effect},
                                {"include_frames", only_neutral},
                                {"dataset_include_frames", only_neutral},
                                {"validation_dataset_include_frames", only_neutral},
                                {"n_train", read},
                                {"n_val", read},
                                {"train_val_split", read},
                                {"shuffle", read},
                                {"batch_size", moved, "training.batch_size"},
                                {"validation_batch_size", without_effect},
                                {"learning_rate", moved, "training.lr"},
                                {"max_epochs", moved, "training.max_epochs"},
                                {"loss_coeffs", read},
                                {"use_ema", read},
                                {"ema_decay", read},
                                {"ema_use_num_updates", without_effect},
                                {"optimizer_name", read},
                                {"optimizer_amsgrad", read},
                                {"optimizer_betas", read},
                                {"optimizer_eps", read},
                                {"optimizer_weight_decay", read},
                                {"optimizer_kwargs", only_neutral},
                                {"max_gradient_norm", read},
                                {"lr_scheduler_name", read},
                                {"lr_scheduler_patience", read},
                                {"lr_scheduler_factor", read},
                                {"lr_scheduler_T_max", read},
                                {"lr_scheduler_eta_min", read},
                                {"lr_scheduler_min_lr", read},
                                {"lr_scheduler_T_0", read},
                                {"lr_scheduler_T_mult", read},
                                {"lr_scheduler_last_epoch", without_effect},
                                {"lr_scheduler_threshold", without_effect},
                                {"lr_scheduler_cooldown", without_effect},
                                {"lr_scheduler_kwargs", only_neutral},
                                {"early_stopping_patiences", read},
                                {"early_stopping_delta", without_effect},
                                {"early_stopping_cumulative_delta", without_effect},
                                {"early_stopping_lower_bounds", read},
                                {"early_stopping_upper_bounds", read},
                                {"early_stopping_kwargs", only_neutral},
                                {"root", without_effect},
                                {"run_name", without_effect},
                                {"workdir", without_effect},
                                {"append", without_effect},
                                {"restart", without_effect},
                                {"requeue", without_effect},
                                {"allow_tf32", without_effect},
                                {"device", without_effect},
                                {"wandb", without_effect},
                                {"wandb_project", without_effect},
                                {"wandb_resume", without_effect},
                                {"wandb_watch", without_effect},
                                {"wandb_watch_kwargs", without_effect},
                                {"tensorboard", without_effect},
                                {"verbose", without_effect},
                                {"log_batch_freq", without_effect},
                                {"log_epoch_freq", without_effect},
                                {"save_checkpoint_freq", without_effect},
                                {"save_ema_checkpoint_freq", without_effect},
                                {"metrics_components", without_effect},
                                {"metrics_key", without_effect},
                                {"report_init_validation", without_effect},
                                {"dataloader_num_workers", without_effect},
                                {"dataset_statistics_stride", without_effect},
                                {"compile_model", without_effect},
                                {"model_debug_mode", without_effect},
                                {"equivariance_test", without_effect},
                                {"grad_anomaly_mode", without_effect},
                                {"warn_unused", without_effect},
                                {"e3nn_optimization_defaults", without_effect},
                                {"exclude_keys", without_effect},
                                {"end_of_epoch_callbacks", only_neutral},
                                {"init_callbacks", only_neutral},
                                {"final_callbacks", only_neutral}};
    return rules;
}

}  // namespace alkali::training::nequip_keys
