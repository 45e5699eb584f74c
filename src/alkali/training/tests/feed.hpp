#pragma once
#include <stdexcept>
#include <string>

#include "alkali/base/error.hpp"
#include "alkali/base/random.hpp"
#include "alkali/training/deepmd_input.hpp"
#include "alkali/training/schedule.hpp"
#include "alkali/training/state.hpp"

namespace alkali::training::testing {

/// What the fuzzer and the test of its corpus share: bytes into the reader of DeePMD-kit's inputs.
inline void feed_deepmd_input(const std::string& bytes) {
    base::NullSink log;
    try {
        const bool json = !bytes.empty() && bytes.front() == '{';
        const auto document = json ? config::parse_json_tree(bytes, "bytes") : config::parse_tree(bytes, "bytes");
        static_cast<void>(is_deepmd_input(document));
        static_cast<void>(from_deepmd_input(document, "folder/bytes", log));
    } catch (const Error&) {}
}

/// The same for checkpoints: what is read must be sound enough to go on from.
inline void feed_checkpoint(const std::string& bytes) {
    try {
        const auto state = parse_state(bytes, "bytes");
        const std::size_t n = state.parameters.size();
        if (state.adam.first.size() != n || state.adam.second.size() != n || state.position > state.order.size())
            throw std::logic_error("lengths disagree");
        for (const std::size_t index : state.order)
            if (index >= state.order.size()) throw std::logic_error("a frame that does not exist");
        Schedule(ScheduleSettings{}).restore(state.schedule);
        base::Random(0).restore(state.random);
        require_fit(state, {n, state.order.size(), state.validated_frames, !state.adam.largest.empty(), !state.ema.empty()}, "bytes");
    } catch (const Error&) {}
}

}  // namespace alkali::training::testing
