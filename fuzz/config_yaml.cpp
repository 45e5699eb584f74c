// Config parser on arbitrary bytes: whatever comes, it is accepted (and then survives being written and read back)
// or refused with an InputError. Anything else is a finding.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/config/config.hpp"
#include "alkali/config/write.hpp"

namespace {

using namespace alkali::config;

/// A description with every kind of value, aliases and nesting.
Options description() {
    Options cosine, plateau, loss, training, model;
    cosine.number("warmup", "share").fallback(0.01).at_least(0).at_most(0.5);
    plateau.integer("patience", "epochs").fallback(10).at_least(1);
    loss.number("forces", "weight").fallback(1.0).at_least(0).alias("../forces_weight").alias("force");
    training.integer("batch_size", "frames").fallback(5).at_least(1);
    training.number("lr", "rate").fallback(0.01).above(0).alias("optim_param.lr").alias("learning_rate");
    training.boolean("amsgrad", "variant").fallback(true);
    training.block("loss_coeffs", "weights", loss).alias("loss.coeffs");
    training.variant("lr_schedule", "of lr", {{"cosine", cosine}, {"plateau", plateau}}).fallback("cosine");
    model.texts("type_names", "symbols").alias("type_map");
    model.integer("num_features", "channels").or_kind(Kind::integers).fallback(32).at_least(1);
    model.table("shifts", "eV").or_kind(Kind::text).or_kind(Kind::number).fallback("auto");
    model.text("model_dtype", "precision").choices({"float32", "mixed", "float64"}).fallback("mixed");
    Options options;
    options.variant("model", "kind", {{"nequip", model}, {"other", Options{}}});
    options.number("validation", "share or files").or_kind(Kind::text).or_kind(Kind::texts).at_least(0).at_most(1);
    options.numbers("list", "numbers");
    options.block("training", "how", training);
    return options;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Options options = description();
    alkali::base::NullSink log;
    Config config;
    try {
        config = parse(std::string(reinterpret_cast<const char*>(data), size), options, "fuzz", log);
    } catch (const alkali::InputError&) {
        return 0;
    }
    if (parse(to_yaml(config.values, options), options, "written", log).values != config.values) std::abort();
    return 0;
}
