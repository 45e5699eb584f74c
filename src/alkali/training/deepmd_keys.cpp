#include "alkali/training/deepmd_keys.hpp"

namespace alkali::training::deepmd_keys {

using enum KeyFate;

const KeyRules& top_rules() {
    static const KeyRules rules{{"model", read},    {"learning_rate", read},        {"loss", read},         {"optimizer", read},
                                {"training", read}, {"validating", without_effect}, {"nvnmd", only_neutral}};
    return rules;
}

const KeyRules& model_rules() {
    static const KeyRules rules{{"type", read},
                                {"type_map", moved, "model.type_names"},
                                {"type_names", moved, "model.type_names"},
                                {"model_dtype", moved, "model.model_dtype"},
                                {"descriptor", read},
                                {"fitting_net", read},
                                {"data_stat_nbatch", without_effect},
                                {"data_stat_protect", without_effect},
                                {"data_bias_nsample", without_effect},
                                {"srtab_add_bias", without_effect},
                                {"model_branch_alias", without_effect},
                                {"info", without_effect},
                                {"model_dict", only_neutral},
                                {"use_srtab", only_neutral},
                                {"smin_alpha", only_neutral},
                                {"sw_rmin", only_neutral},
                                {"sw_rmax", only_neutral},
                                {"pair_exclude_types", only_neutral},
                                {"atom_exclude_types", only_neutral},
                                {"preset_out_bias", only_neutral},
                                {"type_embedding", only_neutral},
                                {"modifier", only_neutral},
                                {"compress", only_neutral},
                                {"spin", only_neutral},
                                {"finetune_head", only_neutral}};
    return rules;
}

const KeyRules& descriptor_rules() {
    static const KeyRules rules{{"type", read},
                                {"rcut", moved, "model.descriptor.rcut"},
                                {"rcut_smth", moved, "model.descriptor.rcut_smth"},
                                {"sel", moved, "model.descriptor.sel"},
                                {"neuron", moved, "model.descriptor.neuron"},
                                {"axis_neuron", moved, "model.descriptor.axis_neuron"},
                                {"n_axis_neuron", moved, "model.descriptor.axis_neuron"},
                                {"resnet_dt", moved, "model.descriptor.resnet_dt"},
                                {"type_one_side", moved, "model.descriptor.type_one_side"},
                                {"exclude_types", read},
                                {"set_davg_zero", moved, "model.descriptor.set_davg_zero"},
                                {"activation_function", moved, "model.descriptor.activation_function"},
                                {"env_protection", moved, "model.descriptor.env_protection"},
                                {"trainable", moved, "model.descriptor.trainable"},
                                {"precision", read},
                                {"seed", without_effect},
                                {"ntypes", without_effect},
                                {"spin", only_neutral}};
    return rules;
}

const KeyRules& fitting_rules() {
    static const KeyRules rules{{"type", read},
                                {"neuron", moved, "model.fitting_net.neuron"},
                                {"n_neuron", moved, "model.fitting_net.neuron"},
                                {"resnet_dt", moved, "model.fitting_net.resnet_dt"},
                                {"activation_function", moved, "model.fitting_net.activation_function"},
                                {"trainable", read},
                                {"precision", read},
                                {"seed", without_effect},
                                {"rcond", without_effect},
                                {"numb_fparam", only_neutral},
                                {"numb_aparam", only_neutral},
                                {"default_fparam", only_neutral},
                                {"dim_case_embd", only_neutral},
                                {"atom_ener", only_neutral},
                                {"layer_name", only_neutral},
                                {"use_aparam_as_mask", only_neutral}};
    return rules;
}

const KeyRules& rate_rules() {
    static const KeyRules rules{{"type", read},
                                {"start_lr", moved, "training.lr"},
                                {"stop_lr", read},
                                {"stop_lr_ratio", read},
                                {"decay_steps", read},
                                {"decay_rate", read},
                                {"smooth", read},
                                {"warmup_steps", read},
                                {"warmup_ratio", read},
                                {"warmup_start_factor", read},
                                {"scale_by_worker", without_effect}};
    return rules;
}

const KeyRules& loss_rules() {
    static const KeyRules rules{{"type", read},
                                {"start_pref_e", moved, "training.loss_prefactors.start_pref_e"},
                                {"limit_pref_e", moved, "training.loss_prefactors.limit_pref_e"},
                                {"start_pref_f", moved, "training.loss_prefactors.start_pref_f"},
                                {"limit_pref_f", moved, "training.loss_prefactors.limit_pref_f"},
                                {"start_pref_v", moved, "training.loss_prefactors.start_pref_v"},
                                {"limit_pref_v", moved, "training.loss_prefactors.limit_pref_v"},
                                {"intensive_ener_virial", moved, "training.loss_prefactors.intensive_ener_virial"},
                                {"loss_func", read},
                                {"huber_delta", without_effect},
                                {"use_default_pf", without_effect},
                                {"start_pref_ae", only_neutral},
                                {"limit_pref_ae", only_neutral},
                                {"start_pref_pf", only_neutral},
                                {"limit_pref_pf", only_neutral},
                                {"start_pref_gf", only_neutral},
                                {"limit_pref_gf", only_neutral},
                                {"start_pref_h", only_neutral},
                                {"limit_pref_h", only_neutral},
                                {"numb_generalized_coord", only_neutral},
                                {"relative_f", only_neutral},
                                {"enable_atom_ener_coeff", only_neutral},
                                {"use_huber", only_neutral},
                                {"f_use_norm", only_neutral}};
    return rules;
}

const KeyRules& optimizer_rules() {
    static const KeyRules rules{{"type", read},
                                {"adam_beta1", moved, "training.beta1"},
                                {"adam_beta2", moved, "training.beta2"},
                                {"weight_decay", moved, "training.weight_decay"}};
    return rules;
}

const KeyRules& training_rules() {
    static const KeyRules rules{{"training_data", read},
                                {"validation_data", read},
                                {"systems", read},
                                {"set_prefix", read},
                                {"batch_size", read},
                                {"auto_prob", read},
                                {"auto_prob_style", read},
                                {"sys_probs", read},
                                {"sys_weights", read},
                                {"numb_steps", moved, "training.numb_steps"},
                                {"numb_step", moved, "training.numb_steps"},
                                {"num_steps", moved, "training.numb_steps"},
                                {"num_step", moved, "training.numb_steps"},
                                {"stop_batch", moved, "training.numb_steps"},
                                {"numb_epoch", moved, "training.max_epochs"},
                                {"numb_epochs", moved, "training.max_epochs"},
                                {"num_epoch", moved, "training.max_epochs"},
                                {"num_epochs", moved, "training.max_epochs"},
                                {"seed", moved, "training.seed"},
                                {"gradient_max_norm", moved, "training.gradient_clip"},
                                {"enable_ema", read},
                                {"ema_decay", read},
                                {"opt_type", read},
                                {"acc_freq", read},
                                // Not DeePMD-kit's, but useful beside its words.
                                {"max_seconds", moved, "training.max_seconds"},
                                {"max_cpu_seconds", moved, "training.max_cpu_seconds"},
                                {"patience", moved, "training.patience"},
                                {"checkpoint_seconds", moved, "training.checkpoint_seconds"},
                                {"init_from", moved, "training.init_from"},
                                {"energy_shifts", moved, "training.energy_shifts"},
                                {"data_dict", only_neutral},
                                {"model_prob", only_neutral},
                                {"num_epoch_dict", only_neutral},
                                {"change_bias_after_training", only_neutral},
                                {"disp_file", without_effect},
                                {"disp_freq", without_effect},
                                {"disp_training", without_effect},
                                {"disp_avg", without_effect},
                                {"time_training", without_effect},
                                {"numb_test", without_effect},
                                {"save_freq", without_effect},
                                {"save_dir", without_effect},
                                {"save_ckpt", without_effect},
                                {"load_ckpt", without_effect},
                                {"max_ckpt_keep", without_effect},
                                {"ckpt_keep_ratio", without_effect},
                                {"ema_ckpt_keep", without_effect},
                                {"profiling", without_effect},
                                {"profiling_file", without_effect},
                                {"enable_profiler", without_effect},
                                {"tensorboard", without_effect},
                                {"tensorboard_log_dir", without_effect},
                                {"tensorboard_freq", without_effect},
                                {"stat_file", without_effect},
                                {"stat_file_mode", without_effect},
                                {"mixed_precision", without_effect},
                                {"zero_stage", without_effect},
                                {"neighbor_graph_method", without_effect},
                                {"enable_compile", without_effect},
                                {"enable_tf32", without_effect}};
    return rules;
}

const KeyRules& train_data_rules() {
    static const KeyRules rules{{"systems", read},
                                {"set_prefix", read},
                                {"batch_size", read},
                                {"auto_prob", read},
                                {"auto_prob_style", read},
                                {"sys_probs", read},
                                {"sys_weights", read},
                                {"rglob_patterns", only_neutral},
                                {"min_pair_dist", only_neutral}};
    return rules;
}

// Without numb_btch all validation frames are looked at, whatever the batches.
const KeyRules& validation_data_rules() {
    static const KeyRules rules{{"systems", read},
                                {"set_prefix", read},
                                {"batch_size", read},
                                {"numb_btch", moved, "training.validation_batches"},
                                {"numb_batch", moved, "training.validation_batches"},
                                {"auto_prob", without_effect},
                                {"auto_prob_style", without_effect},
                                {"sys_probs", without_effect},
                                {"sys_weights", without_effect},
                                {"rglob_patterns", only_neutral}};
    return rules;
}

}  // namespace alkali::training::deepmd_keys
