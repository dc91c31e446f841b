// The communicator of MPI: run by mpirun on any number of ranks. Prints the failures, and returns 1 if there are any.
#include <rd4ad/core/mpi_communicator.hpp>

#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

namespace {

int failures = 0;

void check(bool holds, const char* what) {
    if (holds) return;
    ++failures;
    std::fprintf(stderr, "failed: %s\n", what);
}

template <class T>
void check_sum(rd4ad::communicator& ranks, std::size_t count) {
    std::vector<T> values(count), expected(count);
    const double size = static_cast<double>(ranks.size()), rank = static_cast<double>(ranks.rank());
    for (std::size_t i = 0; i < count; ++i) {
        values[i] = static_cast<T>(static_cast<double>(i % 100) + rank);
        expected[i] = static_cast<T>(static_cast<double>(i % 100) * size + size * (size - 1) / 2);
    }
    auto sum = ranks.start_sum(std::span{values});
    while (!sum->is_complete()) {
    }
    sum->wait();
    check(values == expected, "a sum");
}

}  // namespace

int main() {
    rd4ad::mpi_communicator ranks;
    const std::size_t size = ranks.size(), rank = ranks.rank();
    check_sum<float>(ranks, 1);
    check_sum<double>(ranks, 300000);
    {
        // Two sums at once, and one that is dropped before its end.
        std::vector<float> a(1000, 1), b(2000, 2);
        auto first = ranks.start_sum(std::span{a}), second = ranks.start_sum(std::span{b});
        second->wait();
        first.reset();
        check(b[1999] == static_cast<float>(2 * size), "the second of two sums");
    }
    const auto values = ranks.gather_values(std::vector{static_cast<double>(rank), 0.5});
    check(values.size() == 2 * size && values[2 * (size - 1)] == static_cast<double>(size - 1) && values[1] == 0.5,
          "gathered values");
    const auto text_of = [](std::size_t of) { return std::string(of, 'a') + '\0' + std::to_string(of); };
    const auto all = ranks.gather_all(text_of(rank)), first = ranks.gather(text_of(rank));
    check(all.size() == size && first.size() == (rank == 0 ? size : 0), "the number of gathered texts");
    for (std::size_t i = 0; i < all.size(); ++i) check(all[i] == text_of(i), "a gathered text");
    for (std::size_t i = 0; i < first.size(); ++i) check(first[i] == text_of(i), "a text gathered on rank 0");
    std::string sent = rank == 0 ? std::string(70000, 'x') : "";
    ranks.broadcast(sent);
    check(sent == std::string(70000, 'x'), "a broadcast");
    check(ranks.any(rank == size - 1) && !ranks.any(false), "any");
    ranks.barrier();
    check(rd4ad::is_launched_rank(), "the launcher's environment");
    try {
        rd4ad::core_detail::check_mpi(MPI_ERR_COUNT, "MPI_Bcast");
        check(false, "an error of MPI");
    } catch (const rd4ad::device_error& problem) {
        check(std::string{problem.what()}.starts_with("MPI_Bcast: "), "the text of an error of MPI");
    }
    if (failures == 0 && rank == 0) std::printf("%zu ranks agree\n", size);
    return failures == 0 ? 0 : 1;
}
