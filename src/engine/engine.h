/* SPDX-License-Identifier: Apache-2.0
 *
 * Inference: weights folded and packed once (engine_plan, immutable, shared by threads), then run in scratch
 * memory that belongs to one caller (engine_run). Logits do not depend on threads, batch size or position in
 * a batch: not one bit.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/pool.h"
#include "cpu/cpu.h"
#include "net/graph.h"

typedef struct engine_weights engine_weights; /* folded and packed for one level; independent of image size */
typedef struct engine_scratch engine_scratch; /* buffers for one image size */

/* Where the engine gets a tensor of the network: fills `out` with its tensor.count float32 values in
 * PyTorch's layout. */
typedef effnet_status (*engine_reader)(void *context, const net_tensor *tensor, float *out,
                                       effnet_error *error);

/* `team` (NULL: none) reads and packs side by side, so `read` may be called from several threads at once. */
effnet_status engine_weights_create(engine_weights **out, const net_graph *graph, cpu_level level, pool *team,
                                    engine_reader read, void *context, effnet_error *error);
void engine_weights_free(engine_weights *weights);

/* Scratch for images of graph's height and width on `team`; `graph`, `weights` and `team` must outlive it. */
effnet_status engine_scratch_create(engine_scratch **out, const net_graph *graph,
                                    const engine_weights *weights, pool *team, effnet_error *error);
void engine_scratch_free(engine_scratch *scratch);

/* Bytes that weights and scratch take, as they are asked of the system; what the tables about them take, some
 * kilobytes, and the stacks of threads are not in it. */
typedef struct engine_memory {
    size_t weights;
    size_t loading;     /* while engine_weights_create runs, at most: buffers that tensors are read into */
    size_t activations; /* of one scratch: what layers hand on to each other */
    size_t scratch;     /* of one scratch: everything else */
    size_t batch;       /* of one scratch, from the first batch of as many images as members: theirs */
} engine_memory;

/* What engine_weights_create and engine_scratch_create would take for `graph` on a team of `members`, without
 * taking it. */
effnet_status engine_memory_plan(engine_memory *out, const net_graph *graph, cpu_level level, size_t members,
                                 effnet_error *error);

/* An endpoint to fill: `out` is [count][height][width][channels]. */
typedef struct engine_tap {
    net_endpoint at;
    float *out;
} engine_tap;

/* Every run from now on adds to part_ms[i] the milliseconds that part i of the network took, in the numbers
 * of effnet_network_get_part; NULL: no more. A part that another takes in gets nothing. */
void engine_profile(engine_scratch *scratch, double *part_ms);

/* Runs `count` images (input: [count][height][width][in_channels]) and fills every tap. Layers past the
 * deepest tap are not run. Cannot fail: everything was checked and allocated before. */
void engine_run(engine_scratch *scratch, const float *input, size_t count, const engine_tap *taps,
                size_t tap_count);

#endif
