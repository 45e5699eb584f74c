#include "alkali/training/trainer.hpp"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "alkali/base/error.hpp"
#include "alkali/training/doubts.hpp"
#include "alkali/training/validation.hpp"
#include "alkali/units/constants.hpp"

namespace alkali::training {
namespace {

std::vector<bool> flags(const models::TrainableModel& model, bool models::ParameterInfo::*flag) {
    std::vector<bool> values(model.parameters().size());
    for (const auto& info : model.layout()) std::fill_n(values.begin() + static_cast<std::ptrdiff_t>(info.offset), info.size, info.*flag);
    return values;
}

LossTerms operator+(const LossTerms& a, const LossTerms& b) {
    return {a.energy + b.energy, a.forces + b.forces, a.stress + b.stress, a.shear + b.shear};
}
LossTerms operator/(const LossTerms& a, double n) { return {a.energy / n, a.forces / n, a.stress / n, a.shear / n}; }

LossTerms mean_terms(const StepSums& sums) { return sums.steps > 0 ? sums.terms / static_cast<double>(sums.steps) : LossTerms{}; }

double steps_per_epoch(const TrainerSettings& settings, std::size_t frames) {
    return std::ceil(static_cast<double>(frames) / static_cast<double>(settings.batch_size));
}

// A frame costs about three times as much in training as in validation: its energy and forces, and the way back through both.
constexpr double training_to_validation = 3;
constexpr double validation_share = 0.25;  ///< of the time of an epoch, at most, if the config does not ask for more
constexpr double single_share = 0.02;      ///< of the time left, for one validation
constexpr double told_share = 0.1;         ///< of the limit before the first step, from where on it is said

std::string rmse_text(const ErrorSums& errors) {
    std::string text;
    if (errors.energy.count > 0) text += fmt::format(" {:.3g} meV/atom", 1e3 * errors.energy.rmse());
    if (errors.forces.count > 0) text += fmt::format(" {:.3g} meV/A", 1e3 * errors.forces.rmse());
    if (errors.stress.count > 0) text += fmt::format(" {:.3g} GPa", units::gpa_per_ev_per_angstrom3 * errors.stress.rmse());
    return text;
}

}  // namespace

double planned_steps(const TrainerSettings& settings, std::size_t frames) {
    const double none = std::numeric_limits<double>::infinity();
    const double by_epochs = settings.max_epochs > 0 ? steps_per_epoch(settings, frames) * static_cast<double>(settings.max_epochs) : none;
    const double by_steps = settings.max_steps > 0 ? static_cast<double>(settings.max_steps) : none;
    const double planned = std::min(by_epochs, by_steps);
    return planned == none ? 0 : planned;
}

Trainer::Trainer(const TrainerSettings& settings, TrainerInput input)
    : settings_(settings),
      in_(std::move(input)),
      pass_(in_.model.make_training_pass()),
      adam_(settings.adam, flags(in_.model, &models::ParameterInfo::trainable), flags(in_.model, &models::ParameterInfo::decays)),
      ema_(settings.ema_decay),
      planned_steps_(planned_steps(settings, in_.train.size())),
      schedule_(fitted_to(settings.schedule, planned_steps_, in_.log)),
      random_(settings.seed),
      clock_(in_.communicator, in_.origin),
      deadline_(settings.max_seconds, settings.max_cpu_seconds) {
    state_.parameters.assign(in_.model.parameters().begin(), in_.model.parameters().end());
    if (in_.threads == TrainingThreads::chosen) threads_.emplace(omp_get_max_threads());
}

void Trainer::restore(const TrainerState& state) {
    require_fit(state, {state_.parameters.size(), in_.train.size(), in_.validation.size(), settings_.adam.amsgrad, ema_.averages()},
                in_.folder.checkpoint().string());
    state_ = state;
    adam_.restore(state.adam);
    if (ema_.averages()) ema_.restore(state.ema, state.step);
    schedule_.restore(state.schedule);
    random_.restore(state.random);
    clock_.add_earlier(state.used);
    in_.model.set_parameters(state_.parameters);
    // With another time limit, another share of it is used.
    if (!state_.earlier_config.is_null()) state_.time_share = deadline_.spent(state_.used);
    reopened_ = state_.finished;
    has_checkpoint_ = true;
    restore_files();
}

/// After a kill best.safetensors may be newer than the checkpoint, and anyone may have put another file there.
void Trainer::restore_files() {
    const auto restore_file = [&](const char* name, std::span<const double> parameters, const nlohmann::json& figures) {
        if (in_.folder.holds_model(name, in_.model, parameters)) return;
        in_.log.warning(std::string(name) + ".safetensors is missing or not the model of the checkpoint: written anew from the checkpoint");
        in_.folder.save_model(name, in_.model, parameters, figures);
    };
    const std::size_t closing = state_.finished ? state_.closing_frames : 0;
    const auto figures = figures_of(state_.best_train_errors, state_.best_errors, closing > 0 ? closing : state_.validated_frames);
    if (!state_.best_weights.empty()) restore_file("best", state_.best_weights, figures);
    // What the last one's errors were, the checkpoint does not tell.
    if (state_.finished) restore_file("last", weights(), nlohmann::json::object());
}

/// The end of a finished run is no end any more: an epoch that a limit cut short goes on, and the best model is compared with later
/// ones on the frames that these are judged by.
void Trainer::reopen() {
    if (state_.position < state_.order.size()) {
        --state_.epoch;
        state_.best_epoch = std::min(state_.best_epoch, state_.epoch);
        state_.waited = std::max<std::int64_t>(0, state_.waited - 1);
    }
    if (!closing_.empty() && !state_.best_weights.empty()) state_.best_loss = validate(validation_, state_.best_weights).terms.total();
}

Outcome Trainer::run() {
    const bool cut_short = reopened_ && state_.position < state_.order.size();
    in_.folder.begin_metrics(cut_short ? state_.step - 1 : state_.step);
    last_checkpoint_ = clock_.now().wall;
    prepare_validation();
    begin_time();

    std::string reason = state_.step > 0 && (reopened_ || state_.position == state_.order.size()) ? limit_reached({}) : "";
    if (reopened_ && reason.empty()) reopen();
    while (reason.empty()) {
        if (state_.position == state_.order.size()) start_epoch();
        const Seconds begin = clock_.now();
        step();
        const Seconds used = clock_.now();
        deadline_.step_took({used.wall - begin.wall, used.cpu - begin.cpu});
        reason = limit_reached(used);
        if (!reason.empty() || state_.position == state_.order.size()) {
            close_epoch();
            if (reason.empty()) reason = limit_reached(clock_.now());
        }
        // As soon as there is a model in the folder there is what to go on from.
        const bool first_model = !has_checkpoint_ && !state_.best_weights.empty();
        if (first_model || used.wall - last_checkpoint_ >= settings_.checkpoint_seconds) save_checkpoint(false);
        if (reason.empty()) report(used);
    }
    decide_once_more();
    in_.model.set_parameters(weights());
    in_.folder.save_model("last", in_.model, in_.model.parameters(),
                          figures_of(recent().errors, last_validation_.errors, closing_.empty() ? validation_.size() : closing_.size()));
    save_checkpoint(true);
    in_.progress.update({"training", 1, 1, reason});
    tell_doubts();
    auto outcome = outcome_of(state_, in_.validation, reason);
    outcome.last = last_validation_;
    return outcome;
}

/// Chooses the frames that validate and looks at them once: that also tells how long the last time will take.
void Trainer::prepare_validation() {
    if (in_.validation.size() == 0) return;
    if (state_.validated_frames == 0) {
        const std::size_t affordable = validated_frames(in_.validation, {0, affordable_atoms()});
        state_.validated_frames =
            settings_.validation_frames > 0 ? validated_frames(in_.validation, {settings_.validation_frames, 0}) : affordable;
        if (affordable > state_.validated_frames) state_.closing_frames = affordable;
    }
    validation_ = chosen_frames(in_.validation, state_.validated_frames);
    closing_ = chosen_frames(in_.validation, state_.closing_frames);
    const Seconds before = clock_.now();
    last_validation_ = validate(closing_.empty() ? validation_ : closing_, weights());
    const Seconds after = clock_.now();
    const double times = closing_.empty() ? 1 : 2;
    deadline_.closing_took({times * (after.wall - before.wall), times * (after.cpu - before.cpu)});
    if (validation_.size() == in_.validation.size()) return;
    auto text = fmt::format("validation: {} of the {} frames, the same each time", validation_.size(), in_.validation.size());
    if (settings_.validation_frames == 0)
        text += fmt::format(", so that it takes no more than a quarter of the time; once takes {:.2g} s", after.wall - before.wall);
    if (!closing_.empty())
        text += fmt::format("; at the end {} decide whether the best model by these is better than the last", closing_.size());
    in_.log.info(text);
}

/// Atoms of a validation that takes its share of an epoch and of the time left.
double Trainer::affordable_atoms() {
    const double by_epoch = validation_share / (1 - validation_share) * training_to_validation * atoms_of(in_.train);
    if (settings_.max_seconds <= 0 && settings_.max_cpu_seconds <= 0) return by_epoch;
    auto probe = validation_order(in_.validation.size());
    probe.resize(std::min(probe.size(), settings_.batch_size));
    const Batch batch(in_.validation, probe);
    LabelCounts counts;
    for (const auto& item : batch.items()) counts.add(*item.frame);
    ErrorSums unused;
    Seconds begin;
    for (int k = 0; k < 2; ++k) {  // the first time also makes what is kept from then on
        begin = clock_.now();
        static_cast<void>(evaluate_batch(batch, counts, nullptr, unused));
    }
    const Seconds end = clock_.now();
    const double batches = deadline_.pieces({end.wall - begin.wall, end.cpu - begin.cpu}, end, single_share);
    return std::min(by_epoch, batches * static_cast<double>(batch.atoms()));
}

/// The schedule begins with the first step, whatever the way there took.
void Trainer::begin_time() {
    const Seconds now = clock_.now();
    deadline_.begin(now, state_.time_share);
    if (state_.step > 0) return;
    if (settings_.batch_size > in_.train.size())
        in_.log.warning(fmt::format("training.batch_size is {}, more than the {} training frames: an epoch is a single step",
                                    settings_.batch_size, in_.train.size()));
    const double spent = deadline_.spent(now);
    if (spent < told_share) return;
    const auto text =
        fmt::format("reading, set-up and a first validation took {:.3g} s, {:.0f} % of the time limit", now.wall, 100 * spent);
    if (spent < 0.5)
        in_.log.info(text);
    else
        in_.log.warning(text + ": little of it is left for training");
}

std::span<const double> Trainer::weights() const { return ema_.average().empty() ? state_.parameters : ema_.average(); }

void Trainer::start_epoch() {
    state_.order.resize(in_.train.size());
    std::iota(state_.order.begin(), state_.order.end(), std::size_t{0});
    random_.shuffle(state_.order);
    state_.position = 0;
    state_.previous = state_.present;
    state_.present = {};
}

void Trainer::step() {
    const auto ranks = static_cast<std::size_t>(in_.communicator.size()), rank = static_cast<std::size_t>(in_.communicator.rank());
    const std::size_t begin = state_.position, end = std::min(begin + settings_.batch_size, state_.order.size());
    LabelCounts counts;
    std::vector<std::size_t> own;
    double atoms = 0;
    for (std::size_t k = begin; k < end; ++k) {
        counts.add(in_.train.frame(state_.order[k]));
        atoms += static_cast<double>(in_.train.frame(state_.order[k]).structure.size());
        if ((k - begin) % ranks == rank) own.push_back(state_.order[k]);
    }
    const Pace now = pace(clock_.now());
    learning_rate_ = schedule_.learning_rate(now.progress, now.step);
    const base::ThreadTurn turn(threads_ ? &*threads_ : nullptr, atoms);
    gradient_.assign(state_.parameters.size(), 0.0);
    LossTerms terms;
    ErrorSums errors;
    if (!own.empty()) {
        const Batch batch(in_.train, own);
        terms = evaluate_batch(batch, counts, &seeds_, errors);
        pass_->accumulate_gradient({seeds_.energies, seeds_.edges}, gradient_);
    }
    sum_over_ranks(gradient_, terms, errors);
    const double norm = clip_norm(gradient_, settings_.gradient_clip);
    if (!std::isfinite(terms.total()) || !std::isfinite(norm))
        throw ConvergenceError("the loss is no longer finite", fmt::format("epoch {}, step {}", state_.epoch + 1, state_.step + 1),
                               "lower training.lr or set training.gradient_clip; check the labels with alkali data check");
    adam_.step(learning_rate_, gradient_, state_.parameters);
    ema_.update(state_.parameters);
    in_.model.set_parameters(state_.parameters);
    state_.present.add({terms, errors, 1});
    state_.position = end;
    ++state_.step;
}

void Trainer::close_epoch() {
    const Seconds begin = clock_.now();
    last_validation_ = validate(validation_, weights());
    ++state_.epoch;
    const StepSums sums = recent();
    const Evaluated train{mean_terms(sums), sums.errors};
    const bool validated = in_.validation.size() > 0;
    const Evaluated& deciding = validated ? last_validation_ : train;
    const double loss = deciding.terms.total();
    if (!std::isfinite(loss))
        throw ConvergenceError("the validation loss is no longer finite", fmt::format("epoch {}, step {}", state_.epoch, state_.step),
                               "lower training.lr or set training.gradient_clip; check the labels with alkali data check");
    if (!validated) require_sound_weights(loss);
    schedule_.validated(loss);
    ++state_.waited;
    if (loss < state_.best_loss) {
        state_.best_loss = loss;
        state_.best_epoch = state_.epoch;
        state_.best_errors = deciding.errors;
        state_.best_train_errors = train.errors;
        state_.waited = 0;
        state_.best_weights.assign(weights().begin(), weights().end());
        in_.folder.save_model("best", in_.model, weights(), figures_of(train.errors, last_validation_.errors, validation_.size()));
    }
    const Seconds end = clock_.now();
    MetricsRow row{state_.epoch, state_.step, learning_rate_, train, last_validation_, end};
    if (!validated) row.validation.terms.energy = std::nan("");
    in_.folder.add(row);
    deadline_.closing_took({end.wall - begin.wall, end.cpu - begin.cpu});
}

/// Few frames may have found the best model by chance: more of them compare it with the last one.
void Trainer::decide_once_more() {
    if (closing_.empty() || state_.best_weights.empty()) return;
    const Evaluated best = validate(closing_, state_.best_weights), last = validate(closing_, weights());
    last_validation_ = best;
    if (last.terms.total() < best.terms.total()) {
        last_validation_ = last;
        state_.best_epoch = state_.epoch;
        state_.best_train_errors = recent().errors;
        state_.best_weights.assign(weights().begin(), weights().end());
    }
    state_.best_loss = last_validation_.terms.total();
    state_.best_errors = last_validation_.errors;
    in_.folder.save_model("best", in_.model, state_.best_weights,
                          figures_of(state_.best_train_errors, state_.best_errors, closing_.size()));
    last_validation_ = last;
}

/// Of the present epoch; where a limit ends it within its first half, with those of the one before: a few frames say little.
StepSums Trainer::recent() const {
    StepSums sums = state_.present;
    if (2 * state_.position < state_.order.size()) sums.add(state_.previous);
    return sums;
}

/// Without validation frames those of the epoch's training frames, under their own name: they tell how well the model fits.
nlohmann::json Trainer::figures_of(const ErrorSums& train, const ErrorSums& validation, std::size_t validated) const {
    if (in_.validation.size() == 0) return {{"train", figures(train)}};
    nlohmann::json all = {{"validation", figures(validation)}};
    if (validated < in_.validation.size()) all["validation_frames"] = validated;
    return all;
}

std::string Trainer::limit_reached(const Seconds& used) const {
    if (settings_.max_steps > 0 && state_.step >= settings_.max_steps) return "numb_steps reached";
    if (settings_.max_epochs > 0 && state_.epoch >= settings_.max_epochs) return "max_epochs reached";
    if (settings_.patience > 0 && state_.waited >= settings_.patience)
        return fmt::format("no better validation loss for {} epochs", settings_.patience);
    if (deadline_.reached(used)) return "time limit reached";
    return {};
}

Trainer::Pace Trainer::pace(const Seconds& used) const {
    const auto done = static_cast<double>(state_.step);
    const double by_steps = planned_steps_ > 0 ? done / planned_steps_ : 0.0, by_time = deadline_.share(used);
    if (by_time > by_steps) return {std::min(by_time, 1.0), planned_steps_ > 0 ? by_time * planned_steps_ : done};
    return {std::min(by_steps, 1.0), done};
}

Evaluated Trainer::validate(std::span<const std::size_t> frames, std::span<const double> parameters) {
    if (in_.validation.size() == 0) return {};
    const Seconds start = clock_.now();
    const auto result = evaluate(in_.validation, frames, parameters);
    state_.validation_seconds += clock_.now().wall - start.wall;
    return result;
}

/// Without validation frames an epoch's loss is that of the weights before its steps: the last of them may have led anywhere.
void Trainer::require_sound_weights(double epoch_loss) {
    constexpr double beyond_all = 1e6;
    const auto frames = std::span(state_.order).first(std::min(settings_.batch_size, state_.order.size()));
    const double loss = evaluate(in_.train, frames, weights()).terms.total();
    if (!std::isfinite(loss) || loss > beyond_all * std::max(1.0, epoch_loss))
        throw ConvergenceError(std::isfinite(loss)
                                   ? fmt::format("the loss is {:.3g} after the last step, where it was {:.3g} before", loss, epoch_loss)
                                   : std::string("the loss is no longer finite after the last step"),
                               fmt::format("epoch {}, step {}", state_.epoch, state_.step),
                               "lower training.lr or set training.gradient_clip; check the labels with alkali data check");
}

Evaluated Trainer::evaluate(const GraphSet& set, std::span<const std::size_t> frames, std::span<const double> parameters) {
    Evaluated result;
    const bool others = parameters.data() != state_.parameters.data();
    if (others) in_.model.set_parameters(parameters);
    const base::ThreadTurn turn(threads_ ? &*threads_ : nullptr, 0);
    LabelCounts counts;
    for (const std::size_t index : frames) counts.add(set.frame(index));
    const auto ranks = static_cast<std::size_t>(in_.communicator.size()), rank = static_cast<std::size_t>(in_.communicator.rank());
    for (std::size_t begin = 0, chunk = 0; begin < frames.size(); begin += settings_.batch_size, ++chunk) {
        if (chunk % ranks != rank) continue;
        const Batch batch(set, frames.subspan(begin, std::min(settings_.batch_size, frames.size() - begin)));
        result.terms = result.terms + evaluate_batch(batch, counts, nullptr, result.errors);
    }
    sum_over_ranks({}, result.terms, result.errors);
    if (others) in_.model.set_parameters(state_.parameters);
    return result;
}

LossTerms Trainer::evaluate_batch(const Batch& batch, const LabelCounts& counts, LossSeeds* seeds, ErrorSums& errors) {
    energies_.resize(batch.atoms());
    edge_gradient_.resize(batch.edges());
    pass_->evaluate(batch.graph(), {energies_, edge_gradient_});
    return evaluate_loss(settings_.loss, batch, counts, energies_, edge_gradient_, seeds, errors, learning_rate_ / settings_.schedule.lr);
}

void Trainer::sum_over_ranks(std::span<double> gradient, LossTerms& terms, ErrorSums& errors) {
    if (in_.communicator.size() == 1) return;
    std::vector<double> all(gradient.begin(), gradient.end());
    std::array<double, ErrorSums::size> sums{};
    errors.store(sums);
    all.insert(all.end(), sums.begin(), sums.end());
    all.insert(all.end(), {terms.energy, terms.forces, terms.stress, terms.shear});
    in_.communicator.sum(all);
    std::copy_n(all.begin(), gradient.size(), gradient.begin());
    const auto rest = std::span(all).subspan(gradient.size());
    errors.load(rest.first<ErrorSums::size>());
    terms = {rest[ErrorSums::size], rest[ErrorSums::size + 1], rest[ErrorSums::size + 2], rest[ErrorSums::size + 3]};
}

void Trainer::save_checkpoint(bool finished) {
    const Seconds used = clock_.now();
    state_.adam = adam_.state();
    state_.ema = ema_.average();
    state_.schedule = schedule_.state();
    state_.random = random_.state();
    state_.time_share = deadline_.share(used);
    state_.used = used;
    state_.finished = finished;
    in_.folder.save_checkpoint(state_, in_.identity);
    has_checkpoint_ = true;
    last_checkpoint_ = used.wall;
}

void Trainer::report(const Seconds& used) {
    const bool closed = state_.position == state_.order.size();
    const double frames =
        static_cast<double>(state_.epoch - (closed ? 1 : 0)) * static_cast<double>(in_.train.size()) + static_cast<double>(state_.position);
    std::string detail = fmt::format("epoch {} loss {:.3g} |{}", state_.epoch + (closed ? 0 : 1), mean_terms(state_.present).total(),
                                     rmse_text(state_.present.errors));
    if (in_.validation.size() > 0) detail += fmt::format(" | validation{}", rmse_text(last_validation_.errors));
    detail += fmt::format(" | lr {:.2g}, {:.3g} frames/s", learning_rate_, frames / std::max(used.wall, 1e-9));
    in_.progress.update({"training", std::min(pace(used).progress, 0.9999), 1, detail});
}

/// At the end: what a user should know before using the model.
void Trainer::tell_doubts() {
    const Seconds used = clock_.now();
    if (in_.validation.size() > 0)
        in_.log.info(fmt::format("validation took {:.3g} s in all, {:.0f} % of the run", state_.validation_seconds,
                                 100 * state_.validation_seconds / std::max(used.wall, 1e-9)));
    if (static_cast<double>(state_.step) < steps_per_epoch(settings_, in_.train.size()))
        in_.log.warning(
            fmt::format("the run ended after {} steps, before it had seen all {} training frames once", state_.step, in_.train.size()));
    if (in_.validation.size() > 0) {
        std::string far = far_above_training(state_.best_train_errors, state_.best_errors, settings_.loss);
        if (far.empty()) far = far_above_training(recent().errors, last_validation_.errors, settings_.loss);
        if (!far.empty())
            in_.log.warning("validation errors lie far above those of the training: " + far +
                            "; a short run, too few frames for the model, or frames of another kind (see docs/guide/training.md)");
    }
    const auto& frames = in_.validation.size() > 0 ? in_.validation.frames() : in_.train.frames();
    const bool anneals =
        settings_.schedule.kind == ScheduleSettings::Kind::cosine || settings_.schedule.kind == ScheduleSettings::Kind::exponential;
    if (anneals && settings_.patience > 0 && state_.waited >= settings_.patience && learning_rate_ > 10 * settings_.schedule.stop_lr)
        in_.log.warning(
            fmt::format("training.patience ended the run at a learning rate of {:.2g}, long before it had fallen to {:.2g}: errors "
                        "mostly fall with it; allow more epochs without a better one, or plan fewer in all",
                        learning_rate_, settings_.schedule.stop_lr));
    if (const auto little = hardly_learned(state_.best_errors, frames, settings_.loss); !little.empty())
        in_.log.warning(std::string("the model has hardly learned ") +
                        (settings_.loss.forces > 0 && !little.starts_with("force") ? "the energies: " : "anything: ") + little +
                        "; train longer, or look at the learning rate in metrics.csv");
}

Outcome outcome_of(const TrainerState& state, const GraphSet& validation, std::string reason) {
    Outcome outcome{state.epoch,       state.step, state.best_epoch, state.best_loss, std::move(reason), {},
                    state.best_errors, 0,          validation.size()};
    if (validation.size() > 0) outcome.validated_frames = std::max(state.validated_frames, state.closing_frames);
    return outcome;
}

}  // namespace alkali::training
