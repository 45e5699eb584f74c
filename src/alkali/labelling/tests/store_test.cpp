#include "alkali/labelling/store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <csignal>
#include <cstring>
#include <fstream>
#include <limits>

#include "alkali/base/files.hpp"
#include "samples.hpp"

namespace alkali::labelling::store_tests {
namespace {

using samples::Scratch;
using ::testing::HasSubstr;

constexpr double lease = 60;

bool put(Store& store, std::uint64_t number, const std::string& owner = "a") {
    return store.finish(samples::key(number), {samples::settings(), samples::structure(number)}, samples::label(number), owner);
}

template <class T>
bool same_bits(const T& a, const T& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

void expect_label(Store& store, std::uint64_t number) {
    const auto found = store.find(samples::key(number));
    ASSERT_TRUE(found);
    const auto expected = samples::label(number);
    EXPECT_TRUE(same_bits(*found->label.labels.energy, *expected.labels.energy));
    ASSERT_EQ(found->label.labels.forces->size(), 2u);
    for (std::size_t i = 0; i < 2; ++i)
        for (int c = 0; c < 3; ++c) EXPECT_TRUE(same_bits((*found->label.labels.forces)[i][c], (*expected.labels.forces)[i][c]));
    for (int i = 0; i < 9; ++i)
        EXPECT_TRUE(same_bits((*found->label.labels.stress)(i / 3, i % 3), (*expected.labels.stress)(i / 3, i % 3)));
    EXPECT_EQ(found->subject.settings, samples::settings());
    EXPECT_EQ(found->subject.structure.positions, samples::structure(number).positions);
    EXPECT_EQ(found->subject.structure.cell.vectors(), samples::structure(number).cell.vectors());
}

template <class Action>
std::string message_of(const Action& action) {
    try {
        action();
    } catch (const FileError& error) {
        return error.what();
    }
    return "no error";
}

TEST(LabelStore, one_with_several_names_is_refused) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    {
        Store store(path);
        put(store, 1);
    }
    std::filesystem::create_hard_link(path, scratch / "other.sqlite");
    for (const char* name : {"labels.sqlite", "other.sqlite"})
        EXPECT_THAT(message_of([&] { const Store store(scratch / name); }),
                    ::testing::AllOf(HasSubstr("hard links"), HasSubstr("copy it")));
    std::filesystem::remove(scratch / "other.sqlite");
    std::filesystem::create_symlink(path, scratch / "link.sqlite");
    Store linked(scratch / "link.sqlite");
    EXPECT_TRUE(linked.has(samples::key(1))) << "a link leads to the one name";
}

TEST(LabelStore, one_that_is_removed_moved_or_replaced_in_use_takes_no_label) {
    for (const char* what : {"removed", "moved", "replaced"}) {
        const Scratch scratch;
        const auto path = scratch / "labels.sqlite";
        Store store(path);
        put(store, 1);
        const bool replaced = what == std::string("replaced");
        if (what == std::string("removed"))
            std::filesystem::remove(path);
        else
            std::filesystem::rename(path, scratch / "moved.sqlite");
        if (replaced) std::filesystem::copy_file(scratch / "moved.sqlite", path);
        EXPECT_THAT(message_of([&] { put(store, 2); }), ::testing::AllOf(HasSubstr("while it was in use"), HasSubstr("labels.sqlite")))
            << what;
        EXPECT_THROW(store.require_in_place(), FileError);
    }
}

TEST(LabelStore, names_that_mean_something_to_sqlite_are_names_of_files) {
    const Scratch scratch;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(scratch / "");
    {
        Store store(":memory:");
        put(store, 1);
    }
    EXPECT_TRUE(std::filesystem::exists(scratch / ":memory:"));
    std::filesystem::current_path(before);
    EXPECT_THROW(const Store store(""), InputError);
}

TEST(LabelStore, gives_numbers_back_bit_by_bit_after_reopening) {
    const Scratch scratch;
    {
        Store store(scratch / "labels.sqlite");
        for (std::uint64_t i = 0; i < 5; ++i) EXPECT_TRUE(put(store, i));
    }
    Store store(scratch / "labels.sqlite");
    EXPECT_EQ(store.keys().size(), 5u);
    for (std::uint64_t i = 0; i < 5; ++i) expect_label(store, i);
    const auto found = store.find(samples::key(3));
    EXPECT_EQ(found->label.info, samples::label(3).info);
    EXPECT_EQ(found->label.attempts.size(), 2u);
    EXPECT_EQ(found->label.attempts[0].fault, Fault::overlap_matrix);
    EXPECT_THAT(found->label.warnings, ::testing::ElementsAre(HasSubstr("with \"quotes\"")));
    EXPECT_EQ(store.find("0000"), std::nullopt);
}

TEST(LabelStore, a_label_once_in_stays) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    EXPECT_TRUE(put(store, 1));
    auto other = samples::label(2);
    EXPECT_FALSE(store.finish(samples::key(1), {samples::settings(), samples::structure(1)}, other, "b"));
    expect_label(store, 1);
}

TEST(LabelStore, refuses_labels_that_are_not_finite_complete_or_converged) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    const Subject subject{samples::settings(), samples::structure(1)};
    const auto refused = [&](const auto& spoil) {
        auto label = samples::label(1);
        spoil(label);
        EXPECT_THROW(store.finish(samples::key(1), subject, label, "a"), InternalError);
    };
    refused([](Label& l) { l.labels.energy = std::numeric_limits<double>::quiet_NaN(); });
    refused([](Label& l) { l.labels.energy.reset(); });
    refused([](Label& l) { l.labels.forces->pop_back(); });
    refused([](Label& l) { (*l.labels.forces)[1][0] = std::numeric_limits<double>::infinity(); });
    refused([](Label& l) { (*l.labels.stress)(1, 1) = std::numeric_limits<double>::quiet_NaN(); });
    refused([](Label& l) { l.attempts.back().fault = Fault::not_converged; });
    EXPECT_TRUE(store.keys().empty());
}

TEST(LabelStore, two_owners_never_hold_the_same_structure) {
    const Scratch scratch;
    Store first(scratch / "labels.sqlite"), second(scratch / "labels.sqlite");
    const auto key = samples::key(1);
    EXPECT_EQ(first.claim(key, samples::owner("a"), lease), Claimed::granted);
    EXPECT_EQ(second.claim(key, samples::owner("b"), lease), Claimed::taken);
    EXPECT_EQ(first.claim(key, samples::owner("a"), lease), Claimed::granted) << "the same job started again";
    second.release(key, "b");
    EXPECT_EQ(second.claim(key, samples::owner("b"), lease), Claimed::taken) << "only the owner releases";
    first.release(key, "a");
    EXPECT_EQ(second.claim(key, samples::owner("b"), lease), Claimed::granted);
    put(second, 1, "b");
    EXPECT_EQ(first.claim(key, samples::owner("a"), lease), Claimed::labelled);
    EXPECT_TRUE(first.claims().empty());
}

TEST(LabelStore, the_claim_of_a_dead_process_is_taken_over_at_once) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    const pid_t child = ::fork();
    if (child == 0) {
        Store store(path);
        (void)store.claim(samples::key(1), samples::owner("dead"), lease);
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    Store store(path);
    ASSERT_EQ(store.claims().size(), 1u);
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), lease), Claimed::granted);
    EXPECT_EQ(store.claims().front().owner.name, "b");
}

TEST(LabelStore, a_claim_from_another_machine_lapses_without_heartbeat) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    auto far = samples::owner("far");
    far.machine = "elsewhere";
    EXPECT_EQ(store.claim(samples::key(1), far, lease), Claimed::granted);
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), lease), Claimed::taken);
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("b"), -1), Claimed::granted) << "with a lease that is over";
}

TEST(LabelStore, failures_are_counted_and_forgotten_with_a_label) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    Failure failure;
    failure.fault = Fault::out_of_time;
    failure.what = "no end";
    failure.hint = "more time";
    failure.retryable = true;
    failure.attempts = {{"", Fault::out_of_time, "", 9}};
    EXPECT_EQ(store.claim(samples::key(1), samples::owner("a"), lease), Claimed::granted);
    EXPECT_EQ(store.fail(samples::key(1), failure, "a").count, 1);
    EXPECT_TRUE(store.claims().empty());
    EXPECT_EQ(store.fail(samples::key(1), failure, "a").count, 2);
    const auto found = store.failure(samples::key(1));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->fault, Fault::out_of_time);
    EXPECT_EQ(found->what, "no end");
    EXPECT_TRUE(found->retryable);
    EXPECT_EQ(found->attempts.size(), 1u);
    put(store, 1);
    EXPECT_FALSE(store.failure(samples::key(1)));
    store.fail(samples::key(1), failure, "late");
    EXPECT_TRUE(store.failures().empty()) << "a late failure does not count beside a label";
}

TEST(LabelStore, frames_carry_labels_and_how_they_were_made) {
    const Scratch scratch;
    Store store(scratch / "labels.sqlite");
    put(store, 4);
    const auto frame = to_frame(*store.find(samples::key(4)));
    EXPECT_EQ(frame.info.at("level"), "fast");
    EXPECT_EQ(frame.info.at("label_key"), samples::key(4));
    EXPECT_EQ(frame.info.at("settings_hash").size(), 16u);
    EXPECT_EQ(frame.labels.energy, samples::label(4).labels.energy);
}

TEST(LabelStore, files_of_another_kind_are_named_and_left_alone) {
    const Scratch scratch;
    const auto text = scratch / "notes.txt", foreign = scratch / "other.sqlite";
    base::write_file(text, "energies of last week, much longer than the header of a SQLite file, so that nobody takes it for an empty one");
    const auto before = base::read_file(text);
    EXPECT_THAT(message_of([&] { Store store(text); }), ::testing::AllOf(HasSubstr("no store of labels"), HasSubstr("notes.txt")));
    EXPECT_EQ(base::read_file(text), before);
    sqlite3* handle = nullptr;
    sqlite3_open(foreign.c_str(), &handle);
    sqlite3_exec(handle, "CREATE TABLE phones(n TEXT); INSERT INTO phones VALUES('1');", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    EXPECT_THAT(message_of([&] { Store store(foreign); }), ::testing::AllOf(HasSubstr("another program"), HasSubstr("other.sqlite")));
    EXPECT_THAT(message_of([&] { Store store("/proc/nowhere/labels.sqlite"); }), HasSubstr("/proc/nowhere"));
}

TEST(LabelStore, a_newer_version_is_refused) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    { Store store(path); }
    sqlite3* handle = nullptr;
    sqlite3_open(path.c_str(), &handle);
    sqlite3_exec(handle, "PRAGMA user_version=7", nullptr, nullptr, nullptr);
    sqlite3_close(handle);
    EXPECT_THAT(message_of([&] { Store store(path); }), HasSubstr("of version 7"));
}

std::string journal_of(const std::filesystem::path& path) {
    sqlite3* handle = nullptr;
    sqlite3_open(path.c_str(), &handle);
    std::string mode;
    const auto take = [](void* into, int, char** values, char**) {
        *static_cast<std::string*>(into) = values[0];
        return 0;
    };
    sqlite3_exec(handle, "PRAGMA journal_mode", take, &mode, nullptr);
    sqlite3_close(handle);
    return mode;
}

// The write-ahead log of SQLite is no good across machines, and a store that they may share must not fall back to it.
TEST(LabelStore, once_shared_by_machines_it_stays_fit_for_that) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    {
        Store store(path);
        put(store, 1);
    }
    EXPECT_EQ(journal_of(path), "wal");
    { Store store(path, Sharing::several_machines); }
    EXPECT_EQ(journal_of(path), "delete");
    Store store(path, Sharing::one_machine);
    EXPECT_EQ(journal_of(path), "delete");
    expect_label(store, 1);
}

TEST(LabelStore, a_truncated_or_overwritten_file_is_told_and_not_touched) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    {
        Store store(path);
        for (std::uint64_t i = 0; i < 40; ++i) put(store, i);
    }
    const auto whole = base::read_file(path);
    const auto cut = whole.substr(0, whole.size() / 2 + 100);
    base::write_file(path, cut);
    EXPECT_THAT(message_of([&] { Store store(path); }),
                ::testing::AllOf(HasSubstr("damaged"), HasSubstr("labels.sqlite"), HasSubstr("backup")));
    EXPECT_EQ(base::read_file(path), cut);
    auto spoiled = whole;
    std::fill(spoiled.begin() + 4096, spoiled.begin() + 12288, '\x55');
    base::write_file(path, spoiled);
    EXPECT_THAT(message_of([&] { Store store(path); }), HasSubstr("damaged"));
}

/// Labels all structures below `count` that nobody else holds; writes a byte down the pipe for every granted claim.
void write_all(const std::filesystem::path& path, Sharing sharing, std::uint64_t count, int pipe) {
    Store store(path, sharing);
    const auto me = this_process();
    for (std::uint64_t i = 0; i < count; ++i)
        if (store.claim(samples::key(i), me, lease) == Claimed::granted && put(store, i, me.name) && ::write(pipe, "x", 1) != 1) return;
}

std::size_t bytes_in(int pipe) {
    char c = 0;
    std::size_t count = 0;
    while (::read(pipe, &c, 1) == 1) ++count;
    return count;
}

class LabelStoreSharing : public ::testing::TestWithParam<Sharing> {};

TEST_P(LabelStoreSharing, several_processes_write_every_label_exactly_once) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        children.push_back(::fork());
        if (children.back() == 0) {
            int status = 0;
            try {
                write_all(path, GetParam(), 30, ends[1]);
            } catch (const std::exception&) {
                status = 1;
            }
            ::_exit(status);
        }
    }
    ::close(ends[1]);
    for (const pid_t child : children) {
        int status = -1;
        ::waitpid(child, &status, 0);
        EXPECT_EQ(status, 0);
    }
    EXPECT_EQ(bytes_in(ends[0]), 30u);
    ::close(ends[0]);
    Store store(path, GetParam());
    EXPECT_EQ(store.keys().size(), 30u);
    for (std::uint64_t i = 0; i < 30; ++i) expect_label(store, i);
    EXPECT_TRUE(store.claims().empty());
}

TEST_P(LabelStoreSharing, a_killed_writer_loses_nothing_it_had_stored) {
    const Scratch scratch;
    const auto path = scratch / "labels.sqlite";
    base::Random random(5);
    std::size_t acknowledged = 0;
    for (int round = 0; round < 20; ++round) {
        int ends[2];
        ASSERT_EQ(::pipe(ends), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            ::close(ends[0]);
            write_all(path, GetParam(), 100, ends[1]);
            ::_exit(0);
        }
        ::close(ends[1]);
        // Killed at a random time after a random number of labels.
        char c = 0;
        for (auto n = random.below(4); n > 0 && ::read(ends[0], &c, 1) == 1; --n) ++acknowledged;
        ::usleep(static_cast<useconds_t>(random.below(3000)));
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        acknowledged += bytes_in(ends[0]);
        ::close(ends[0]);
        Store store(path, GetParam());
        const auto keys = store.keys();
        EXPECT_GE(keys.size(), acknowledged);
        for (std::uint64_t i = 0; i < keys.size(); ++i) {
            EXPECT_EQ(keys[i], samples::key(i));
            expect_label(store, i);
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Store, LabelStoreSharing, ::testing::Values(Sharing::one_machine, Sharing::several_machines),
                         [](const auto& info) { return info.param == Sharing::one_machine ? "one_machine" : "several_machines"; });

}  // namespace
}  // namespace alkali::labelling::store_tests
