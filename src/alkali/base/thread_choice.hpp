#pragma once
#include <chrono>
#include <cstddef>
#include <vector>

namespace alkali::base {

/// How many threads of OpenMP a piece of work gets that comes again and again, and whose results do not depend on it. Chosen
/// by how long the pieces took: small systems, and all on a machine that others use too, are done sooner with fewer threads.
/// Half and twice as many, and one, are tried now and then, for at most a few per cent of the time.
class ThreadChoice {
public:
    /// Begins with the most.
    explicit ThreadChoice(int most);
    /// For the next piece.
    [[nodiscard]] int threads() const { return choices_[next_].threads; }
    /// What the last piece took. size: in any measure that its time grows with, such as atoms; more than 0.
    void took(double seconds, double size);

private:
    struct Choice {
        int threads = 1;
        double cost = 0;       ///< seconds per size; 0: not known
        double looked_at = 0;  ///< total_ when it was measured last
    };
    void end_series(double cost);
    void choose(double size);
    [[nodiscard]] bool worth_a_look(std::size_t choice, double size) const;

    std::vector<Choice> choices_;  ///< 1, 2, 4, ..., most
    std::size_t best_ = 0, next_ = 0;
    double total_ = 0;        ///< seconds of all pieces
    double series_cost_ = 0;  ///< summed over the pieces of the present series
    int pieces_ = 0;          ///< of the present series
    bool warm_ = false;       ///< the first piece also makes what later ones find made
};

/// Sets OpenMP's number of threads for one piece of work, measures it, and sets the number back.
class ThreadTurn {
public:
    /// choice: null leaves the number as it is. size 0: not measured.
    ThreadTurn(ThreadChoice* choice, double size);
    ~ThreadTurn();
    ThreadTurn(const ThreadTurn&) = delete;
    ThreadTurn& operator=(const ThreadTurn&) = delete;

private:
    ThreadChoice* choice_;
    double size_;
    int before_ = 0;
    std::chrono::steady_clock::time_point start_;
};

}  // namespace alkali::base
