#include "alkali/training/trainer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "alkali/base/error.hpp"
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

std::string rmse_text(const ErrorSums& errors) {
    std::string text;
    if (errors.energy.count > 0) text += fmt::format(" {:.3g} meV/atom", 1e3 * errors.energy.rmse());
    if (errors.forces.count > 0) text += fmt::format(" {:.3g} meV/A", 1e3 * errors.forces.rmse());
    if (errors.stress.count > 0) text += fmt::format(" {:.3g} GPa", units::gpa_per_ev_per_angstrom3 * errors.stress.rmse());
    return text;
}

}  // namespace

Trainer::Trainer(const TrainerSettings& settings, TrainerInput input)
    : settings_(settings),
      in_(std::move(input)),
      pass_(in_.model.make_training_pass()),
      adam_(settings.adam, flags(in_.model, &models::ParameterInfo::trainable), flags(in_.model, &models::ParameterInfo::decays)),
      ema_(settings.ema_decay),
      schedule_(settings.schedule),
      random_(settings.seed),
      clock_(in_.communicator, in_.origin),
      deadline_(settings.max_seconds, settings.max_cpu_seconds) {
    state_.parameters.assign(in_.model.parameters().begin(), in_.model.parameters().end());
}

void Trainer::restore(const TrainerState& state) {
    if (state.parameters.size() != state_.parameters.size())
        throw InputError("the checkpoint holds another number of parameters than the model", in_.folder.checkpoint().string());
    state_ = state;
    adam_.restore(state.adam);
    if (ema_.averages()) ema_.restore(state.ema);
    schedule_.restore(state.schedule);
    random_.restore(state.random);
    clock_.add_earlier(state.used);
    in_.model.set_parameters(state_.parameters);
}

Outcome Trainer::run() {
    in_.folder.begin_metrics(state_.step);
    last_checkpoint_ = clock_.now().wall;
    const Seconds before = clock_.now();
    last_validation_ = validate();  // also tells how long the last one will take
    const Seconds after = clock_.now();
    deadline_.closing_took({after.wall - before.wall, after.cpu - before.cpu});

    std::string reason = state_.step > 0 && state_.position == state_.order.size() ? limit_reached({}) : "";
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
        if (used.wall - last_checkpoint_ >= settings_.checkpoint_seconds) save_checkpoint(false);
        if (reason.empty()) report(used);
    }
    in_.model.set_parameters(weights());
    in_.folder.save_model("last", in_.model, in_.model.parameters(), figures_of({{}, state_.errors}));
    save_checkpoint(true);
    in_.progress.update({"training", 1, 1, reason});
    return {state_.epoch, state_.step, state_.best_epoch, state_.best_loss, reason, last_validation_};
}

std::span<const double> Trainer::weights() const { return ema_.average().empty() ? state_.parameters : ema_.average(); }

void Trainer::start_epoch() {
    state_.order.resize(in_.train.size());
    std::iota(state_.order.begin(), state_.order.end(), std::size_t{0});
    random_.shuffle(state_.order);
    state_.position = 0;
    state_.terms = {};
    state_.errors = {};
    state_.epoch_steps = 0;
}

void Trainer::step() {
    const auto ranks = static_cast<std::size_t>(in_.communicator.size()), rank = static_cast<std::size_t>(in_.communicator.rank());
    const std::size_t begin = state_.position, end = std::min(begin + settings_.batch_size, state_.order.size());
    LabelCounts counts;
    std::vector<std::size_t> own;
    for (std::size_t k = begin; k < end; ++k) {
        counts.add(in_.train.frame(state_.order[k]));
        if ((k - begin) % ranks == rank) own.push_back(state_.order[k]);
    }
    learning_rate_ = schedule_.learning_rate(progress_share(clock_.now()), state_.step);
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
    state_.terms = state_.terms + terms;
    state_.errors.add(errors);
    state_.position = end;
    ++state_.step;
    ++state_.epoch_steps;
}

void Trainer::close_epoch() {
    const Seconds begin = clock_.now();
    last_validation_ = validate();
    ++state_.epoch;
    const Evaluated train{state_.terms / static_cast<double>(state_.epoch_steps), state_.errors};
    const bool validated = in_.validation.size() > 0;
    const double loss = (validated ? last_validation_ : train).terms.total();
    schedule_.validated(loss);
    if (loss < state_.best_loss) {
        state_.best_loss = loss;
        state_.best_epoch = state_.epoch;
        in_.folder.save_model("best", in_.model, weights(), figures_of(train));
    }
    const Seconds end = clock_.now();
    MetricsRow row{state_.epoch, state_.step, learning_rate_, train, last_validation_, end};
    if (!validated) row.validation.terms.energy = std::nan("");
    in_.folder.add(row);
    deadline_.closing_took({end.wall - begin.wall, end.cpu - begin.cpu});
}

/// Without validation frames those of the epoch's training frames, under their own name: they tell how well the model fits.
nlohmann::json Trainer::figures_of(const Evaluated& train) const {
    if (in_.validation.size() > 0) return {{"validation", figures(last_validation_.errors)}};
    return {{"train", figures(train.errors)}};
}

std::string Trainer::limit_reached(const Seconds& used) const {
    if (settings_.max_steps > 0 && state_.step >= settings_.max_steps) return "numb_steps reached";
    if (settings_.max_epochs > 0 && state_.epoch >= settings_.max_epochs) return "max_epochs reached";
    if (settings_.patience > 0 && state_.epoch - state_.best_epoch >= settings_.patience)
        return fmt::format("no better validation loss for {} epochs", settings_.patience);
    if (deadline_.reached(used)) return "time limit reached";
    return {};
}

double Trainer::progress_share(const Seconds& used) const {
    double share = deadline_.share(used);
    const auto done = static_cast<double>(state_.step);
    const double steps_per_epoch = std::ceil(static_cast<double>(in_.train.size()) / static_cast<double>(settings_.batch_size));
    if (settings_.max_epochs > 0) share = std::max(share, done / (steps_per_epoch * static_cast<double>(settings_.max_epochs)));
    if (settings_.max_steps > 0) share = std::max(share, done / static_cast<double>(settings_.max_steps));
    return std::min(share, 1.0);
}

Evaluated Trainer::validate() {
    Evaluated result;
    if (in_.validation.size() == 0) return result;
    if (ema_.averages()) in_.model.set_parameters(weights());
    LabelCounts counts;
    for (const auto& frame : in_.validation.frames()) counts.add(frame);
    std::vector<std::size_t> indices(in_.validation.size());
    std::iota(indices.begin(), indices.end(), std::size_t{0});
    const auto ranks = static_cast<std::size_t>(in_.communicator.size()), rank = static_cast<std::size_t>(in_.communicator.rank());
    for (std::size_t begin = 0, chunk = 0; begin < indices.size(); begin += settings_.batch_size, ++chunk) {
        if (chunk % ranks != rank) continue;
        const Batch batch(in_.validation, std::span(indices).subspan(begin, std::min(settings_.batch_size, indices.size() - begin)));
        result.terms = result.terms + evaluate_batch(batch, counts, nullptr, result.errors);
    }
    sum_over_ranks({}, result.terms, result.errors);
    if (ema_.averages()) in_.model.set_parameters(state_.parameters);
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
    state_.used = used;
    state_.finished = finished;
    in_.folder.save_checkpoint(state_, in_.identity);
    last_checkpoint_ = used.wall;
}

void Trainer::report(const Seconds& used) {
    const auto terms = state_.epoch_steps > 0 ? state_.terms / static_cast<double>(state_.epoch_steps) : LossTerms{};
    const bool closed = state_.position == state_.order.size();
    const double frames =
        static_cast<double>(state_.epoch - (closed ? 1 : 0)) * static_cast<double>(in_.train.size()) + static_cast<double>(state_.position);
    std::string detail = fmt::format("epoch {} loss {:.3g} |{}", state_.epoch + (closed ? 0 : 1), terms.total(), rmse_text(state_.errors));
    if (in_.validation.size() > 0) detail += fmt::format(" | validation{}", rmse_text(last_validation_.errors));
    detail += fmt::format(" | lr {:.2g}, {:.3g} frames/s", learning_rate_, frames / std::max(used.wall, 1e-9));
    in_.progress.update({"training", std::min(progress_share(used), 0.9999), 1, detail});
}

}  // namespace alkali::training
