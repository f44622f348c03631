#pragma once
#include "meter.h"
#include "options.h"

/** Each runs from the start of the warm-up to the end of the window and gives the interface back. */
void rxdrop(const struct options *options, struct meter *meter);
void txonly(const struct options *options, struct meter *meter);
void forward(const struct options *options, struct meter *meter);
void drop(const struct options *options, struct meter *meter);
void flood(const struct options *options, struct meter *meter);
