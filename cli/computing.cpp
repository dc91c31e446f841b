// cli/computing.cpp: selects the variant of the functions that compute.
#include "computing.hpp"

#include <cstddef>
#include <iterator>

#include <rd4ad_command_variants.hpp>

#include <rd4ad/core/instruction_set.hpp>

#define RD4AD_DECLARE(isa) const cli::computing* rd4ad_command_##isa();
extern "C" {
RD4AD_VARIANTS(RD4AD_DECLARE)
}
#undef RD4AD_DECLARE

namespace cli {

namespace {

#define RD4AD_NAME(isa) #isa,
constexpr std::string_view variant_names[]{RD4AD_VARIANTS(RD4AD_NAME)};
#undef RD4AD_NAME
#define RD4AD_ENTRY(isa) &rd4ad_command_##isa,
constexpr const computing* (*variant_entries[])(){RD4AD_VARIANTS(RD4AD_ENTRY)};
#undef RD4AD_ENTRY

std::size_t selected_index() {
    static const std::size_t index = rd4ad::select_instruction_set(variant_names);
    return index;
}

}  // namespace

const computing& selected_variant() {
    static const computing& selected = *variant_entries[selected_index()]();
    return selected;
}

std::vector<std::string> instruction_sets() { return {std::begin(variant_names), std::end(variant_names)}; }

std::string_view instruction_set() { return variant_names[selected_index()]; }

}  // namespace cli
