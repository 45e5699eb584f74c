#include "alkali/base/profile.hpp"

#include <omp.h>

#include <algorithm>

namespace alkali::base {

double Profile::seconds() const {
    double sum = 0;
    for (const Part& part : parts_) sum += part.seconds;
    return sum;
}

double Profile::operations() const {
    double sum = 0;
    for (const Part& part : parts_) sum += part.operations;
    return sum;
}

Profile::Part& Profile::at(std::string_view part) {
    const auto found = std::find_if(parts_.begin(), parts_.end(), [&](const Part& p) { return p.name == part; });
    if (found != parts_.end()) return *found;
    parts_.push_back({std::string(part), 0, 0});
    return parts_.back();
}

Laps::Laps(Profile* profile) : profile_(omp_get_thread_num() == 0 ? profile : nullptr) {
    if (profile_) last_ = Clock::now();
}

void Laps::add(const char* part) {
    const auto now = Clock::now();
    profile_->add_seconds(part, std::chrono::duration<double>(now - last_).count());
    last_ = now;
}

}  // namespace alkali::base
