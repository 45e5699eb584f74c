#pragma once
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <filesystem>
#include <string>

namespace alkali::labelling::samples {

/// What a hand may do to the file of a store.
inline void sql(const std::filesystem::path& path, const std::string& text) {
    sqlite3* handle = nullptr;
    ASSERT_EQ(sqlite3_open(path.c_str(), &handle), SQLITE_OK);
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(handle, text.c_str(), nullptr, nullptr, &message), SQLITE_OK) << message << ": " << text;
    sqlite3_free(message);
    sqlite3_close(handle);
}

}  // namespace alkali::labelling::samples
