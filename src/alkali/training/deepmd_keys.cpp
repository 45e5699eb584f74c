#include "alkali/training/deepmd_keys.hpp"

namespace alkali::training::deepmd_keys {

const Rules& top_rules() {
    static const Rules rules = {{"model", Fate::read},        {"learning_rate", Fate::read}, {"loss", Fate::read},
                                {"optimizer", Fate::read},    {"training", Fate::read},      {"validating", Fate::without_effect},
                                {"nvnmd", Fate::only_neutral}};
    return rules;
}

const Rules& model_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"type_map", Fate::moved, "model.type_names"},
                                {"type_names", Fate::moved, "model.type_names"},
                                {"model_dtype", Fate::moved, "model.model_dtype"},
                                {"descriptor", Fate::read},
                                {"fitting_net", Fate::read},
                                {"data_stat_nbatch", Fate::without_effect},
                                {"data_stat_protect", Fate::without_effect},
                                {"data_bias_nsample", Fate::without_effect},
                                {"srtab_add_bias", Fate::without_effect},
                                {"model_branch_alias", Fate::without_effect},
                                {"info", Fate::without_effect},
                                {"use_srtab", Fate::only_neutral},
                                {"smin_alpha", Fate::only_neutral},
                                {"sw_rmin", Fate::only_neutral},
                                {"sw_rmax", Fate::only_neutral},
                                {"pair_exclude_types", Fate::only_neutral},
                                {"atom_exclude_types", Fate::only_neutral},
                                {"preset_out_bias", Fate::only_neutral},
                                {"type_embedding", Fate::only_neutral},
                                {"modifier", Fate::only_neutral},
                                {"compress", Fate::only_neutral},
                                {"spin", Fate::only_neutral},
                                {"finetune_head", Fate::only_neutral}};
    return rules;
}

const Rules& descriptor_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"rcut", Fate::moved, "model.descriptor.rcut"},
                                {"rcut_smth", Fate::moved, "model.descriptor.rcut_smth"},
                                {"sel", Fate::moved, "model.descriptor.sel"},
                                {"neuron", Fate::moved, "model.descriptor.neuron"},
                                {"axis_neuron", Fate::moved, "model.descriptor.axis_neuron"},
                                {"n_axis_neuron", Fate::moved, "model.descriptor.axis_neuron"},
                                {"resnet_dt", Fate::moved, "model.descriptor.resnet_dt"},
                                {"type_one_side", Fate::moved, "model.descriptor.type_one_side"},
                                {"exclude_types", Fate::read},
                                {"set_davg_zero", Fate::moved, "model.descriptor.set_davg_zero"},
                                {"activation_function", Fate::moved, "model.descriptor.activation_function"},
                                {"env_protection", Fate::moved, "model.descriptor.env_protection"},
                                {"trainable", Fate::moved, "model.descriptor.trainable"},
                                {"precision", Fate::read},
                                {"seed", Fate::without_effect},
                                {"ntypes", Fate::without_effect},
                                {"spin", Fate::only_neutral}};
    return rules;
}

const Rules& fitting_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"neuron", Fate::moved, "model.fitting_net.neuron"},
                                {"n_neuron", Fate::moved, "model.fitting_net.neuron"},
                                {"resnet_dt", Fate::moved, "model.fitting_net.resnet_dt"},
                                {"activation_function", Fate::moved, "model.fitting_net.activation_function"},
                                {"trainable", Fate::read},
                                {"precision", Fate::read},
                                {"seed", Fate::without_effect},
                                {"rcond", Fate::without_effect},
                                {"numb_fparam", Fate::only_neutral},
                                {"numb_aparam", Fate::only_neutral},
                                {"default_fparam", Fate::only_neutral},
                                {"dim_case_embd", Fate::only_neutral},
                                {"atom_ener", Fate::only_neutral},
                                {"layer_name", Fate::only_neutral},
                                {"use_aparam_as_mask", Fate::only_neutral}};
    return rules;
}

const Rules& rate_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"start_lr", Fate::moved, "training.lr"},
                                {"stop_lr", Fate::read},
                                {"stop_lr_ratio", Fate::read},
                                {"decay_steps", Fate::read},
                                {"decay_rate", Fate::read},
                                {"smooth", Fate::read},
                                {"warmup_steps", Fate::read},
                                {"warmup_ratio", Fate::read},
                                {"warmup_start_factor", Fate::read},
                                {"scale_by_worker", Fate::without_effect}};
    return rules;
}

const Rules& loss_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"start_pref_e", Fate::moved, "training.loss_prefactors.start_pref_e"},
                                {"limit_pref_e", Fate::moved, "training.loss_prefactors.limit_pref_e"},
                                {"start_pref_f", Fate::moved, "training.loss_prefactors.start_pref_f"},
                                {"limit_pref_f", Fate::moved, "training.loss_prefactors.limit_pref_f"},
                                {"start_pref_v", Fate::moved, "training.loss_prefactors.start_pref_v"},
                                {"limit_pref_v", Fate::moved, "training.loss_prefactors.limit_pref_v"},
                                {"intensive_ener_virial", Fate::moved, "training.loss_prefactors.intensive_ener_virial"},
                                {"loss_func", Fate::read},
                                {"huber_delta", Fate::without_effect},
                                {"use_default_pf", Fate::without_effect},
                                {"start_pref_ae", Fate::only_neutral},
                                {"limit_pref_ae", Fate::only_neutral},
                                {"start_pref_pf", Fate::only_neutral},
                                {"limit_pref_pf", Fate::only_neutral},
                                {"start_pref_gf", Fate::only_neutral},
                                {"limit_pref_gf", Fate::only_neutral},
                                {"start_pref_h", Fate::only_neutral},
                                {"limit_pref_h", Fate::only_neutral},
                                {"numb_generalized_coord", Fate::only_neutral},
                                {"relative_f", Fate::only_neutral},
                                {"enable_atom_ener_coeff", Fate::only_neutral},
                                {"use_huber", Fate::only_neutral},
                                {"f_use_norm", Fate::only_neutral}};
    return rules;
}

const Rules& optimizer_rules() {
    static const Rules rules = {{"type", Fate::read},
                                {"adam_beta1", Fate::moved, "training.beta1"},
                                {"adam_beta2", Fate::moved, "training.beta2"},
                                {"weight_decay", Fate::moved, "training.weight_decay"}};
    return rules;
}

const Rules& training_rules() {
    static const Rules rules = {{"training_data", Fate::read},
                                {"validation_data", Fate::read},
                                {"systems", Fate::read},
                                {"set_prefix", Fate::read},
                                {"batch_size", Fate::read},
                                {"auto_prob", Fate::read},
                                {"auto_prob_style", Fate::read},
                                {"sys_probs", Fate::read},
                                {"sys_weights", Fate::read},
                                {"numb_steps", Fate::moved, "training.numb_steps"},
                                {"numb_step", Fate::moved, "training.numb_steps"},
                                {"num_steps", Fate::moved, "training.numb_steps"},
                                {"num_step", Fate::moved, "training.numb_steps"},
                                {"stop_batch", Fate::moved, "training.numb_steps"},
                                {"numb_epoch", Fate::moved, "training.max_epochs"},
                                {"numb_epochs", Fate::moved, "training.max_epochs"},
                                {"num_epoch", Fate::moved, "training.max_epochs"},
                                {"num_epochs", Fate::moved, "training.max_epochs"},
                                {"seed", Fate::moved, "training.seed"},
                                {"gradient_max_norm", Fate::moved, "training.gradient_clip"},
                                {"enable_ema", Fate::read},
                                {"ema_decay", Fate::read},
                                {"opt_type", Fate::read},
                                {"acc_freq", Fate::read},
                                // Not DeePMD-kit's, but useful beside its words.
                                {"max_seconds", Fate::moved, "training.max_seconds"},
                                {"max_cpu_seconds", Fate::moved, "training.max_cpu_seconds"},
                                {"patience", Fate::moved, "training.patience"},
                                {"checkpoint_seconds", Fate::moved, "training.checkpoint_seconds"},
                                {"init_from", Fate::moved, "training.init_from"},
                                {"energy_shifts", Fate::moved, "training.energy_shifts"},
                                {"change_bias_after_training", Fate::only_neutral},
                                {"disp_file", Fate::without_effect},
                                {"disp_freq", Fate::without_effect},
                                {"disp_training", Fate::without_effect},
                                {"disp_avg", Fate::without_effect},
                                {"time_training", Fate::without_effect},
                                {"numb_test", Fate::without_effect},
                                {"save_freq", Fate::without_effect},
                                {"save_dir", Fate::without_effect},
                                {"save_ckpt", Fate::without_effect},
                                {"load_ckpt", Fate::without_effect},
                                {"max_ckpt_keep", Fate::without_effect},
                                {"ckpt_keep_ratio", Fate::without_effect},
                                {"ema_ckpt_keep", Fate::without_effect},
                                {"profiling", Fate::without_effect},
                                {"profiling_file", Fate::without_effect},
                                {"enable_profiler", Fate::without_effect},
                                {"tensorboard", Fate::without_effect},
                                {"tensorboard_log_dir", Fate::without_effect},
                                {"tensorboard_freq", Fate::without_effect},
                                {"stat_file", Fate::without_effect},
                                {"stat_file_mode", Fate::without_effect},
                                {"mixed_precision", Fate::without_effect},
                                {"zero_stage", Fate::without_effect},
                                {"neighbor_graph_method", Fate::without_effect},
                                {"enable_compile", Fate::without_effect},
                                {"enable_tf32", Fate::without_effect}};
    return rules;
}

const Rules& train_data_rules() {
    static const Rules rules = {{"systems", Fate::read},
                                {"set_prefix", Fate::read},
                                {"batch_size", Fate::read},
                                {"auto_prob", Fate::read},
                                {"auto_prob_style", Fate::read},
                                {"sys_probs", Fate::read},
                                {"sys_weights", Fate::read},
                                {"rglob_patterns", Fate::only_neutral},
                                {"min_pair_dist", Fate::only_neutral}};
    return rules;
}

// Without numb_btch all validation frames are looked at, whatever the batches.
const Rules& validation_data_rules() {
    static const Rules rules = {{"systems", Fate::read},
                                {"set_prefix", Fate::read},
                                {"batch_size", Fate::read},
                                {"numb_btch", Fate::moved, "training.validation_batches"},
                                {"numb_batch", Fate::moved, "training.validation_batches"},
                                {"auto_prob", Fate::without_effect},
                                {"auto_prob_style", Fate::without_effect},
                                {"sys_probs", Fate::without_effect},
                                {"sys_weights", Fate::without_effect},
                                {"rglob_patterns", Fate::only_neutral}};
    return rules;
}

}  // namespace alkali::training::deepmd_keys
