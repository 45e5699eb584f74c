// The C interface only: the C++ bindings that Open MPI and MPICH still carry would need a further library.
#define OMPI_SKIP_MPICXX 1
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>
#include <exception>
#include <vector>

#include "alkali/training/communicator.hpp"

namespace alkali::training {
namespace {

/// The ranks of MPI_COMM_WORLD.
class MpiCommunicator final : public Communicator {
public:
    MpiCommunicator() {
        MPI_Init(nullptr, nullptr);
        MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
        MPI_Comm_size(MPI_COMM_WORLD, &size_);
    }
    ~MpiCommunicator() override {
        // After a failure the other ranks wait for messages that will not come: leaving without MPI_Finalize lets mpirun end them.
        if (std::uncaught_exceptions() == 0) MPI_Finalize();
    }
    MpiCommunicator(const MpiCommunicator&) = delete;
    MpiCommunicator& operator=(const MpiCommunicator&) = delete;

    [[nodiscard]] int rank() const override { return rank_; }
    [[nodiscard]] int size() const override { return size_; }

    /// Gathered on rank 0 and added there one by one: MPI_Allreduce leaves the order of summation open.
    void sum(std::span<double> values) override {
        const auto count = static_cast<int>(values.size());
        if (rank_ == 0) {
            std::vector<double> part(values.size());
            for (int r = 1; r < size_; ++r) {
                MPI_Recv(part.data(), count, MPI_DOUBLE, r, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
                std::transform(part.begin(), part.end(), values.begin(), values.begin(), [](double a, double b) { return b + a; });
            }
        } else {
            MPI_Send(values.data(), count, MPI_DOUBLE, 0, 0, MPI_COMM_WORLD);
        }
        from_first(values);
    }
    void from_first(std::span<double> values) override {
        MPI_Bcast(values.data(), static_cast<int>(values.size()), MPI_DOUBLE, 0, MPI_COMM_WORLD);
    }
    void barrier() override { MPI_Barrier(MPI_COMM_WORLD); }

private:
    int rank_ = 0, size_ = 1;
};

}  // namespace
}  // namespace alkali::training

extern "C" alkali::training::Communicator* alkali_make_mpi_communicator() { return new alkali::training::MpiCommunicator; }
