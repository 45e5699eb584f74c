// A store whose file a disk, a copy or a hand has changed: nothing of it is believed that is not what was stored.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bit>
#include <cstdio>
#include <fstream>

#include "alkali/base/files.hpp"
#include "samples.hpp"
#include "sql.hpp"

namespace alkali::labelling::store_damage_tests {
namespace {

using samples::Scratch;
using samples::sql;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint64_t labels = 6;

bool put(Store& store, std::uint64_t number, const std::string& owner = "a") {
    return store.finish(samples::key(number), {samples::settings(), samples::structure(number)}, samples::label(number), owner);
}

std::string failed_key(std::uint64_t number) { return samples::key(100 + number); }

/// Six labels and two failures.
std::filesystem::path filled(const Scratch& scratch) {
    const auto path = scratch / "labels.sqlite";
    Store store(path);
    for (std::uint64_t i = 0; i < labels; ++i) put(store, i);
    for (std::uint64_t i = 0; i < 2; ++i) {
        Failure failure;
        failure.fault = Fault::not_converged;
        failure.what = "the charge sloshes";
        failure.hint = "mix less";
        failure.attempts = {{"", Fault::not_converged, "after 100 iterations", 9.5}};
        store.fail(failed_key(i), failure, "a");
    }
    return path;
}

std::string text_of(const StoredLabel& stored) {
    std::string text = stored.key + canonical_text(stored.subject.settings) + canonical_text(to_json(stored.subject.structure));
    const auto add = [&](double value) { text += " " + std::to_string(std::bit_cast<std::uint64_t>(value)); };
    add(*stored.label.labels.energy);
    for (const auto& force : *stored.label.labels.forces)
        for (int c = 0; c < 3; ++c) add(force[c]);
    for (int i = 0; i < 9; ++i) add((*stored.label.labels.stress)(i / 3, i % 3));
    for (const auto& [name, value] : stored.label.info) text += name + value;
    for (const auto& attempt : stored.label.attempts) text += attempt.change + to_string(attempt.fault) + attempt.detail;
    for (const auto& warning : stored.label.warnings) text += warning;
    add(stored.label.seconds);
    return text + stored.date;
}

std::string text_of(const Failure& failure) {
    return failure.key + to_string(failure.fault) + failure.what + failure.hint + std::to_string(failure.count) +
           std::to_string(failure.retryable) + (failure.attempts.empty() ? "" : failure.attempts[0].detail) + failure.date;
}

/// All that comes out of a store; what is told to be damaged is "damaged".
std::vector<std::string> outputs(const std::filesystem::path& path) {
    std::vector<std::string> all;
    Store store(path);
    for (std::uint64_t i = 0; i < labels; ++i) {
        const auto key = samples::key(i);
        try {
            const auto found = store.find(key);
            all.push_back(found ? text_of(*found) : "nothing");
            EXPECT_EQ(store.has(key), found.has_value());
        } catch (const FileError& error) {
            EXPECT_THAT(error.what(), AllOf(HasSubstr("damaged"), HasSubstr("labels.sqlite")));
            EXPECT_FALSE(store.has(key));
            EXPECT_THAT(store.failure(key).value().what, HasSubstr("damaged"));
            all.emplace_back("damaged");
        }
    }
    for (std::uint64_t i = 0; i < 2; ++i) {
        const auto failure = store.failure(failed_key(i));
        all.push_back(!failure ? "nothing" : failure->count == 0 ? "damaged" : text_of(*failure));
    }
    return all;
}

TEST(StoreDamage, of_200_flipped_bits_none_changes_an_output_silently) {
    const Scratch scratch;
    const auto path = filled(scratch);
    const auto whole = base::read_file(path);
    const auto expected = outputs(path);
    base::Random random(200);
    int refused = 0, named = 0;
    for (int n = 0; n < 200; ++n) {
        auto bytes = whole;
        const auto at = random.below(bytes.size());
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        SCOPED_TRACE("byte " + std::to_string(at));
        for (const char* beside : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path.string() + beside);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
        try {
            const auto found = outputs(path);
            ASSERT_EQ(found.size(), expected.size());
            for (std::size_t i = 0; i < found.size(); ++i) {
                if (found[i] == "damaged") ++named;
                EXPECT_TRUE(found[i] == expected[i] || found[i] == "damaged") << found[i];
            }
        } catch (const FileError& error) {
            EXPECT_THAT(error.what(), HasSubstr("labels.sqlite"));
            ++refused;
        }
    }
    EXPECT_GT(refused + named, 20) << "the flips must hit something";
    EXPECT_GT(named, 10);
}

std::string refusal(const std::filesystem::path& path) {
    try {
        const Store store(path);
    } catch (const FileError& error) {
        return error.what();
    }
    return "it is opened";
}

TEST(StoreDamage, what_acts_by_itself_in_a_store_is_refused_before_it_acts) {
    for (const auto& [name, text] : std::map<std::string, std::string>{
             {"view failures",
              "DROP TABLE failures; CREATE VIEW failures AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c) SELECT x AS key, "
              "'' AS "
              "fault, '' AS what, '' AS hint, '' AS attempts, 0 AS retryable, 0 AS count, '' AS date, '' AS checksum FROM c"},
             {"view extra", "CREATE VIEW extra AS SELECT 1"},
             {"trigger gone", "CREATE TRIGGER gone AFTER INSERT ON labels BEGIN DELETE FROM labels; END"}}) {
        const Scratch scratch;
        const auto path = filled(scratch);
        samples::sql(path, text);
        EXPECT_THAT(refusal(path), AllOf(HasSubstr(name), HasSubstr("labels.sqlite"), HasSubstr("backup")));
    }
}

TEST(StoreDamage, a_store_that_lacks_a_table_or_a_column_is_refused_with_what_to_do) {
    for (const char* text : {"DROP TABLE claims", "ALTER TABLE labels RENAME COLUMN warnings TO warning",
                             "ALTER TABLE failures RENAME COLUMN hint TO hints", "ALTER TABLE claims RENAME COLUMN started TO begun"}) {
        const Scratch scratch;
        const auto path = filled(scratch);
        samples::sql(path, text);
        EXPECT_THAT(refusal(path), AllOf(HasSubstr("labels.sqlite"), HasSubstr("backup"))) << text;
    }
}

TEST(StoreDamage, a_row_with_the_largest_number_leaves_room_for_others) {
    const Scratch scratch;
    const auto path = filled(scratch);
    samples::sql(path, "UPDATE labels SET id=9223372036854775807 WHERE id=2; UPDATE labels SET id=4611686018427387903 WHERE id=3");
    Store store(path);
    for (std::uint64_t number = 1000; number < 1003; ++number) {
        EXPECT_TRUE(
            store.finish(samples::key(number), {samples::settings(), samples::structure(number)}, samples::label(number), "somebody"));
        EXPECT_TRUE(store.has(samples::key(number)));
    }
}

class EditedRow : public ::testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(EditedRow, is_named_and_never_a_label_while_the_others_are) {
    const Scratch scratch;
    const auto path = filled(scratch);
    sql(path, std::string("UPDATE labels SET ") + GetParam().first + " WHERE id=3");
    const auto found = outputs(path);
    for (std::size_t i = 0; i < labels; ++i) EXPECT_EQ(found[i] == "damaged", i == 2) << found[i];
    Store store(path);
    EXPECT_THAT(store.failure(samples::key(2)).value().what, AllOf(HasSubstr(samples::key(2)), HasSubstr(GetParam().second)));
    EXPECT_EQ(store.keys().size(), labels - 1);
}

INSTANTIATE_TEST_SUITE_P(StoreDamage, EditedRow,
                         ::testing::Values(std::pair{"energy=energy+1", "checksum"}, std::pair{"energy='-14.2 eV'", "energy is no number"},
                                           std::pair{"energy=9e999", "checksum"}, std::pair{"forces=zeroblob(48)", "checksum"},
                                           std::pair{"forces='none'", "no bytes"}, std::pair{"stress=NULL", "checksum"},
                                           std::pair{"stress=x'00'", "checksum"},
                                           std::pair{"settings=replace(settings,'20','30')", "checksum"},
                                           std::pair{"structure=(SELECT structure FROM labels WHERE id=2)", "checksum"},
                                           std::pair{"info=replace(info,'fast','good')", "checksum"}, std::pair{"info=17", "checksum"},
                                           std::pair{"date='2020-02-30'", "checksum"}, std::pair{"seconds=0", "checksum"},
                                           std::pair{"checksum=''", "checksum"}, std::pair{"checksum='abc'", "checksum"}));

TEST(StoreDamage, another_structures_label_under_a_key_is_not_taken_even_with_its_own_checksum) {
    const Scratch scratch;
    const auto path = filled(scratch);
    sql(path,
        "CREATE TEMP TABLE a AS SELECT * FROM labels WHERE id=1; CREATE TEMP TABLE b AS SELECT * FROM labels WHERE id=2;"
        "UPDATE labels SET energy=(SELECT energy FROM b), forces=(SELECT forces FROM b), structure=(SELECT structure FROM b),"
        "checksum=(SELECT checksum FROM b) WHERE id=1;");
    EXPECT_EQ(outputs(path)[0], "damaged");
}

TEST(StoreDamage, a_damaged_label_is_replaced_by_one_that_is_computed_again) {
    const Scratch scratch;
    const auto path = filled(scratch);
    const auto expected = outputs(path);
    sql(path, "UPDATE labels SET energy=0.5 WHERE id=3");
    Store store(path);
    const auto failure = store.failure(samples::key(2)).value();
    EXPECT_FALSE(failure.retryable) << "only where it is asked for";
    EXPECT_EQ(failure.count, 0);
    EXPECT_THAT(failure.hint, HasSubstr("retry_failed"));
    EXPECT_EQ(store.claim(samples::key(2), samples::owner("a"), 60), Claimed::granted);
    EXPECT_TRUE(put(store, 2));
    EXPECT_FALSE(put(store, 2)) << "the good one stays";
    EXPECT_EQ(store.keys().size(), labels);
    EXPECT_EQ(outputs(path), expected);
}

TEST(StoreDamage, a_label_goes_under_its_own_key_only) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    EXPECT_THROW(store.finish(samples::key(1), {samples::settings(), samples::structure(2)}, samples::label(2), "a"), InternalError);
}

TEST(StoreDamage, a_damaged_failure_is_tried_again) {
    const Scratch scratch;
    const auto path = filled(scratch);
    sql(path, "UPDATE failures SET retryable=7");
    Store store(path);
    const auto failure = store.failure(failed_key(0)).value();
    EXPECT_THAT(failure.what, HasSubstr("damaged"));
    EXPECT_TRUE(failure.retryable);
    EXPECT_EQ(store.failures().size(), 2u);
}

/// As version 1 had it.
void make_old(const std::filesystem::path& path) {
    sql(path, "ALTER TABLE labels DROP COLUMN checksum; ALTER TABLE failures DROP COLUMN checksum; PRAGMA user_version=1");
}

TEST(StoreDamage, stores_without_checksums_are_verified_and_given_them) {
    const Scratch scratch;
    const auto path = filled(scratch);
    const auto expected = outputs(path);
    make_old(path);
    EXPECT_EQ(outputs(path), expected);
    EXPECT_EQ(outputs(path), expected) << "and once more";
    Store store(path);
    EXPECT_TRUE(put(store, 50)) << "and go on";
    EXPECT_TRUE(store.has(samples::key(50)));
    sql(path, "UPDATE labels SET energy=energy+1 WHERE id=1");
    EXPECT_FALSE(store.has(samples::key(0)));
}

TEST(StoreDamage, what_cannot_be_verified_in_a_store_without_checksums_stays_damaged) {
    for (const char* edit : {"energy='text'", "energy=9e999", "settings=replace(settings,'20','30')", "forces=zeroblob(24)",
                             "structure=(SELECT structure FROM labels WHERE id=2)", "stress=x'00'",
                             "info=replace(hex(zeroblob(100000)),'0','[')", "attempts='[{}]'"}) {
        const Scratch scratch;
        const auto path = filled(scratch);
        make_old(path);
        sql(path, std::string("UPDATE labels SET ") + edit + " WHERE id=3");
        for (int again = 0; again < 2; ++again) {
            const auto found = outputs(path);
            for (std::size_t i = 0; i < labels; ++i) EXPECT_EQ(found[i] == "damaged", i == 2) << edit;
        }
    }
}

TEST(StoreDamage, an_index_that_leads_elsewhere_is_no_missing_label) {
    const Scratch scratch;
    const auto path = filled(scratch);
    auto bytes = base::read_file(path);
    // The key is there twice: in its row and in the index.
    const auto key = samples::key(4);
    const auto first = bytes.find(key), second = bytes.find(key, first + 1);
    ASSERT_NE(second, std::string::npos);
    for (const auto at : {first, second}) {
        auto changed = bytes;
        changed[at + 20] = changed[at + 20] == '0' ? '1' : '0';
        std::ofstream(path, std::ios::binary | std::ios::trunc) << changed;
        try {
            Store store(path);
            ADD_FAILURE() << "it is opened";
        } catch (const FileError& error) {
            EXPECT_THAT(error.what(), AllOf(HasSubstr("damaged"), HasSubstr("index"), HasSubstr("backup")));
        }
    }
}

Owner owner_elsewhere() {
    auto far = samples::owner("far");
    far.machine = "elsewhere";
    return far;
}

TEST(StoreClaims, a_heartbeat_in_the_future_counts_from_when_it_was_first_seen) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    Store store(path);
    ASSERT_EQ(store.claim(samples::key(1), owner_elsewhere(), 60), Claimed::granted);
    for (const char* heartbeat : {"4e9", "1e300", "9e999"}) {
        sql(path, std::string("UPDATE claims SET heartbeat=") + heartbeat);
        const auto claim = store.claim_of(samples::key(1)).value();
        EXPECT_NEAR(store.lapses_in(claim, 60), 60, 1);
        EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), 60), Claimed::taken);
        ::usleep(20'000);
        EXPECT_LT(store.lapses_in(claim, 60), 59.99) << "nobody is heard of";
        EXPECT_LT(store.lapses_in(claim, 0.01), 0);
    }
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), 0.01), Claimed::granted);
    EXPECT_EQ(store.claims().front().owner.name, "b");
}

TEST(StoreClaims, a_heartbeat_that_is_no_number_has_lapsed) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    Store store(path);
    ASSERT_EQ(store.claim(samples::key(1), owner_elsewhere(), 60), Claimed::granted);
    sql(path, "UPDATE claims SET heartbeat='soon'");
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), 60), Claimed::granted);
}

/// Labels all structures that nobody else holds, as another user.
int label_as(uid_t user, const std::filesystem::path& path, Sharing sharing) {
    if (::setgid(user) != 0 || ::setuid(user) != 0) return 3;
    try {
        Store store(path, sharing);
        const auto me = this_process();
        for (std::uint64_t i = 0; i < 20; ++i)
            if (store.claim(samples::key(i), me, 60) == Claimed::granted) put(store, i, me.name);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}

class StoreOfTwoUsers : public ::testing::TestWithParam<Sharing> {};

TEST_P(StoreOfTwoUsers, stays_right) {
    if (::geteuid() != 0) GTEST_SKIP() << "to be two users needs to be root";
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    { Store store(path, GetParam()); }
    ::chmod(path.parent_path().c_str(), 0777);
    ::chmod(path.c_str(), 0666);
    std::vector<pid_t> children;
    for (const uid_t user : {65533U, 65534U}) {
        children.push_back(::fork());
        if (children.back() == 0) ::_exit(label_as(user, path, GetParam()));
    }
    for (const pid_t child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    Store store(path, GetParam());
    EXPECT_EQ(store.keys().size(), 20u);
    for (std::uint64_t i = 0; i < 20; ++i) EXPECT_TRUE(store.has(samples::key(i)));
    EXPECT_TRUE(store.claims().empty());
}

INSTANTIATE_TEST_SUITE_P(Store, StoreOfTwoUsers, ::testing::Values(Sharing::one_machine, Sharing::several_machines),
                         [](const auto& info) { return info.param == Sharing::one_machine ? "one_machine" : "several_machines"; });

}  // namespace
}  // namespace alkali::labelling::store_damage_tests
