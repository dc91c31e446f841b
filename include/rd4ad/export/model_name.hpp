// rd4ad/export/model_name.hpp: the names that a model can have on a server. Twin: tests/export/triton.cpp
#pragma once
#include <string>
#include <string_view>

#include <rd4ad/core/error.hpp>
#include <rd4ad/core/text.hpp>

namespace rd4ad::inline RD4AD_ABI {

/// Whether a server can use the model name: letters, digits, '.', '_' and '-', and no '.' at the front.
[[nodiscard]] inline bool is_model_name(std::string_view name) {
    constexpr std::string_view allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !name.empty() && !name.starts_with('.') && name.find_first_not_of(allowed) == name.npos;
}

/// Throws option_error unless is_model_name(name).
inline void check_triton_name(const std::string& name) {
    if (!is_model_name(name))
        throw option_error{text("export: a server can't use the model name '", name,
                                "'; expected letters, digits, '.', '_' and '-', and no '.' at the front")};
}

}  // namespace rd4ad::inline RD4AD_ABI
