#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>

#include "alkali/base/files.hpp"
#include "alkali/dataset/frame_set.hpp"
#include "alkali/io/compression.hpp"

namespace alkali::dataset::quantum_espresso_files_tests {
namespace {

namespace fs = std::filesystem;
using ::testing::UnorderedElementsAre;

const fs::path golden = fs::path(ALKALI_SOURCE_DIR) / "tests/golden/quantum_espresso/frames";

// What a run of pw.x leaves, in a folder of its own for each: text, OUTDIR/PREFIX.xml, OUTDIR/PREFIX.save/data-file-schema.xml.
TEST(QeFiles, each_run_in_a_folder_is_read_once) {
    const auto root = fs::path(::testing::TempDir()) / "alkali_qe_files";
    fs::remove_all(root);
    const auto text = base::read_file(golden / "vc_relax.out"), xml = base::read_file(golden / "vc_relax.xml");
    base::write_file(root / "a/pw.out", text);
    base::write_file(root / "a/pw/alkali.xml", xml);
    base::write_file(root / "a/pw/alkali.save/data-file-schema.xml", xml);
    base::write_file(root / "b/alkali.xml", xml);  // without a text of its own
    base::write_file(root / "b/alkali.save/data-file-schema.xml", xml);
    base::write_file(root / "c/alone.xml", xml);
    base::write_file(root / "c/other.log", "no output of pw.x\n");
    EXPECT_THAT(files_of(root), UnorderedElementsAre(root / "a/pw.out", root / "b/alkali.save/data-file-schema.xml", root / "c/alone.xml"));
    fs::remove_all(root);
}

TEST(QeFiles, a_run_is_read_once_however_its_files_are_compressed) {
    const auto root = fs::path(::testing::TempDir()) / "alkali_qe_files_compressed";
    fs::remove_all(root);
    const auto text = base::read_file(golden / "vc_relax.out"), xml = base::read_file(golden / "vc_relax.xml");
    const auto pack = [&](const char* name, const std::string& content) {
        fs::create_directories((root / name).parent_path());
        std::istringstream in(content);
        io::write_compressed(in, root / name, io::Compression::gzip);
    };
    pack("a/pw.out.gz", text);
    base::write_file(root / "a/pw/alkali.save/data-file-schema.xml", xml);
    base::write_file(root / "b/pw.out", text);
    pack("b/pw/alkali.save/data-file-schema.xml.gz", xml);
    pack("c/alkali.xml.gz", xml);
    pack("c/alkali.save/data-file-schema.xml.gz", xml);
    EXPECT_THAT(files_of(root),
                UnorderedElementsAre(root / "a/pw.out.gz", root / "b/pw.out", root / "c/alkali.save/data-file-schema.xml.gz"));
    fs::remove_all(root);
}

}  // namespace
}  // namespace alkali::dataset::quantum_espresso_files_tests
