#include "alkali/training/state.hpp"

#include <algorithm>
#include <cmath>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/base/random.hpp"
#include "alkali/config/json.hpp"
#include "alkali/config/write.hpp"
#include "alkali/dataset/hash.hpp"
#include "alkali/io/safetensors.hpp"

namespace alkali::training {
namespace {

/// 2: the average warms up; what the best model's errors are, how many frames validate, how far the time has come.
/// 3: which model it started from, the weights of the best one.
constexpr int format_version = 3;

constexpr double most = std::numeric_limits<double>::max();
constexpr std::int64_t most_count = std::int64_t{1} << 53;
constexpr const char* checksum_key = "checksum";
constexpr const char* damaged = "the file is damaged: take a copy of it, or start the run again without --restart";

io::Tensor vector_tensor(std::vector<double> values) {
    const std::size_t n = values.size();
    return {{n}, std::move(values)};
}

nlohmann::json finite_or_null(double value) { return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json(); }

nlohmann::json value_at(const nlohmann::json& json, const std::string& path) {
    const nlohmann::json* here = &json;
    for (std::size_t from = 0; from <= path.size();) {
        const auto dot = std::min(path.find('.', from), path.size());
        const auto key = path.substr(from, dot - from);
        if (!here->is_object() || !here->contains(key)) return {};
        here = &here->at(key);
        from = dot + 1;
    }
    return *here;
}

/// As the values come back from a file: names of files need not be UTF-8 there.
nlohmann::json as_stored(const nlohmann::json& values) { return config::parse_json(config::json_text(values), "the config"); }

bool is_length(const std::string& key) { return std::find(length_keys.begin(), length_keys.end(), key) != length_keys.end(); }

void check_identity(const nlohmann::json& stored, const RunIdentity& identity, const std::string& where) {
    if (!stored.is_object() || !stored.contains("config") || !stored.contains("data_hash"))
        throw FileError("is no checkpoint: it does not tell its config and data", where, damaged);
    const auto& config = stored.at("config");
    const auto present = as_stored(identity.config);
    std::string changed;
    for (const auto& key : config::differences(config, present))
        if (!is_length(key))
            changed += (changed.empty() ? "" : ", ") + key + " (was " + config::json_text(value_at(config, key)) + ", now " +
                       config::json_text(value_at(present, key)) + ")";
    if (!changed.empty())
        throw InputError("the config has changed since this run began: " + changed, where,
                         "put it back, or start a new run in another folder with training.init_from");
    if (stored.at("data_hash") != identity.data_hash)
        throw InputError("the training data have changed since this run began", where,
                         "restore the files, or start a new run in another folder with training.init_from");
    if (!stored.contains("start_hash") || stored.at("start_hash") != identity.start_hash)
        throw InputError("the model of training.init_from has changed since this run began", where,
                         "restore that file, or start a new run in another folder");
}

/// What a config can hold there, whoever wrote the file.
bool is_length_value(const std::string& key, const nlohmann::json& value) {
    if (value.is_null()) return key != "training.patience" && key != "training.checkpoint_seconds";
    const double highest = key.ends_with("seconds")    ? most
                           : key.ends_with("patience") ? static_cast<double>(std::numeric_limits<int>::max())
                                                       : static_cast<double>(most_count);
    return value.is_number() && value.get<double>() >= 0 && value.get<double>() <= highest;
}

/// The config of a run that had another length; else null. Both are the same but for that (check_identity).
nlohmann::json earlier_length(const nlohmann::json& earlier, const nlohmann::json& present, const std::string& where) {
    const auto different = config::differences(earlier, present);
    if (different.empty()) return {};
    auto config = present;
    for (auto key : different) {
        const auto value = value_at(earlier, key);
        if (!is_length_value(key, value)) throw FileError("is no checkpoint: '" + key + "' of its config is out of range", where, damaged);
        std::ranges::replace(key, '.', '/');
        config[nlohmann::json::json_pointer("/" + key)] = value;
    }
    return config;
}

/// Over names, shapes, numbers and texts.
std::string checksum_of(const io::TensorFile& file) {
    dataset::Sha256 hash;
    const auto add = [&](std::string_view text) {
        hash.add(std::to_string(text.size()) + ":");
        hash.add(text);
    };
    for (const auto& [name, tensor] : file.tensors) {
        add(name);
        for (const std::size_t length : tensor.shape) hash.add(std::to_string(length) + ",");
        add({reinterpret_cast<const char*>(tensor.values.data()), sizeof(double) * tensor.values.size()});
    }
    for (const auto& [key, text] : file.metadata) {
        if (key == checksum_key) continue;
        add(key);
        add(text);
    }
    return hash.hex();
}

/// A checkpoint as it stands in a file, nothing of it believed but its form and checksum.
struct Stored {
    io::TensorFile file;
    nlohmann::json run;
};

std::vector<double> numbers_of(const ErrorSums& errors) {
    std::vector<double> numbers(ErrorSums::size);
    errors.store(std::span<double, ErrorSums::size>(numbers));
    return numbers;
}

void check_format(const std::map<std::string, std::string>& metadata, const std::string& where) {
    const auto value = [&](const std::string& key) { return metadata.contains(key) ? metadata.at(key) : std::string{}; };
    if (value("format") != "alkali-checkpoint") throw FileError("is no checkpoint", where, "start the run again without --restart");
    if (value("format_version") != std::to_string(format_version))
        throw FileError("is a checkpoint of another version of alkali (format " + value("format_version") + ", this one goes on from " +
                            std::to_string(format_version) + ")",
                        where,
                        "end the run with the version that began it, or start again without --restart, from last.safetensors if there is "
                        "one (training.init_from)");
}

Stored read(std::string_view bytes, const std::string& where) {
    Stored stored{io::TensorFile::parse(bytes, where), {}};
    const auto& metadata = stored.file.metadata;
    check_format(metadata, where);
    // One byte in the name of the checksum, and the file would pass for one of an earlier version.
    for (const auto& [key, text] : metadata)
        if (key != "format" && key != "format_version" && key != "run" && key != checksum_key)
            throw FileError("holds '" + key + "', which no checkpoint does", where, damaged);
    if (metadata.contains(checksum_key) && metadata.at(checksum_key) != checksum_of(stored.file))
        throw FileError("does not hold what was written: its checksum differs", where, damaged);
    stored.run = config::parse_json(metadata.contains("run") ? metadata.at("run") : std::string{}, where);
    return stored;
}

/// Takes one part after another out of a checkpoint; whatever cannot be is refused by name.
class Reader {
public:
    Reader(const Stored& stored, const std::string& where) : stored_(stored), where_(where) {}

    [[noreturn]] void fail(const std::string& name, const std::string& what) const {
        throw FileError("is no checkpoint: '" + name + "' " + what, where_, damaged);
    }

    const nlohmann::json& value(const std::string& name) const { return member(stored_.run, name); }
    const nlohmann::json& member(const nlohmann::json& table, const std::string& name) const {
        if (!table.is_object() || !table.contains(name)) fail(name, "is missing");
        return table.at(name);
    }

    std::int64_t count(const std::string& name) const { return whole(value(name), name, 0); }
    std::int64_t whole(const nlohmann::json& given, const std::string& name, std::int64_t least) const {
        if (!given.is_number_integer() || given < least || given > most_count) fail(name, "is not a count");
        return given.get<std::int64_t>();
    }
    std::size_t size(const std::string& name) const { return static_cast<std::size_t>(count(name)); }

    double number(const nlohmann::json& given, const std::string& name, double low, double high) const {
        if (!given.is_number() || !(given.get<double>() >= low && given.get<double>() <= high)) fail(name, "is out of range");
        return given.get<double>();
    }
    double number(const std::string& name, double low, double high) const { return number(value(name), name, low, high); }

    std::string text(const std::string& name) const {
        if (!value(name).is_string()) fail(name, "is no text");
        return value(name).get<std::string>();
    }
    bool truth(const std::string& name) const {
        if (!value(name).is_boolean()) fail(name, "is neither true nor false");
        return value(name).get<bool>();
    }

    /// A row of finite numbers, not below `least`.
    const std::vector<double>& row(const std::string& name, double least = -std::numeric_limits<double>::infinity()) const {
        const auto found = stored_.file.tensors.find(name);
        if (found == stored_.file.tensors.end()) fail(name, "is missing");
        if (found->second.shape.size() != 1) fail(name, "is no row of numbers");
        for (const double number : found->second.values)
            if (!std::isfinite(number) || number < least) fail(name, "holds " + std::to_string(number));
        return found->second.values;
    }
    /// The same, of a length that is known; may be empty where that is said.
    enum class Absent { forbidden, allowed };
    const std::vector<double>& row(const std::string& name, std::size_t length, Absent absent,
                                   double least = -std::numeric_limits<double>::infinity()) const {
        const auto& values = row(name, least);
        if (values.size() != length && !(values.empty() && absent == Absent::allowed))
            fail(name, "is of length " + std::to_string(values.size()) + ", not " + std::to_string(length));
        return values;
    }
    ErrorSums errors(const std::string& name) const {
        const auto& values = row(name, ErrorSums::size, Absent::forbidden);
        ErrorSums errors;
        errors.load(std::span<const double, ErrorSums::size>(values));
        require_sums(errors, name);
        return errors;
    }
    StepSums steps(const std::string& name) const {
        const auto& values = row(name, StepSums::size, Absent::forbidden);
        if (!is_count(values.back())) fail(name, "counts no steps");
        const auto sums = StepSums::from(std::span<const double, StepSums::size>(values));
        require_sums(sums.errors, name);
        return sums;
    }
    /// Indices of frames, each once.
    std::vector<std::size_t> order(const std::string& name) const {
        const auto& values = row(name, 0.0);
        std::vector<bool> seen(values.size(), false);
        std::vector<std::size_t> order;
        for (const double index : values) {
            if (!is_count(index) || index >= static_cast<double>(values.size()) || seen[static_cast<std::size_t>(index)])
                fail(name, "does not hold each frame once");
            seen[static_cast<std::size_t>(index)] = true;
            order.push_back(static_cast<std::size_t>(index));
        }
        return order;
    }

private:
    static bool is_count(double number) { return number >= 0 && number <= static_cast<double>(most_count) && number == std::floor(number); }
    void require_sums(const ErrorSums& errors, const std::string& name) const {
        for (const auto* part : {&errors.energy, &errors.forces, &errors.stress})
            if (part->squares < 0 || part->magnitudes < 0 || !is_count(part->count)) fail(name, "holds negative sums");
    }

    const Stored& stored_;
    const std::string& where_;
};

nlohmann::json schedule_of(const Reader& read) {
    const auto& given = read.value("schedule");
    read.number(read.member(given, "held_progress"), "schedule.held_progress", 0, 1);
    read.number(read.member(given, "interval"), "schedule.interval", -1, 1e15);
    read.number(read.member(given, "first_step"), "schedule.first_step", -1, 1e15);
    read.number(read.member(given, "reduction"), "schedule.reduction", 0, most);
    if (read.whole(read.member(given, "waited"), "schedule.waited", 0) > std::numeric_limits<int>::max())
        read.fail("schedule.waited", "is out of range");
    if (const auto& best = read.member(given, "best"); !best.is_null()) read.number(best, "schedule.best", -most, most);
    return given;
}

std::string random_of(const Reader& read) {
    auto state = read.text("random");
    try {
        base::Random(0).restore(state);
    } catch (const InputError&) {
        read.fail("random", "is no state of the random numbers");
    }
    return state;
}

void read_weights(const Reader& read, TrainerState& state) {
    using Absent = Reader::Absent;
    state.parameters = read.row("parameters");
    const std::size_t n = state.parameters.size();
    state.adam = {read.count("adam_step"), read.row("adam.first", n, Absent::forbidden), read.row("adam.second", n, Absent::forbidden, 0),
                  read.row("adam.largest", n, Absent::allowed, 0)};
    state.ema = read.row("ema", n, Absent::allowed);
    state.best_weights = read.row("best.weights", n, Absent::allowed);
}

void read_progress(const Reader& read, TrainerState& state) {
    state.order = read.order("order");
    state.position = read.size("position");
    if (state.position > state.order.size()) read.fail("position", "lies behind the end of the epoch");
    state.epoch = read.count("epoch");
    state.step = read.count("step");
    if (state.step != state.adam.step) read.fail("step", "is not that of the optimiser");
    state.random = random_of(read);
    state.schedule = schedule_of(read);
    state.time_share = read.number("time_share", 0, 1);
    state.present = read.steps("sums.present");
    state.previous = read.steps("sums.previous");
    state.validation_seconds = read.number("validation_seconds", 0, most);
    state.used = {read.number("seconds", 0, most), read.number("cpu_seconds", 0, most)};
    state.finished = read.truth("finished");
}

void read_best(const Reader& read, TrainerState& state) {
    if (!read.value("best_loss").is_null()) state.best_loss = read.number("best_loss", -most, most);
    state.best_epoch = read.count("best_epoch");
    if (state.best_epoch > state.epoch) read.fail("best_epoch", "is yet to come");
    state.best_errors = read.errors("best.errors");
    state.best_train_errors = read.errors("best.train_errors");
    state.waited = read.count("waited");
    state.validated_frames = read.size("validated_frames");
    state.closing_frames = read.size("closing_frames");
}

TrainerState state_of(const Stored& stored, const std::string& where) {
    const Reader read(stored, where);
    TrainerState state;
    read_weights(read, state);
    read_progress(read, state);
    read_best(read, state);
    return state;
}

}  // namespace

void StepSums::add(const StepSums& other) {
    terms = {terms.energy + other.terms.energy, terms.forces + other.terms.forces, terms.stress + other.terms.stress,
             terms.shear + other.terms.shear};
    errors.add(other.errors);
    steps += other.steps;
}

std::vector<double> StepSums::numbers() const {
    auto all = numbers_of(errors);
    all.insert(all.end(), {terms.energy, terms.forces, terms.stress, terms.shear, static_cast<double>(steps)});
    return all;
}

StepSums StepSums::from(std::span<const double, size> numbers) {
    StepSums sums;
    sums.errors.load(numbers.first<ErrorSums::size>());
    const auto rest = numbers.subspan<ErrorSums::size>();
    sums.terms = {rest[0], rest[1], rest[2], rest[3]};
    sums.steps = static_cast<std::int64_t>(rest[4]);
    return sums;
}

void save_state(const std::filesystem::path& path, const TrainerState& state, const RunIdentity& identity) {
    io::TensorFile file;
    file.tensors["parameters"] = vector_tensor(state.parameters);
    file.tensors["adam.first"] = vector_tensor(state.adam.first);
    file.tensors["adam.second"] = vector_tensor(state.adam.second);
    file.tensors["adam.largest"] = vector_tensor(state.adam.largest);
    file.tensors["ema"] = vector_tensor(state.ema);
    file.tensors["order"] = vector_tensor({state.order.begin(), state.order.end()});
    file.tensors["sums.present"] = vector_tensor(state.present.numbers());
    file.tensors["sums.previous"] = vector_tensor(state.previous.numbers());
    file.tensors["best.weights"] = vector_tensor(state.best_weights);
    file.tensors["best.errors"] = vector_tensor(numbers_of(state.best_errors));
    file.tensors["best.train_errors"] = vector_tensor(numbers_of(state.best_train_errors));
    const nlohmann::json run = {{"config", identity.config},
                                {"data_hash", identity.data_hash},
                                {"start_hash", identity.start_hash},
                                {"position", state.position},
                                {"epoch", state.epoch},
                                {"step", state.step},
                                {"adam_step", state.adam.step},
                                {"random", state.random},
                                {"schedule", state.schedule},
                                {"time_share", state.time_share},
                                {"best_loss", finite_or_null(state.best_loss)},
                                {"best_epoch", state.best_epoch},
                                {"waited", state.waited},
                                {"validated_frames", state.validated_frames},
                                {"closing_frames", state.closing_frames},
                                {"validation_seconds", state.validation_seconds},
                                {"seconds", state.used.wall},
                                {"cpu_seconds", state.used.cpu},
                                {"finished", state.finished}};
    file.metadata = {{"format", "alkali-checkpoint"}, {"format_version", std::to_string(format_version)}, {"run", config::json_text(run)}};
    file.metadata[checksum_key] = checksum_of(file);
    file.save(path);
}

TrainerState load_state(const std::filesystem::path& path, const RunIdentity& identity) {
    const auto where = path.string();
    const auto stored = read(base::read_file(path), where);
    check_identity(stored.run, identity, where);
    auto state = state_of(stored, where);
    state.earlier_config = earlier_length(stored.run.at("config"), as_stored(identity.config), where);
    return state;
}

TrainerState parse_state(std::string_view bytes, const std::string& where) { return state_of(read(bytes, where), where); }

void require_fit(const TrainerState& state, const RunSizes& sizes, const std::string& where) {
    const bool fits = state.parameters.size() == sizes.parameters && (state.order.empty() || state.order.size() == sizes.train_frames) &&
                      state.validated_frames <= sizes.validation_frames && state.closing_frames <= sizes.validation_frames &&
                      state.adam.largest.empty() != sizes.amsgrad && (state.ema.empty() || sizes.averages) &&
                      (!state.ema.empty() || !sizes.averages || state.step == 0) && (!state.best_weights.empty() || state.best_epoch == 0);
    if (!fits) throw FileError("belongs to a run of another model, other data or another optimiser", where, damaged);
}

}  // namespace alkali::training
