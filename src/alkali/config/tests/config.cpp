#include "alkali/config/config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/config/write.hpp"

namespace alkali::config::config_tests {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Memory final : public base::LogSink {
public:
    void write(base::LogLevel, std::string_view message) override { lines.emplace_back(message); }
    std::vector<std::string> lines;
};

Options example() {
    Options loss;
    loss.number("energy", "weight").fallback(1.0).at_least(0).alias("../energy_weight");
    loss.number("forces", "weight").fallback(1.0).at_least(0);
    Options cosine, plateau;
    cosine.number("final", "fraction").fallback(0.01).at_least(0).at_most(1);
    plateau.integer("patience", "epochs").fallback(10).at_least(1);
    Options training;
    training.integer("batch_size", "frames per step").fallback(5).at_least(1);
    training.number("lr", "learning rate").fallback(0.01).above(0).alias("learning_rate").alias("optim_param.lr");
    training.boolean("amsgrad", "variant").fallback(false);
    training.block("loss_coeffs", "weights", loss).alias("loss.coeffs");
    training.variant("schedule", "of lr", {{"cosine", cosine}, {"plateau", plateau}}).fallback("cosine");
    Options options;
    options.texts("types", "symbols").required();
    options.text("dtype", "precision").choices({"float32", "mixed", "float64"}).fallback("mixed");
    options.number("validation", "share or file").at_least(0).at_most(1).or_kind(Kind::text).or_kind(Kind::texts);
    options.table("shifts", "eV").or_kind(Kind::text);
    options.words("files", "by name");
    options.text("zero", "eV").or_kind(Kind::number);
    options.integer("width", "channels").or_kind(Kind::integers).fallback(8).at_least(1);
    options.block("training", "how", training);
    return options;
}

Config parsed(const std::string& text) {
    base::NullSink log;
    return parse(text, example(), "c.yaml", log);
}

std::string message(const std::string& text) {
    try {
        static_cast<void>(parsed(text));
    } catch (const InputError& error) {
        return error.what();
    }
    return "accepted";
}

TEST(Config, tables_of_words) {
    EXPECT_EQ(parsed("types: [Li]\nfiles: {Li: a.UPF, H: 7}").values["files"], (nlohmann::json{{"Li", "a.UPF"}, {"H", "7"}}));
    EXPECT_THAT(message("types: [Li]\nfiles: {Li: [a, b]}"), HasSubstr("'files.Li' must be a word"));
    EXPECT_THAT(message("types: [Li]\nfiles: a.UPF"), HasSubstr("{name: word}"));
}

TEST(Config, absent_keys_take_their_defaults) {
    const auto values = parsed("types: [Li]").values;
    EXPECT_EQ(values["training"]["batch_size"], 5);
    EXPECT_EQ(values["training"]["loss_coeffs"]["forces"], 1.0);
    EXPECT_EQ(values["training"]["schedule"]["type"], "cosine");
    EXPECT_EQ(values["training"]["schedule"]["final"], 0.01);
    EXPECT_EQ(values["dtype"], "mixed");
    EXPECT_TRUE(values["validation"].is_null());
}

TEST(Config, unknown_key_is_named_with_path_line_and_the_nearest_one) {
    const auto text = message("types: [Li]\ntraining:\n  batch_sise: 3\n");
    EXPECT_THAT(text, HasSubstr("training.batch_sise"));
    EXPECT_THAT(text, HasSubstr("line 3"));
    EXPECT_THAT(text, HasSubstr("did you mean batch_size?"));
}

TEST(Config, key_far_from_all_others_lists_the_known_ones) {
    EXPECT_THAT(message("types: [Li]\nzzzzzzzzzzzzzzzz: 1"), HasSubstr("known keys here: types, dtype"));
}

TEST(Config, missing_required_key_is_named) { EXPECT_THAT(message("dtype: mixed"), HasSubstr("'types' is missing")); }

TEST(Config, wrong_kinds_are_errors_with_line_and_what_was_expected) {
    EXPECT_THAT(message("types: [Li]\ntraining: {batch_size: many}"), HasSubstr("'training.batch_size' must be an integer, not 'many'"));
    EXPECT_THAT(message("types: [Li]\ntraining: {batch_size: 2.5}"), HasSubstr("must be an integer"));
    EXPECT_THAT(message("types: [Li]\ntraining: {lr: '0.1'}"), HasSubstr("must be a number"));
    EXPECT_THAT(message("types: [Li]\ntraining: 3"), HasSubstr("must be a block of keys"));
    EXPECT_THAT(message("types: Li"), HasSubstr("must be a list of words"));
    EXPECT_THAT(message("types: [Li]\nwidth: {a: 1}"), HasSubstr("an integer or a list of integers"));
    EXPECT_THAT(message("types: [Li]\ntraining: {lr: .nan}"), HasSubstr("must be a number"));
}

TEST(Config, values_out_of_range_are_errors) {
    EXPECT_THAT(message("types: [Li]\ntraining: {lr: 0}"), HasSubstr("must be above 0"));
    EXPECT_THAT(message("types: [Li]\ntraining: {batch_size: 0}"), HasSubstr("at least 1"));
    EXPECT_THAT(message("types: [Li]\nvalidation: 1.5"), HasSubstr("at most 1"));
    EXPECT_THAT(message("types: [Li]\nwidth: [4, 0]"), HasSubstr("'width[1]'"));
}

TEST(Config, unknown_word_names_the_nearest_and_all) {
    const auto text = message("types: [Li]\ndtype: flaot32");
    EXPECT_THAT(text, HasSubstr("did you mean float32?"));
    EXPECT_THAT(text, HasSubstr("possible: float32, mixed, float64"));
}

TEST(Config, a_key_may_hold_one_of_several_kinds) {
    EXPECT_EQ(parsed("types: [Li]\nvalidation: 0.1").values["validation"], 0.1);
    EXPECT_EQ(parsed("types: [Li]\nvalidation: a.xyz").values["validation"], "a.xyz");
    EXPECT_EQ(parsed("types: [Li]\nvalidation: [a, b]").values["validation"].size(), 2U);
    EXPECT_EQ(parsed("types: [Li]\nwidth: [8, 4]").values["width"][1], 4);
    EXPECT_EQ(parsed("types: [Li]\nshifts: {Li: -1.5}").values["shifts"]["Li"], -1.5);
    EXPECT_EQ(parsed("types: [Li]\nshifts: auto").values["shifts"], "auto");
    EXPECT_EQ(parsed("types: [Li]\nzero: -1.5").values["zero"], -1.5);
}

TEST(Config, variant_takes_a_plain_word_or_a_block) {
    EXPECT_EQ(parsed("types: [Li]\ntraining: {schedule: plateau}").values["training"]["schedule"]["patience"], 10);
    EXPECT_EQ(parsed("types: [Li]\ntraining: {schedule: {type: plateau, patience: 3}}").values["training"]["schedule"]["patience"], 3);
    EXPECT_THAT(message("types: [Li]\ntraining: {schedule: {type: plateau, final: 0.1}}"), HasSubstr("training.schedule.final"));
    EXPECT_THAT(message("types: [Li]\ntraining: {schedule: cosin}"), HasSubstr("did you mean cosine?"));
    EXPECT_THAT(message("types: [Li]\ntraining: {schedule: {final: 0.1}}"), HasSubstr("training.schedule.type"));
}

TEST(Config, aliases_are_moved_and_said_once) {
    Memory log;
    const auto config =
        parse("types: [Li]\ntraining: {optim_param: {lr: 0.5}, loss: {coeffs: {forces: 3}}, energy_weight: 7}", example(), "c.yaml", log);
    EXPECT_EQ(config.values["training"]["lr"], 0.5);
    EXPECT_EQ(config.values["training"]["loss_coeffs"]["forces"], 3.0);
    EXPECT_EQ(config.values["training"]["loss_coeffs"]["energy"], 7.0);
    ASSERT_EQ(log.lines.size(), 3U);
    EXPECT_THAT(log.lines[0], HasSubstr("'training.optim_param.lr' is read as 'training.lr'"));
}

TEST(Config, a_key_given_under_two_names_is_an_error) {
    EXPECT_THAT(message("types: [Li]\ntraining: {lr: 0.1, learning_rate: 0.2}"), HasSubstr("another name of 'training.lr'"));
    EXPECT_THAT(message("types: [Li]\ntraining: {lr: 0.1, lr: 0.2}"), HasSubstr("given twice"));
}

TEST(Config, what_is_left_beside_a_dotted_alias_is_an_unknown_key) {
    EXPECT_THAT(message("types: [Li]\ntraining: {optim_param: {lr: 0.5, beta: 1}}"), HasSubstr("unknown key 'training.optim_param'"));
}

TEST(Config, where_names_file_line_and_path) {
    EXPECT_EQ(parsed("types: [Li]\ntraining:\n  lr: 0.5\n").where("training.lr"), "c.yaml, line 3 (training.lr)");
}

TEST(Config, malformed_documents_are_errors_with_a_line) {
    EXPECT_THAT(message("types: [Li\n"), HasSubstr("is not YAML"));
    EXPECT_THAT(message(""), HasSubstr("holds no keys"));
    EXPECT_THAT(message("- a\n- b\n"), HasSubstr("holds no keys"));
    EXPECT_THAT(message("a: 1\n---\nb: 2\n"), HasSubstr("several YAML documents"));
    EXPECT_THAT(message("? [a, b]\n: 1\n"), HasSubstr("a key must be a plain word"));
}

TEST(Config, small_file_cannot_grow_without_bound) {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
        for (int k = 0; k < 10; ++k) text += (k > 0 ? ", " : "") + before;
        text += "]\n";
    }
    EXPECT_THAT(message(text), HasSubstr("more than a million values"));
}

TEST(Config, anchors_and_long_texts_count_with_their_copies) {
    std::string inside = "x";
    for (int k = 0; k < 20000; ++k) inside += ", x";
    std::string anchors = "a: ";
    for (int k = 0; k < 90; ++k) anchors += "&a" + std::to_string(k) + " [";
    EXPECT_THAT(message(anchors + inside + std::string(90, ']') + "\n"), HasSubstr("more than a million values"));
    std::string texts = "a: &a " + std::string(100000, 'x') + "\nb: [*a";
    for (int k = 0; k < 10000; ++k) texts += ", *a";
    EXPECT_THAT(message(texts + "]\n"), HasSubstr("more than a million values"));
}

TEST(Config, malformed_input_on_which_yaml_cpp_does_not_end_is_refused) {
    EXPECT_THAT(message(", {a: b}\n)KtrainingK"), ::testing::Not(HasSubstr("accepted")));
}

TEST(Config, aliases_of_yaml_are_expanded_and_never_inside_themselves) {
    EXPECT_EQ(parsed("types: &t [Li]\nvalidation: *t\n").values["validation"], nlohmann::json({"Li"}));
    EXPECT_THAT(message("types: &t [Li, *t]\n"), ::testing::Not(HasSubstr("accepted")));
}

TEST(Config, every_input_that_fuzzing_kept_is_accepted_or_refused_as_it_should_be) {
    for (const auto& file : std::filesystem::directory_iterator(ALKALI_SOURCE_DIR "/fuzz/corpus/config")) {
        base::NullSink log;
        const auto text = base::read_file(file.path());
        try {
            const auto config = parse(text, example(), "corpus", log);
            EXPECT_EQ(parse(to_yaml(config.values, example()), example(), "written", log).values, config.values) << file.path();
        } catch (const InputError& error) {
            EXPECT_THAT(error.what(), HasSubstr("corpus")) << file.path();
        }
    }
}

TEST(Config, written_yaml_reads_back_as_the_same_values) {
    const auto config =
        parsed("types: [Li, 'No']\nshifts: {Li: -1.25, 'No': 3}\nvalidation: '0.5'\ntraining: {lr: 1e-7, schedule: plateau}");
    const auto again = parsed(to_yaml(config.values, example()));
    EXPECT_EQ(again.values, config.values);
}

TEST(Config, differences_name_the_changed_keys) {
    const auto a = parsed("types: [Li]").values, b = parsed("types: [Li]\ntraining: {lr: 0.3}\nwidth: 4").values;
    EXPECT_THAT(differences(a, b), ElementsAre("training.lr", "width"));
    EXPECT_TRUE(differences(a, a).empty());
}

TEST(Config, help_and_schema_come_from_the_same_description) {
    const auto help = help_text(example());
    EXPECT_THAT(help, HasSubstr("lr: learning rate (number, > 0.0, default 0.01) [also: learning_rate, optim_param.lr]"));
    const auto schema = json_schema(example(), "example");
    EXPECT_EQ(schema["properties"]["training"]["properties"]["batch_size"]["minimum"], 1.0);
    EXPECT_EQ(schema["required"][0], "types");
    EXPECT_EQ(schema["additionalProperties"], false);
}

TEST(Config, json_values_are_checked_in_the_same_way) {
    base::NullSink log;
    EXPECT_EQ(check_json({{"types", {"Li"}}, {"width", 16}}, example(), "model", log)["width"], 16);
    EXPECT_THROW(static_cast<void>(check_json({{"types", {"Li"}}, {"widht", 16}}, example(), "model", log)), InputError);
}

}  // namespace
}  // namespace alkali::config::config_tests
