// An operation of the kind that operators bring: SalverSubtract(a, b) = a - b, element by element or with b a scalar.
// The tests build it with the compiler and the headers that TensorFlow's wheel carries.

#include "tensorflow/core/framework/op.h"
#include "tensorflow/core/framework/op_kernel.h"
#include "tensorflow/core/framework/shape_inference.h"

namespace {

REGISTER_OP("SalverSubtract")
    .Attr("T: {float}")
    .Input("a: T")
    .Input("b: T")
    .Output("difference: T")
    .SetShapeFn([](tensorflow::shape_inference::InferenceContext* context) {
      context->set_output(0, context->input(0));
      return absl::OkStatus();
    });

class SubtractOp : public tensorflow::OpKernel {
 public:
  using OpKernel::OpKernel;

  void Compute(tensorflow::OpKernelContext* context) override {
    const tensorflow::Tensor& a = context->input(0);
    const tensorflow::Tensor& b = context->input(1);
    OP_REQUIRES(context, b.NumElements() == 1 || b.shape() == a.shape(),
                absl::InvalidArgumentError("b must be a scalar or have the shape of a"));
    tensorflow::Tensor* difference = nullptr;
    OP_REQUIRES_OK(context, context->allocate_output(0, a.shape(), &difference));
    const auto from = a.flat<float>();
    const auto taken = b.flat<float>();
    auto to = difference->flat<float>();
    for (int64_t at = 0; at < from.size(); ++at) {
      to(at) = from(at) - taken(b.NumElements() == 1 ? 0 : at);
    }
  }
};

REGISTER_KERNEL_BUILDER(Name("SalverSubtract").Device(tensorflow::DEVICE_CPU), SubtractOp);

}  // namespace
