// The bytes of the built-in teacher inside the compiled library, with the CMake option RD4AD_EMBED_TEACHER.
#include <cstddef>
#include <span>

#include "engine.hpp"

#if defined(RD4AD_EMBEDDED_TEACHER)
// RD4AD_EMBEDDED_TEACHER is the file's path. The section is read-only data, which processes share.
asm(".pushsection .rodata\n"
    ".hidden rd4ad_embedded_teacher_begin, rd4ad_embedded_teacher_end\n"
    ".global rd4ad_embedded_teacher_begin, rd4ad_embedded_teacher_end\n"
    ".balign 64\n"
    "rd4ad_embedded_teacher_begin:\n"
    ".incbin \"" RD4AD_EMBEDDED_TEACHER
    "\"\n"
    "rd4ad_embedded_teacher_end:\n"
    ".popsection\n");
extern "C" {
extern __attribute__((visibility("hidden"))) const std::byte rd4ad_embedded_teacher_begin[];
extern __attribute__((visibility("hidden"))) const std::byte rd4ad_embedded_teacher_end[];
}
#endif

namespace rd4ad::boundary::inline v1 {

std::span<const std::byte> embedded_teacher() {
#if defined(RD4AD_EMBEDDED_TEACHER)
    return {rd4ad_embedded_teacher_begin, rd4ad_embedded_teacher_end};
#else
    return {};
#endif
}

}  // namespace rd4ad::boundary::inline v1
