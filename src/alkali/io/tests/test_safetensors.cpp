#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <limits>

#include "alkali/base/error.hpp"
#include "alkali/base/files.hpp"
#include "alkali/io/safetensors.hpp"

namespace alkali::io::safetensors_tests {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
    const std::uint64_t length = header.size();
    std::string bytes(reinterpret_cast<const char*>(&length), 8);
    return bytes + header + data;
}

std::string message_of(const std::string& bytes) {
    try {
        static_cast<void>(TensorFile::parse(bytes, "model.safetensors"));
    } catch (const FileError& error) {
        return error.what();
    }
    return "no error";
}

TEST(Safetensors, keeps_numbers_shapes_and_metadata_exactly) {
    TensorFile file;
    file.tensors["weights"] = {{2, 3}, {1, 2, 3.25, -0.1, 1e300, 5e-324}};
    file.tensors["scalar"] = {{}, {std::numeric_limits<double>::infinity()}};
    file.tensors["empty"] = {{0, 7}, {}};
    file.metadata = {{"units", "eV, Å"}, {"quote", "a \"b\" \\ \n"}};
    const auto path = std::filesystem::path(::testing::TempDir()) / "alkali_safetensors" / "t.safetensors";
    file.save(path);
    const auto back = TensorFile::load(path);
    EXPECT_EQ(back.metadata, file.metadata);
    ASSERT_EQ(back.tensors.size(), 3u);
    for (const auto& [name, tensor] : file.tensors) {
        EXPECT_EQ(back.at(name).shape, tensor.shape);
        EXPECT_EQ(back.at(name).values, tensor.values);
    }
    EXPECT_EQ(back.serialised(), file.serialised());
    std::filesystem::remove_all(path.parent_path());
}

TEST(Safetensors, reads_single_precision_and_integers) {
    const float number = 0.1F;
    const std::int64_t whole = -7;
    std::string data(reinterpret_cast<const char*>(&number), 4);
    data.append(reinterpret_cast<const char*>(&whole), 8);
    const auto file = TensorFile::parse(
        file_of(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"I64","shape":[],"data_offsets":[4,12]}})", data),
        "x");
    EXPECT_EQ(file.at("a").values[0], static_cast<double>(0.1F));
    EXPECT_EQ(file.at("b").values[0], -7.0);
}

TEST(Safetensors, every_truncation_is_an_error) {
    TensorFile file;
    file.tensors["w"] = {{3}, {1, 2, 3}};
    file.metadata["key"] = "value";
    const auto bytes = file.serialised();
    for (std::size_t length = 0; length < bytes.size(); ++length)
        EXPECT_THROW(static_cast<void>(TensorFile::parse(std::string_view(bytes).substr(0, length), "x")), FileError) << length;
}

TEST(Safetensors, malformed_files_are_named_with_the_fault) {
    const std::string eight(8, '\0');
    EXPECT_NE(
        message_of(file_of(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"v":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})",
                           eight))
            .find("overlap"),
        std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[8,16]}})", eight + eight)).find("hole"),
              std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}})", eight + "x")).find("no tensor"),
              std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[2],"data_offsets":[0,8]}})", eight)).find("shape"), std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", eight)).find("shape"),
              std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[1],"data_offsets":[8,0]}})", eight)).find("outside"), std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}})", eight)).find("BF16"), std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"w":{"dtype":"F64","shape":[-1],"data_offsets":[0,8]}})", eight)).find("whole number"),
              std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"__metadata__":{"a":1}})", "")).find("not a text"), std::string::npos);
    EXPECT_NE(message_of(file_of(R"({"__metadata__":{"a":"1","a":"2"}})", "")).find("twice"), std::string::npos);
    EXPECT_NE(message_of(file_of("[]", "")).find("'{'"), std::string::npos);
    EXPECT_NE(message_of(file_of("{]", "")).find("JSON"), std::string::npos);
    EXPECT_NE(message_of(std::string(8, '\xff')).find("more than the file"), std::string::npos);
    EXPECT_NE(message_of(file_of("{]", "")).find("model.safetensors"), std::string::npos);
}

TEST(Safetensors, headers_that_are_deep_or_of_a_million_tensors_are_refused_soon) {
    EXPECT_NE(message_of(file_of(R"({"w":)" + std::string(1000000, '['), "")).find("levels"), std::string::npos);
    std::string many = "{";
    for (int k = 0; k < 300000; ++k)
        many += (k == 0 ? "\"t" : ",\"t") + std::to_string(k) + R"(":{"dtype":"F64","shape":[0],"data_offsets":[0,0]})";
    EXPECT_NE(message_of(file_of(many + "}", "")).find("more than 1000000 values"), std::string::npos);
}

TEST(Safetensors, many_tensors_are_read_in_time_that_grows_with_them) {
    std::string many = "{";
    for (int k = 0; k < 100000; ++k)
        many += (k == 0 ? "\"t" : ",\"t") + std::to_string(k) + R"(":{"dtype":"F64","shape":[0],"data_offsets":[0,0]})";
    const auto begin = std::clock();
    EXPECT_EQ(TensorFile::parse(file_of(many + "}", ""), "x").tensors.size(), 100000U);
    EXPECT_LT(static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC, 20);
}

TEST(Safetensors, a_missing_tensor_names_the_nearest) {
    TensorFile file;
    file.tensors["layer0.weight"] = {{1}, {1}};
    try {
        static_cast<void>(file.at("layer0.wieght"));
        FAIL();
    } catch (const FileError& error) {
        EXPECT_NE(std::string(error.what()).find("did you mean layer0.weight?"), std::string::npos);
    }
    file.tensors["layer0.weight"].shape = {2};
    EXPECT_THROW(static_cast<void>(file.serialised()), InternalError);
}

}  // namespace
}  // namespace alkali::io::safetensors_tests
