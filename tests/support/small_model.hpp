// tests/support/small_model.hpp: an untrained resnet18 for small images.
#pragma once
#include <tuple>

#include <rd4ad/model/model.hpp>

#include <support/backends.hpp>

namespace rd4ad::test {

using first_backend = std::tuple_element_t<0, backends>;

/// An untrained resnet18 with an input of 64 x 32 pixels (width x height), images squashed to it, and one thread.
inline model<first_backend> small_model() {
    auto m = make_model_without_teacher<first_backend>("resnet18", {.threads = 1});
    m.settings.height = 32, m.settings.width = 64;
    m.settings.preprocessing.geometry = {.size = 64, .height = 32};
    return m;
}

}  // namespace rd4ad::test
