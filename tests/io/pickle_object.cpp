#include <rd4ad/io/pickle_object.hpp>

#include <support/catch.hpp>

namespace pickle = rd4ad::io::pickle;
using rd4ad::io::dtype;

TEST_CASE("only the names that tensors need are known", "[io]") {
    CHECK(pickle::storage_dtype("torch.BFloat16Storage") == dtype::bf16);
    CHECK(pickle::storage_dtype("torch.BoolStorage") == dtype::boolean);
    CHECK_FALSE(pickle::storage_dtype("torch.ComplexFloatStorage"));
    CHECK(pickle::torch_dtype("torch.float16") == dtype::f16);
    CHECK_FALSE(pickle::torch_dtype("torch.complex64"));
    CHECK(pickle::is_tensor_global("torch.storage.UntypedStorage"));
    CHECK(pickle::is_tensor_global("torch._utils._rebuild_tensor_v2"));
    CHECK_FALSE(pickle::is_tensor_global("torch._utils._rebuild_qtensor"));
    CHECK_FALSE(pickle::is_tensor_global("torch.nn.modules.conv.Conv2d"));
    CHECK_FALSE(pickle::is_tensor_global(""));
}

TEST_CASE("contiguity ignores the strides of axes of size 1", "[io]") {
    pickle::tensor_reference tensor;
    CHECK(tensor.contiguous());
    tensor.shape = {2, 1, 3};
    tensor.strides = {3, 99, 1};
    CHECK(tensor.contiguous());
    tensor.strides = {1, 1, 2};
    CHECK_FALSE(tensor.contiguous());
    tensor.shape = {2, 0, 3};
    CHECK(tensor.contiguous());
}
