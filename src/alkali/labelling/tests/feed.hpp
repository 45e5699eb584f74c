#pragma once
#include <cmath>
#include <fstream>
#include <stdexcept>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/base/private_folder.hpp"
#include "alkali/labelling/store.hpp"

namespace alkali::labelling::tests {

/// What the fuzzer and the test of its corpus share: bytes as the file of a store, of which only sound labels may come, or an Error.
inline void feed_store(const std::string& bytes) {
    static const base::TemporaryFolder folder(base::private_folder(base::temporary_home()), "store-");
    const auto path = folder.path() / "labels.sqlite";
    for (const char* ending : {"-wal", "-shm", "-journal"}) std::filesystem::remove(path.string() + ending);
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    try {
        Store store(path);
        static_cast<void>(store.failures());
        for (const auto& claim : store.claims()) static_cast<void>(store.lapses_in(claim, 60));
        for (const auto& key : store.keys()) {
            const auto stored = store.find(key).value();
            bool sound =
                std::isfinite(*stored.label.labels.energy) && stored.label.labels.forces->size() == stored.subject.structure.size();
            for (const Vec3& force : *stored.label.labels.forces) sound = sound && force.allFinite();
            if (!sound || stored.key != key) throw std::logic_error("a label that is not sound");
            static_cast<void>(to_frame(stored));
        }
    } catch (const Error&) {}
}

}  // namespace alkali::labelling::tests
