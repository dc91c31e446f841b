// A model is move-only: it holds its weights and a queue.
// expect: (use of deleted function|implicitly-deleted copy constructor)
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/model/model.hpp>

using model = rd4ad::model<rd4ad::backend::xtensor<float>>;

model copy(const model& from);
model copy(const model& from) { return from; }
