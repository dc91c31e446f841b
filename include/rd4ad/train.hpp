// rd4ad/train.hpp: the face of train: options, one step, the trainer.
#pragma once
#include <rd4ad/train/calibration_set.hpp>
#include <rd4ad/train/check_options.hpp>
#include <rd4ad/train/feature_cache.hpp>
#include <rd4ad/train/log.hpp>
#include <rd4ad/train/near_duplicates.hpp>
#include <rd4ad/train/options.hpp>
#include <rd4ad/train/resume.hpp>
#include <rd4ad/train/roi_cells.hpp>
#include <rd4ad/train/roles.hpp>
#include <rd4ad/train/schedule.hpp>
#include <rd4ad/train/settings_json.hpp>
#include <rd4ad/train/spike_guards.hpp>
#include <rd4ad/train/step.hpp>
#include <rd4ad/train/student_training.hpp>
#include <rd4ad/train/trainer.hpp>
#include <rd4ad/train/usable_images.hpp>
