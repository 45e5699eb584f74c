// How the learning rate falls in the blocks of nequip's configs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "alkali/training/nequip_blocks.hpp"
#include "alkali/training/nequip_keys.hpp"

namespace alkali::training {

using config::Tree;
using namespace nequip_keys;

void NequipBlocks::schedule(const Tree& tree) {
    const std::string path = "training_module.lr_scheduler.";
    follow(tree, lr_scheduler_rules(), path);
    const Tree& scheduler = block(tree, "scheduler", path);
    const std::string name = target(scheduler);
    if (name.empty()) {
        if (!scheduler.entries.empty()) refuse(path + "scheduler (without _target_)");
        return put_constant_rate();
    }
    const auto every = static_cast<double>(whole(tree, "frequency", path, 1).value_or(1));
    const std::string interval = word(tree, "interval", path).value_or("epoch");
    const bool steps = interval == "step";
    if (!steps && interval != "epoch") return refuse(path + "interval (" + interval + ")");
    follow_scheduler(scheduler, path + "scheduler.");
    if (name == "ReduceLROnPlateau") {
        if (steps || every != 1) return refuse(path + "interval");
        if (word(scheduler, "mode", path + "scheduler.").value_or("min") != "min") return refuse(path + "scheduler.mode");
        return put_plateau(scheduler.find("factor"), scheduler.find("patience"), number(scheduler, "min_lr", path + "scheduler."));
    }
    if (every != 1 && name != "ExponentialLR" && name != "StepLR") return refuse(path + "frequency");
    // The length of the run in the unit of the schedule.
    const auto length = number_of(found(steps ? "training.numb_steps" : "training.max_epochs"));
    if (name == "ConstantLR" && number(scheduler, "factor", path + "scheduler.") == std::optional<double>(1)) return put_constant_rate();
    if (name == "CosineAnnealingLR") return cosine(scheduler, length, 0, path + "scheduler");
    if (name == "SequentialLR") return after_warmup(scheduler, length, path + "scheduler");
    if (name == "ExponentialLR" || name == "StepLR") return decay(scheduler, length, steps, every, path + "scheduler");
    refuse(path + "scheduler._target_ (" + name + ")");
}

/// A rate that begins within its schedule is not to be had.
void NequipBlocks::follow_scheduler(const Tree& scheduler, const std::string& path) {
    if (const KeyRules* rules = scheduler_rules(target(scheduler))) follow(scheduler, *rules, path);
    if (number(scheduler, "last_epoch", path).value_or(-1) != -1) refuse(path + "last_epoch");
}

void NequipBlocks::cosine(const Tree& scheduler, std::optional<double> length, double warmup, const std::string& path) {
    const double lr = number_of(found("training.lr")).value_or(0.001), least = number(scheduler, "eta_min", path + ".").value_or(0);
    put("training.lr_schedule.type", text_value("cosine"), path);
    put("training.lr_schedule.warmup", number_value(length ? warmup / *length : 0), path);
    put("training.stop_lr", number_value(least > 0 ? least : 1e-6 * lr), path);
    const auto period = whole(scheduler, "T_max", path + ".", 1);
    if (period && length && std::abs(static_cast<double>(*period) + warmup - *length) > 0.5)
        note(fmt::format("{}: the rate falls over the whole run, not over T_max ({})", path, *period));
}

void NequipBlocks::after_warmup(const Tree& scheduler, std::optional<double> length, const std::string& path) {
    const auto parts = each_of(scheduler.find("schedulers"));
    const auto milestones = each_of(scheduler.find("milestones"));
    if (parts.size() != 2 || milestones.size() != 1 || target(parts[0]) != "LinearLR" || target(parts[1]) != "CosineAnnealingLR" || !length)
        return refuse(path + " (SequentialLR of others than LinearLR and CosineAnnealingLR over a known length)");
    const std::string first = path + ".schedulers (LinearLR).", second = path + ".schedulers (CosineAnnealingLR)";
    follow_scheduler(parts[0], first);
    follow_scheduler(parts[1], second + ".");
    const auto milestone = number_of(&milestones[0]);
    if (!milestone) fail(path + ".milestones", "a list of numbers", milestones[0]);
    const double warmup = *milestone, lr = number_of(found("training.lr")).value_or(0.001);
    if (!(warmup >= 0 && warmup <= 0.5 * *length)) return refuse(path + ".milestones");
    if (number(parts[0], "end_factor", first).value_or(1) != 1) return refuse(first + "end_factor");
    if (static_cast<double>(whole(parts[0], "total_iters", first, 1).value_or(5)) != warmup)
        note(first + "total_iters: the rate rises up to the milestone");
    cosine(parts[1], length, warmup, second);
    put("training.lr_schedule.warmup_start", number_value(lr * number(parts[0], "start_factor", first).value_or(1.0 / 3)), path);
}

void NequipBlocks::decay(const Tree& scheduler, std::optional<double> length, bool steps, double every, const std::string& path) {
    const bool exponential = target(scheduler) == "ExponentialLR";
    const auto factor = number(scheduler, "gamma", path + ".");
    const double interval = exponential ? 1 : static_cast<double>(whole(scheduler, "step_size", path + ".", 1).value_or(0));
    const double gamma = factor.value_or(exponential ? 0 : 0.1), lr = number_of(found("training.lr")).value_or(0.001);
    if (!(gamma > 0 && gamma <= 1) || interval < 1) return refuse(path);
    put("training.lr_schedule.type", text_value("exponential"), path);
    put("training.lr_schedule.warmup", plain_value("0"), path);
    if (steps) {
        put("training.lr_schedule.decay_rate", number_value(gamma), path);
        put("training.decay_steps", plain_value(fmt::format("{:.0f}", interval * every)), path);
        put("training.stop_lr", plain_value("1e-12"), path);
        return;
    }
    if (!length) return refuse(path + " (by epochs, without trainer.max_epochs)");
    put("training.stop_lr", number_value(std::max(1e-12, lr * std::pow(gamma, std::floor(*length / (interval * every))))), path);
    if (interval * every > 1) note(path + ": the rate falls with every step instead of by stairs");
}

}  // namespace alkali::training
