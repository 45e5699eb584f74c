#pragma once
#include "alkali/training/trainer.hpp"

namespace alkali::training {

/// Says in the log that a run goes on with another length than it had (length_keys), and whether it then equals one that had this length
/// from the beginning: it does where the learning rate follows from the steps done; else how the rates differ.
void tell_another_length(const TrainerSettings& before, const TrainerSettings& now, const TrainerState& state, std::size_t frames,
                         base::LogSink& log);

}  // namespace alkali::training
