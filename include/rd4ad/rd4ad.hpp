// rd4ad/rd4ad.hpp: includes the whole library with the xtensor backend; export has a separate header, rd4ad/export.hpp.
#pragma once
#include <rd4ad/backend/xtensor.hpp>
#include <rd4ad/core.hpp>
#include <rd4ad/data.hpp>
#include <rd4ad/image.hpp>
#include <rd4ad/io.hpp>
#include <rd4ad/metrics.hpp>
#include <rd4ad/model.hpp>
#include <rd4ad/nn.hpp>
#include <rd4ad/score.hpp>
#include <rd4ad/train.hpp>
