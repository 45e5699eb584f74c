#pragma once
#include <span>

namespace alkali::training {

/// The processes that train one model together. Every rank makes the same calls in the same order.
class Communicator {
public:
    virtual ~Communicator() = default;
    [[nodiscard]] virtual int rank() const = 0;
    [[nodiscard]] virtual int size() const = 0;
    /// Replaces the values by their sum over ranks, added in the order of ranks: the same bits on every rank.
    virtual void sum(std::span<double> values) = 0;
    /// Gives every rank the values of rank 0.
    virtual void from_first(std::span<double> values) = 0;
    virtual void barrier() = 0;
};

/// One process.
class SerialCommunicator final : public Communicator {
public:
    [[nodiscard]] int rank() const override { return 0; }
    [[nodiscard]] int size() const override { return 1; }
    void sum(std::span<double>) override {}
    void from_first(std::span<double>) override {}
    void barrier() override {}
};

}  // namespace alkali::training
