/* SPDX-License-Identifier: Apache-2.0
 *
 * effnet: EfficientNet and MobileNetV2 on ordinary CPUs. The whole public API.
 *
 * A complete program: the best label for one photo.
 *
 *     #include <effnet.h>
 *     #include <stdio.h>
 *
 *     int main(int argc, char **argv)
 *     {
 *         effnet_error error;
 *         effnet_model *model = NULL;
 *         effnet_session *session = NULL;
 *         effnet_prediction best;
 *         if (argc != 3 || effnet_model_load(&model, argv[1], NULL, &error) ||
 *             effnet_session_create(&session, model, NULL, &error) ||
 *             effnet_session_classify_file(session, argv[2], NULL, 1, &best, NULL, &error))
 *             return fprintf(stderr, "%s\n", argc == 3 ? error.message : "usage: label MODEL PHOTO"), 1;
 *         printf("%s %.1f %%\n", best.label, 100 * best.probability);
 *         effnet_session_free(session);
 *         effnet_model_free(model);
 *         return 0;
 *     }
 *
 * Conventions
 *   - An effnet_network is a description without weights. An effnet_model owns weights, recipe and labels,
 * never changes once made, and may be used by any number of threads at once. An effnet_session holds the
 * scratch memory and the worker threads of one caller; use each session from one thread at a time.
 *   - Every call that can fail returns an effnet_status. Out-parameters come first and are set to NULL on
 * failure. `error` may be NULL. free(NULL) does nothing. Option structs may be NULL; all bytes zero means the
 * defaults.
 *   - Strings and arrays handed in are not kept after the call. Strings handed out belong to the handle they
 * came from and live as long as it does.
 *   - The library never prints, exits, aborts, reads the environment, changes signal handlers or keeps global
 * state.
 *   - Tensors are float32, row-major; images are NHWC: [n][height][width][channels].
 */
#ifndef EFFNET_H
#define EFFNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define EFFNET_VERSION_MAJOR 0
#define EFFNET_VERSION_MINOR 1
#define EFFNET_VERSION_PATCH 0
#define EFFNET_VERSION       "0.1.0"

#if defined(__GNUC__)
#define EFFNET_API __attribute__((visibility("default")))
#else
#define EFFNET_API
#endif

/* ---- Errors
 * ------------------------------------------------------------------------------------------------- */

/** What went wrong, by whose fault it is. The numbers are stable. */
typedef enum effnet_status {
    EFFNET_OK = 0,
    EFFNET_ERR_ARGUMENT = 1, /**< the caller asked for what cannot be: a bad option, endpoint, size or phi */
    EFFNET_ERR_FORMAT = 2,   /**< a file breaks the rules of its format, or is cut short */
    EFFNET_ERR_LIMIT = 3,    /**< a file is beyond a limit (pixels, bytes, tensors, depth) */
    EFFNET_ERR_UNSUPPORTED = 4, /**< a legal file uses what effnet does not read */
    EFFNET_ERR_MISMATCH = 5,    /**< tensors do not fit the network: missing, unexpected or mis-shaped */
    EFFNET_ERR_AMBIGUOUS = 6,   /**< the file alone does not settle the network; say which */
    EFFNET_ERR_NOT_FOUND = 7,   /**< no such file, and no network of that name */
    EFFNET_ERR_MISSING = 8,     /**< built without the library that this needs */
    EFFNET_ERR_MEMORY = 9,      /**< out of memory */
    EFFNET_ERR_OS = 10,         /**< a thread or another resource of the system could not be had */
    EFFNET_ERR_CREATE = 11,     /**< the output cannot be created */
    EFFNET_ERR_IO = 12,         /**< reading or writing failed */
    EFFNET_ERR_INTERNAL = 13,   /**< a bug in effnet */
} effnet_status;

enum { EFFNET_MESSAGE_SIZE = 288 };

/** The whole story of a failure, owned by the caller. */
typedef struct effnet_error {
    effnet_status code;
    uint64_t offset; /**< byte in the file at which the rule was broken; 0 where there is none */
    char message[EFFNET_MESSAGE_SIZE]; /**< one line: file, place, what was found and what was wanted;
                                          printable ASCII or UTF-8, hostile bytes escaped */
} effnet_error;

/** A short name for `status`, like "bad format". Never NULL. */
EFFNET_API const char *effnet_status_name(effnet_status status);

/** The version of the library that is linked, like "0.1.0". */
EFFNET_API const char *effnet_version(void);

/* ---- Networks: descriptions without weights
 * ------------------------------------------------------------------ */

typedef struct effnet_network effnet_network;

/** What to change in a network. All zero: nothing. */
typedef struct effnet_network_options {
    int height,
        width;       /**< input size from 32 to 16384, any, also odd and rectangular; 0: the network's own */
    int num_classes; /**< outputs of the classifier; 0: the network's own; EFFNET_NO_CLASSIFIER: none */
    int in_channels; /**< 0: the network's own */
    double dropout;  /**< rate before the classifier; 0: the network's own; negative: none */
    double drop_connect; /**< rate of the last block; 0: the network's own; negative: none */
    const char *variant; /**< padding and batch norm epsilon: "same" (TensorFlow's, epsilon 1e-3; the default)
                            or "symmetric" (PyTorch's k/2, epsilon 1e-5); ",epsilon=X" may follow */
} effnet_network_options;

enum { EFFNET_NO_CLASSIFIER = -1 };

/** What a network is, as a whole. Strings belong to the network. */
typedef struct effnet_network_info {
    const char *name;       /**< "efficientnet-b0"; "custom" where a file gives none */
    const char *activation; /**< "swish", "relu6", "relu", "hard-swish" */
    const char *padding;    /**< "same", "symmetric" */
    double bn_epsilon;
    int height, width, channels; /**< of the input */
    int num_classes;             /**< 0: no classifier */
    int features;                /**< channels that are pooled for the classifier */
    size_t part_count;           /**< see effnet_network_get_part */
    uint64_t parameters;         /**< trainable ones, as PyTorch counts them */
    uint64_t macs; /**< multiply-adds of convolutions and linear layers for one image, as the papers count */
    uint64_t activation_bytes_peak; /**< float32 bytes alive at the widest point of a layer-by-layer run of
                                       one image */
    double width_multiplier, depth_multiplier; /**< of the description's channels and repeats */
} effnet_network_info;

/** One part of a network: the stem, a block, the head or the classifier. */
typedef struct effnet_part_info {
    char name[24];    /**< "stem", "block:0", "head", "classifier" */
    const char *kind; /**< "conv", "mbconv" (expands), "dsconv" (does not), "linear" */
    int kernel, stride, expand;
    int in_channels, out_channels;
    int squeeze; /**< inner channels of squeeze-and-excitation; 0: none */
    bool residual;
    int height, width; /**< of the output */
    uint64_t parameters, macs, activation_bytes;
} effnet_part_info;

/** Shape of what an endpoint gives for one image, row-major [height][width][channels]. */
typedef struct effnet_shape {
    int height, width, channels;
} effnet_shape;

/** The network called `name` (of the catalogue, in effnet's or a peer's spelling) or described by the file
 * `name`, if that ends in ".json". Scaling: Tan and Le, EfficientNet, 2019, section 3.3, rounded as the
 * authors' code does. */
EFFNET_API effnet_status effnet_network_create(effnet_network **out, const char *name,
                                               const effnet_network_options *options, effnet_error *error);
EFFNET_API void effnet_network_free(effnet_network *network);

EFFNET_API void effnet_network_get_info(const effnet_network *network, effnet_network_info *info);

/** Part number `index` from the input to the output; false past the end. */
EFFNET_API bool effnet_network_get_part(const effnet_network *network, size_t index, effnet_part_info *info);

/** Shape at an endpoint: "reduction_1" .. "reduction_5" (the last output before each halving of the
 * resolution), "block:N", "features" (the last convolution), "pooled", "logits". */
EFFNET_API effnet_status effnet_network_get_shape(const effnet_network *network, const char *endpoint,
                                                  effnet_shape *shape, effnet_error *error);

/** The description as JSON text, in the form that effnet_network_create reads from a file. */
EFFNET_API const char *effnet_network_get_json(const effnet_network *network);

enum { EFFNET_NAME_SIZE = 64 };

/** Writes name number `index` of the catalogue to `name`; false past the end. */
EFFNET_API bool effnet_catalogue_get(size_t index, char name[EFFNET_NAME_SIZE]);

/* ---- What convolutions cost
 * ----------------------------------------------------------------------------------- */

/** What a layer, a block or a network costs for one image. Of convolutions (each with its batch norm) and
 * fully connected layers, counted and not measured; padding counts, additions of biases do not. */
typedef struct effnet_cost {
    uint64_t macs, parameters;
    uint64_t activation_bytes; /**< float32 outputs */
    uint64_t bytes_moved;      /**< float32 inputs, outputs and parameters of each, one after the other */
    double intensity;          /**< arithmetic intensity: 2 macs / bytes_moved, operations per byte */
} effnet_cost;

typedef enum effnet_layer_kind {
    EFFNET_LAYER_STANDARD = 0, /**< k x k, in to out channels */
    EFFNET_LAYER_SEPARABLE,    /**< k x k depthwise, then 1x1: Howard et al., MobileNets, 2017, section 3.1 */
    EFFNET_LAYER_INVERTED,     /**< 1x1 to in * expand, k x k depthwise, squeeze-and-excitation, 1x1 to out:
                                  Sandler et al., MobileNetV2, 2018 */
    EFFNET_LAYER_BOTTLENECK,   /**< 1x1 to out / expand, k x k, 1x1 to out: He et al., ResNet, 2015 */
} effnet_layer_kind;

/** A layer or block by itself; SAME padding; a shortcut adds nothing to its cost. */
typedef struct effnet_layer {
    effnet_layer_kind kind;
    int kernel, stride;
    int in_channels, out_channels;
    int height, width; /**< of the input */
    int expand;        /**< inverted and bottleneck */
    double se;         /**< inverted: squeeze channels over input channels; 0 for none */
} effnet_layer;

EFFNET_API effnet_status effnet_layer_cost(effnet_cost *out, const effnet_layer *layer, effnet_error *error);

/** A network as it is, and with a standard convolution in place of each depthwise one and the 1x1 one behind
 * it (from the hidden channels straight to the block's output, same kernel and stride), as MobileNets' table
 * 4 compares a network with itself. Either may be NULL. */
EFFNET_API void effnet_network_cost(const effnet_network *network, effnet_cost *separable,
                                    effnet_cost *standard);

/** The same of one part; false past the end. Outside the blocks both are equal. */
EFFNET_API bool effnet_network_part_cost(const effnet_network *network, size_t index, effnet_cost *separable,
                                         effnet_cost *standard);

/* ---- Compound scaling
 * ----------------------------------------------------------------------------------------- */

/** What to scale by: depth alpha^phi, width beta^phi and resolution gamma^phi (Tan and Le, EfficientNet,
 * 2019, equation 3), or, if any of depth, width and resolution is not 0, these factors and not phi. */
typedef struct effnet_scaling {
    double alpha, beta, gamma;       /**< 0: the paper's 1.2, 1.1, 1.15 */
    double phi;                      /**< -50 to 50 */
    double depth, width, resolution; /**< 0: 1, if another one is given */
    int multiple; /**< the resolution is rounded to the nearest multiple of this; 0: to whole pixels */
} effnet_scaling;

/** What came of it. Growths are multiply-adds over the baseline's. */
typedef struct effnet_scaled {
    double depth, width, resolution; /**< the factors */
    double product;      /**< alpha beta^2 gamma^2, the growth asked for by each 1 of phi; 0 without phi */
    double asked;        /**< growth if nothing were rounded: depth width^2 resolution^2 */
    double growth;       /**< the network's */
    double depth_growth; /**< by depth alone, as rounded; asked for: depth */
    double width_growth; /**< by width alone; asked for: width^2 */
    double resolution_growth; /**< by resolution alone; asked for: resolution^2 */
    char warning[256]; /**< "" or what is unusual: a product more than 0.1 off 2 (where the paper's is 1.92),
                          a factor below 1 */
} effnet_scaled;

/** `base` scaled: repeats rounded up and channels to the divisor, as the source does, resolution to the
 * nearest pixel or multiple. `scaled` may be NULL. EFFNET_ERR_ARGUMENT names the limit that is broken: phi
 * that is no number, a resolution below 32, channels that vanish, more than can be built. */
EFFNET_API effnet_status effnet_network_scale(effnet_network **out, effnet_scaled *scaled,
                                              const effnet_network *base, const effnet_scaling *scaling,
                                              effnet_error *error);

/** The limits of a budget, as bits. */
enum {
    EFFNET_LIMIT_MACS = 1,
    EFFNET_LIMIT_PARAMETERS = 2,
    EFFNET_LIMIT_MEMORY = 4,
    EFFNET_LIMIT_LATENCY = 8,
    EFFNET_LIMIT_TRAINING = 16
};

/** What running a network will take: at least a byte of memory for each parameter, and 8 of training. A
 * network that cannot be run takes UINT64_MAX and INFINITY. */
typedef struct effnet_estimate {
    uint64_t memory_bytes;
    uint64_t training_bytes; /**< where it is limited */
    double latency_ms;
} effnet_estimate;

typedef effnet_status effnet_estimator(effnet_estimate *out, const effnet_network *network, void *context,
                                       effnet_error *error);

/** What a network may take; 0: no limit. */
typedef struct effnet_budget {
    uint64_t macs, parameters, memory_bytes;
    uint64_t training_bytes; /**< of memory that training takes */
    double latency_ms;
    effnet_estimator
        *estimate; /**< tells memory and latency. NULL: memory is the total of effnet_network_get_memory
                      and effnet_network_get_training_memory by default, and latency cannot be limited */
    void *context; /**< handed to it */
} effnet_budget;

/** Where a network stands against a budget. */
typedef struct effnet_standing {
    double phi;
    uint64_t macs, parameters;
    uint64_t memory_bytes; /**< as the estimator tells; 0 unless memory or latency is limited */
    uint64_t training_bytes;
    double latency_ms;
    unsigned over; /**< the limits that it breaks */
} effnet_standing;

typedef struct effnet_fit {
    effnet_standing best; /**< the largest phi that breaks no limit */
    effnet_standing
        next; /**< the phi that comes next: its `over` says what binds; 0: nothing larger can be built */
} effnet_fit;

/** The largest phi, in steps of 0.01 from -50 to 50, whose network breaks no limit of the budget; of the
 * scaling, alpha, beta, gamma and multiple count. Then effnet_network_scale makes it. EFFNET_ERR_ARGUMENT,
 * with the limit, if no network is small enough. */
EFFNET_API effnet_status effnet_network_fit(effnet_fit *out, const effnet_network *base,
                                            const effnet_scaling *scaling, const effnet_budget *budget,
                                            effnet_error *error);

/** A published network of the EfficientNet family, and how far it is from one phi. */
typedef struct effnet_published {
    char name[EFFNET_NAME_SIZE];
    double depth, width;                         /**< over efficientnet-b0's */
    int resolution;                              /**< pixels */
    double phi_depth, phi_width, phi_resolution; /**< the phi that each of them would take alone; NaN where
                                                    the coefficient is 1 */
    const char *paper_parameters, *paper_macs; /**< millions and billions, as the paper's table 2 prints them;
                                                  "" where it does not */
    const char *paper_top1; /**< per cent of ImageNet's validation pictures, from the same table */
} effnet_published;

/** efficientnet-b0 .. b8 and l2, number `index`; false past the end. `scaling` gives alpha, beta, gamma;
 * NULL: the paper's. */
EFFNET_API bool effnet_published_get(size_t index, const effnet_scaling *scaling, effnet_published *out);

/** A row of the paper's tables 3 and 7, which compare ways to scale one network. */
typedef struct effnet_paper_row {
    int table;
    const char *base;     /**< "mobilenet-v2" or "efficientnet-b0" */
    const char *strategy; /**< "baseline", "depth", "width", "resolution", "compound" */
    double depth, width, resolution;
    const char *macs; /**< billions, as printed */
    const char *top1; /**< per cent on ImageNet, as printed */
} effnet_paper_row;

/** Row number `index`; false past the end. */
EFFNET_API bool effnet_paper_row_get(size_t index, effnet_paper_row *out);

/* ---- Models: a network with weights, recipe and labels
 * -------------------------------------------------------- */

typedef struct effnet_model effnet_model;

/** Sets of instructions that kernels are written for. A model is packed for one of them when it is first
 * used. */
typedef enum effnet_level {
    EFFNET_LEVEL_BEST = 0, /**< the best that processor and operating system offer */
    EFFNET_LEVEL_REF,      /**< plain C, the definition of correct */
    EFFNET_LEVEL_AVX2,     /**< AVX2 and FMA */
    EFFNET_LEVEL_AVX512,   /**< AVX-512 F, BW, DQ, VL */
    EFFNET_LEVEL_NEON,     /**< AArch64 Advanced SIMD */
} effnet_level;

/** What the outputs of a network mean, and so what is learned of each picture. */
typedef enum effnet_task {
    EFFNET_TASK_ANY = 0, /**< as the file or the data say; never what an open one has */
    EFFNET_TASK_CLASSES, /**< one of several classes: softmax */
    EFFNET_TASK_LABELS,  /**< any of several labels, each for itself: sigmoid */
    EFFNET_TASK_VALUES,  /**< numbers: regression, the outputs as they are */
} effnet_task;

/** "classes", "labels", "values", "any". Never NULL. */
EFFNET_API const char *effnet_task_name(effnet_task task);

/** How to understand a checkpoint. All zero: as the file says. */
typedef struct effnet_model_options {
    const char *arch; /**< a name or FILE.json where the tensors alone do not settle the network */
    const char
        *dialect; /**< "effnet", "efficientnet_pytorch", "torchvision", "timm"; NULL: told by the names */
    const char
        *variant; /**< "same" or "symmetric" padding with its epsilon; NULL: known, or told by the file */
    const char *recipe; /**< "key=value,..." over the model's own: size, resize, crop, interpolation, mean,
                           std, ... */
    const char *labels; /**< text of a labels file (one a line, or JSON) in place of the model's own */
    effnet_task task;   /**< what the outputs mean; ANY: what effnet wrote into the file, else classes */
    bool ema;           /**< take the averaged weights of a checkpoint that holds both */
    bool strict;        /**< NaN or infinity in a weight is an error, not a notice */
    int num_classes;    /**< if the file's differs, a fresh classifier; EFFNET_NO_CLASSIFIER drops it; 0: the
                           file's */
    int in_channels; /**< if the file's differs, the stem is adapted: summed for 1, repeated by 3/n for n; 0:
                        the file's */
    uint64_t seed;   /**< of fresh weights */
    effnet_level level;
    char **report; /**< NULL, or where EFFNET_ERR_MISMATCH is told in full: malloc'd lines that the caller
                      frees */
} effnet_model_options;

/** Loads safetensors, a PyTorch .pth (zip or legacy; nothing in it is ever executed) or a Hugging Face
 * folder. Formats are told by content. The file stays open and must not be changed while the model lives; its
 * values are read when the first session is made. */
EFFNET_API effnet_status effnet_model_load(effnet_model **out, const char *path,
                                           const effnet_model_options *options, effnet_error *error);

/** The same from `size` bytes that the caller keeps alive until effnet_model_free; `name` is what messages
 * call them. */
EFFNET_API effnet_status effnet_model_load_memory(effnet_model **out, const void *data, size_t size,
                                                  const char *name, const effnet_model_options *options,
                                                  effnet_error *error);

/** Fresh weights, as the source initialises them for training (tensorflow/tpu efficientnet_model.py). Of the
 * options, seed, level and recipe count; the recipe's size is the network's. */
EFFNET_API effnet_status effnet_model_create(effnet_model **out, const effnet_network *network,
                                             const effnet_model_options *options, effnet_error *error);

/** Call when no session of the model is left. */
EFFNET_API void effnet_model_free(effnet_model *model);

EFFNET_API const effnet_network *effnet_model_get_network(const effnet_model *model);

/** The recipe in use as one line "size=224,resize=256,...", in the form that options.recipe takes. */
EFFNET_API const char *effnet_model_get_recipe(const effnet_model *model);

/** The label of class `index`; "" if the model has none. */
EFFNET_API const char *effnet_model_get_label(const effnet_model *model, int index);

/** What the outputs mean; never EFFNET_TASK_ANY. */
EFFNET_API effnet_task effnet_model_get_task(const effnet_model *model);

/** Where the weights came from, in one line, and in whose names they are; "" where unknown. */
EFFNET_API const char *effnet_model_get_origin(const effnet_model *model);
EFFNET_API const char *effnet_model_get_dialect(const effnet_model *model);

/** What the user should know: an override, a choice made by file name, values that are not finite; "" if
 * nothing. */
EFFNET_API const char *effnet_model_get_notice(const effnet_model *model);

typedef enum effnet_dtype { EFFNET_F32 = 0, EFFNET_F16, EFFNET_BF16 } effnet_dtype;

typedef struct effnet_save_options {
    effnet_dtype dtype;
    const char *dialect; /**< names to write; NULL: effnet's own */
} effnet_save_options;

/** Writes safetensors with network, recipe and labels inside; the file appears whole or not at all, and its
 * bytes depend on the model and the options only. */
EFFNET_API effnet_status effnet_model_save(const effnet_model *model, const char *path,
                                           const effnet_save_options *options, effnet_error *error);

/* ---- Sessions: running a model
 * -------------------------------------------------------------------------------- */

typedef struct effnet_session effnet_session;

typedef struct effnet_session_options {
    int threads;       /**< 0: the cores that this process may use (affinity and cgroup quota) */
    int height, width; /**< of the input tensors; 0: the recipe's */
} effnet_session_options;

/** Allocates everything that runs need; the first session of a model also reads and packs its weights. The
 * model must outlive the session. */
EFFNET_API effnet_status effnet_session_create(effnet_session **out, const effnet_model *model,
                                               const effnet_session_options *options, effnet_error *error);
EFFNET_API void effnet_session_free(effnet_session *session);

/** An endpoint to take, and where to put it: [count][height][width][channels] floats. */
typedef struct effnet_output {
    const char *endpoint;
    float *data;
} effnet_output;

/** Runs `count` images, input [count][height][width][channels], and fills the outputs. Layers that no output
 * needs are not run. Logits do not depend on threads, count or position: not one bit. Fails only for
 * arguments that cannot be, like an unknown endpoint. */
EFFNET_API effnet_status effnet_session_run(effnet_session *session, const float *input, size_t count,
                                            const effnet_output *outputs, size_t output_count,
                                            effnet_error *error);

/** The network at the session's size; belongs to the session. */
EFFNET_API const effnet_network *effnet_session_get_network(const effnet_session *session);

/** Shape of an endpoint at the session's size. */
EFFNET_API effnet_status effnet_session_get_shape(const effnet_session *session, const char *endpoint,
                                                  effnet_shape *shape, effnet_error *error);

EFFNET_API int effnet_session_get_threads(const effnet_session *session);

/** Tells where the time goes: from now on each run adds to part_ms[i] the milliseconds that its images spent
 * in part i of the network (effnet_network_get_part). `part_ms` has part_count elements, is zeroed and read
 * by the caller between runs, and must live as long as it is in use; NULL ends it, and then it costs nothing.
 * A part that the engine makes inside the next one, as it may do with the stem, adds nothing, and its time is
 * the next one's; pooling counts with the part before it. */
EFFNET_API void effnet_session_profile(effnet_session *session, double *part_ms);

/* ---- What running costs: memory
 * ------------------------------------------------------------------------------- */

/** Bytes that running a network takes, worked out from its shapes: exactly what the engine asks the system
 * for (whole huge pages where it asks for those), without asking. Not in it: the caller's inputs and outputs,
 * handles and tables of some kilobytes, stacks of threads, and the program itself. */
typedef struct effnet_memory {
    uint64_t weights;     /**< batch norm folded in, packed; once for a model, whatever its sessions */
    uint64_t loading;     /**< buffers while the first session reads the weights, at most; then given back */
    uint64_t activations; /**< of one session: what layers hand on, one image at a time */
    uint64_t scratch;     /**< of one session: what each thread works in, sums, tables */
    uint64_t total;       /**< at its most: weights and the larger of loading and activations + scratch */
    uint64_t batch;       /**< besides, from the first batch of as many images as threads: activations and
                             scratch of each thread's own; 0 with one thread */
} effnet_memory;

/** What a model of `network` with one session at the network's size takes, at `level` and with `threads` (as
 * in effnet_model_options and effnet_session_options). A batch runs without what it takes besides, only
 * slower. Training: effnet_network_get_training_memory. */
EFFNET_API effnet_status effnet_network_get_memory(const effnet_network *network, effnet_level level,
                                                   int threads, effnet_memory *memory, effnet_error *error);

/* ---- What running costs: time
 * --------------------------------------------------------------------------------- */

/** Times of parts of networks on this machine, at one level and on one number of threads. A part that was
 * measured is known for all networks that have it: same kind, channels, kernel, stride, sizes, activation.
 * One that was not is told from the work in it and the measured parts that are most like it. Use from one
 * thread at a time. */
typedef struct effnet_latency effnet_latency;

typedef struct effnet_latency_options {
    effnet_level level;
    int threads;        /**< 0: as a session */
    const char *folder; /**< where the file of measured times is, named by effnet's version, level, threads
                           and processor; NULL: nothing is kept */
    bool afresh;        /**< do not read the file; measured times then replace it */
    double measure_ms;  /**< how long to repeat each measurement; 0: 300; at least 5 runs are made */
} effnet_latency_options;

/** Reads the file, if there is one. What is damaged in it, or was measured with another effnet or on another
 * processor, is no error: it is not used, and get_notice tells. */
EFFNET_API effnet_status effnet_latency_create(effnet_latency **out, const effnet_latency_options *options,
                                               effnet_error *error);
EFFNET_API void effnet_latency_free(effnet_latency *latency);

/** What became of the file that the user should know; "" if nothing. */
EFFNET_API const char *effnet_latency_get_notice(const effnet_latency *latency);

/** The path of the file; "" without a folder. */
EFFNET_API const char *effnet_latency_get_file(const effnet_latency *latency);

/** Measures the parts of `network` that are not known yet, if any, and keeps them in the file. The network is
 * run without the blocks that repeat the one before them, with weights that are made up: that takes
 * measure_ms, packing such weights, and memory as effnet_network_get_memory tells, or less. */
EFFNET_API effnet_status effnet_latency_measure(effnet_latency *latency, const effnet_network *network,
                                                effnet_error *error);

typedef struct effnet_latency_figure {
    double ms;              /**< of one image */
    size_t parts, measured; /**< of the network that take time, and those of them that were measured */
} effnet_latency_figure;

/** Tells the time of `network` at its size without running anything; part_ms, unless NULL, takes that of each
 * part (effnet_network_get_part; as effnet_session_profile divides it). EFFNET_ERR_NOT_FOUND if nothing was
 * measured yet. */
EFFNET_API effnet_status effnet_latency_predict(const effnet_latency *latency, const effnet_network *network,
                                                effnet_latency_figure *figure, double *part_ms,
                                                effnet_error *error);

/** Measures a layer by itself: *ms is the least time for one image. All kinds go through the same kernels. A
 * standard convolution is dot products over patches that lie in the image as they are, as the engine makes
 * the stem, at the speed of its 1x1 convolutions; a bottleneck is three of them; separable ones and inverted
 * residuals are blocks of the engine. ReLU stands for the activation, and a shortcut is left out. Of the
 * options, level, threads and measure_ms (0: 100; at least 3 runs) count. EFFNET_ERR_LIMIT over 2^28 weights
 * or values. */
EFFNET_API effnet_status effnet_measure_layer(double *ms, const effnet_layer *layer,
                                              const effnet_latency_options *options, effnet_error *error);

/** Measures `network` with a standard convolution in place of each depthwise one and the 1x1 one behind it,
 * as effnet_network_cost counts it: *ms is the sum, and part_ms, unless NULL, takes each part, the stem
 * always by itself. Its own parts are measured first, if they are not known. Squeeze-and-excitation is left
 * out, which favours it a little. Nothing of it is kept. */
EFFNET_API effnet_status effnet_latency_measure_standard(effnet_latency *latency,
                                                         const effnet_network *network, double *ms,
                                                         double *part_ms, effnet_error *error);

/* ---- Images
 * --------------------------------------------------------------------------------------------------- */

/** Limits are checked before anything is decoded. All zero: the defaults in brackets. */
typedef struct effnet_image_options {
    bool exif; /**< turn the picture as its EXIF orientation asks; off, as in Pillow and torchvision */
    bool allow_truncated; /**< complete a JPEG that ends early with grey instead of refusing it */
    size_t max_pixels;    /**< [67,108,864] */
    size_t max_side;      /**< [16,384] */
    size_t max_bytes;     /**< of the encoded file [67,108,864] */
} effnet_image_options;

typedef struct effnet_image_info {
    int height, width;                           /**< of the picture, after turning */
    const char *format;                          /**< "jpeg", "png", "webp" */
    int orientation;                             /**< EXIF tag, 1 to 8 */
    bool has_icc;                                /**< a colour profile was there, and was ignored */
    double decode_ms, preprocess_ms, network_ms; /**< wall time; network_ms only from the classify calls */
} effnet_image_info;

/** "jpeg", "png" or "webp" by the first bytes of a file, of which 12 are enough; NULL for what is not read.
 */
EFFNET_API const char *effnet_image_format(const void *bytes, size_t size);

/** Decodes a JPEG, PNG or WebP of `size` bytes and makes the network's input of it by the model's recipe:
 *  out is [height][width][channels] of effnet_model_get_network. Any thread may call it; info may be NULL. */
EFFNET_API effnet_status effnet_model_prepare_image(const effnet_model *model, const void *bytes, size_t size,
                                                    const effnet_image_options *options, float *out,
                                                    effnet_image_info *info, effnet_error *error);

typedef struct effnet_prediction {
    int class_index;   /**< number of the output; -1: there are fewer than asked for */
    const char *label; /**< belongs to the model; "" if it has no labels */
    float probability; /**< classes: softmax over all; labels: sigmoid of the logit; values: NaN */
    float logit;       /**< values: the value */
} effnet_prediction;

/** Classes and labels: the `k` best of one image's logits, best first, equal ones by number. Values: the
 * first `k` in their order. */
EFFNET_API void effnet_model_top(const effnet_model *model, const float *logits, size_t k,
                                 effnet_prediction *out);

/** Reads, prepares and runs one picture and predicts as effnet_model_top does. The session must have the
 * recipe's size. */
EFFNET_API effnet_status effnet_session_classify(effnet_session *session, const void *bytes, size_t size,
                                                 const effnet_image_options *options, size_t k,
                                                 effnet_prediction *out, effnet_image_info *info,
                                                 effnet_error *error);
EFFNET_API effnet_status effnet_session_classify_file(effnet_session *session, const char *path,
                                                      const effnet_image_options *options, size_t k,
                                                      effnet_prediction *out, effnet_image_info *info,
                                                      effnet_error *error);

/* ---- Data sets
 * ------------------------------------------------------------------------------------------------ */

/** Pictures and what they show, in a training and a validation part. Never changes once it is open; any
 * number of threads may use it at once. */
typedef struct effnet_dataset effnet_dataset;

typedef enum effnet_part { EFFNET_TRAINING = 0, EFFNET_VALIDATION = 1 } effnet_part;

/** All zero: the data decide, and nothing is split off. */
typedef struct effnet_dataset_options {
    effnet_task task;  /**< of a table without a header that says it */
    double validation; /**< share of each class, above 0 and below 1, that becomes the validation part where
                          the data bring none; 0: none */
    uint64_t seed;     /**< of that choice */
} effnet_dataset_options;

typedef struct effnet_dataset_info {
    effnet_task task;
    size_t outputs;      /**< classes, labels or values */
    size_t count[2];     /**< pictures by effnet_part */
    bool own_validation; /**< the data brought their validation part */
    size_t strays;       /**< pictures beside the class folders instead of in them: left out */
    const char *stray;   /**< the first of them, or NULL */
} effnet_dataset_info;

/** One picture of a part. Strings and arrays belong to the data set. */
typedef struct effnet_dataset_item {
    const char *path;       /**< of the picture, or of the IDX file that holds it */
    size_t picture;         /**< its number in that file; 0 where it is a file of its own */
    int class_index;        /**< EFFNET_TASK_CLASSES; otherwise -1 */
    const uint32_t *labels; /**< EFFNET_TASK_LABELS: [label_count], rising */
    size_t label_count;
    const float *values; /**< EFFNET_TASK_VALUES: [outputs] */
} effnet_dataset_item;

/** Opens a folder or a CSV table of pictures: a folder per class, with or without train/ and val/ above them;
 * train.csv and val.csv; or IDX files (docs/data.md). Classes are in the order of their bytes. */
EFFNET_API effnet_status effnet_dataset_open(effnet_dataset **out, const char *path,
                                             const effnet_dataset_options *options, effnet_error *error);
EFFNET_API void effnet_dataset_free(effnet_dataset *dataset);
EFFNET_API void effnet_dataset_get_info(const effnet_dataset *dataset, effnet_dataset_info *info);

/** The name of class, label or value number `index`; "" past the last, and for values without names. */
EFFNET_API const char *effnet_dataset_get_label(const effnet_dataset *dataset, size_t index);

/** Writes how many pictures of a part show each class or label to counts [outputs]; 0s for values. */
EFFNET_API void effnet_dataset_count(const effnet_dataset *dataset, effnet_part part, size_t *counts);

/** Picture number `index` of a part; false past the end. */
EFFNET_API bool effnet_dataset_get_item(const effnet_dataset *dataset, effnet_part part, size_t index,
                                        effnet_dataset_item *item);

/** effnet_model_prepare_image for picture number `index` of a part: out is [height][width][channels] of the
 * model's network; info may be NULL. Messages name the picture. */
EFFNET_API effnet_status effnet_dataset_prepare(const effnet_dataset *dataset, effnet_part part, size_t index,
                                                const effnet_model *model,
                                                const effnet_image_options *options, float *out,
                                                effnet_image_info *info, effnet_error *error);

/** Called for each picture that cannot be read. */
typedef void effnet_dataset_report(void *context, const char *path, const char *message);

/** Decodes every picture of a part on `threads` threads (0: as a session) and reports those that fail, in
 * order, from the calling thread; *bad is how many. Fails only for memory and threads. */
EFFNET_API effnet_status effnet_dataset_verify(const effnet_dataset *dataset, effnet_part part, int threads,
                                               const effnet_image_options *options,
                                               effnet_dataset_report *report, void *context, size_t *bad,
                                               effnet_error *error);

/* ---- Several processes
 * ------------------------------------------------------------------------------------------------- */

/** The processes, on one machine or many, that train one network together. Each is a rank, numbered from 0.
 * All call the same functions of effnet_trainer in the same order; an error on one of them is an error on
 * all, and names it. */
typedef struct effnet_ranks effnet_ranks;

/** All zero: the defaults in brackets. */
typedef struct effnet_ranks_options {
    double patience; /**< seconds of silence after which a rank is lost [30] */
    void (*lost)(void *context, const char *message); /**< called once, from another thread, if one is: the
                                                         calls under way may take long to notice, and the
                                                         process may end right here; may be NULL */
    void *context;
} effnet_ranks_options;

/** Makes this process, which mpirun or srun has started beside others, a rank. Open MPI is loaded for it, so
 * call it once, before anything that takes long. EFFNET_ERR_MISSING if it is not there. */
EFFNET_API effnet_status effnet_ranks_join(effnet_ranks **out, const effnet_ranks_options *options,
                                           effnet_error *error);

/** Waits until all ranks leave, and frees `ranks`, after the trainer that uses it. `why` is NULL if the work
 * is done, else what the others, for whom it is over too, are told. */
EFFNET_API void effnet_ranks_leave(effnet_ranks *ranks, const effnet_error *why);

/** 0 and 1 for NULL. */
EFFNET_API int effnet_ranks_number(const effnet_ranks *ranks);
EFFNET_API int effnet_ranks_count(const effnet_ranks *ranks);

/** Writes Open MPI's version; false, and "", where it is missing. */
EFFNET_API bool effnet_ranks_version(char *out, size_t size);

/* ---- Training
 * ------------------------------------------------------------------------------------------------- */

typedef enum effnet_optimizer {
    EFFNET_RMSPROP = 0, /**< as TensorFlow has it, decay 0.9, momentum 0.9, epsilon 1e-3: the source's */
    EFFNET_SGD,         /**< momentum 0.9, Nesterov */
    EFFNET_ADAMW,       /**< 0.9, 0.999, 1e-8 */
} effnet_optimizer;

typedef enum effnet_schedule {
    EFFNET_STEPPED = 0, /**< times decay_factor every decay_epochs: the paper's */
    EFFNET_EXPONENTIAL, /**< the same curve without stairs */
    EFFNET_COSINE,      /**< to 0 at the last step */
    EFFNET_CONSTANT,
} effnet_schedule;

/** What is held between forward and backward. */
typedef enum effnet_keep {
    EFFNET_KEEP_AUTO = 0, /**< keep what makes it fast if that fits into max_bytes */
    EFFNET_KEEP_ALL,
    EFFNET_KEEP_LEAST, /**< make hidden tensors a second time instead of keeping them */
} effnet_keep;

/** How to train. All zero: the defaults in brackets, which are the paper's; a negative rate or number means
 * none of it. */
typedef struct effnet_trainer_options {
    const char *folder; /**< of the run: log.csv, last.ckpt, previous.ckpt, best.safetensors; it must exist;
                           NULL: nothing is written */
    int epochs;         /**< with all weights [100]; negative: none, only head_epochs */
    int head_epochs;    /**< before these, with the classifier alone [0] */
    int batch;          /**< images of a step, on each rank [32] */
    int passes;         /**< in which they are run one after the other, to save memory [1] */
    int epoch_steps;    /**< of an epoch where the caller brings the batches [1000]; otherwise the data say */
    effnet_optimizer optimizer;
    double learning_rate; /**< [RMSprop 0.016 per 256 images, as the paper; SGD 0.1, AdamW 0.001 per 256] */
    double head_rate;     /**< for head_epochs [ten times learning_rate] */
    double momentum;      /**< [0.9] */
    double weight_decay;  /**< not of batch norm and biases [1e-5] */
    double clip;          /**< the most that the gradient's norm may be [none] */
    effnet_schedule schedule;
    double decay_factor;    /**< [0.97] */
    double decay_epochs;    /**< [2.4] */
    double warmup_epochs;   /**< linear from 0 [5, at most a tenth of epochs] */
    double label_smoothing; /**< [0.1] */
    double averaging;       /**< decay of the moving average of weights, itself warmed up [0.9999] */
    const char *augment;    /**< docs/data.md [small for inputs of up to 64 pixels, otherwise photos] */
    bool balance;      /**< classes count the same: each by pictures / (classes x its pictures), and a step's
                          loss is divided by the sum over its pictures, as PyTorch's cross_entropy does */
    bool freeze_norms; /**< batch norm keeps the running statistics that it has */
    uint64_t seed;
    int threads; /**< 0: the cores that this process may use */
    effnet_level level;
    effnet_keep keep;
    uint64_t max_bytes;  /**< that the run may take; more is refused before anything is allocated [nine tenths
                            of the machine's memory] */
    double save_seconds; /**< between checkpoints inside an epoch [600]; one is written at the end of each */
    uint64_t cache_bytes; /**< of decoded pictures to keep, beside those of the plan, as far as max_bytes
                             leaves room [none] */
    effnet_dataset_report *report; /**< called for each picture that cannot be read, once, by the thread that
                                      drives the trainer; more than one in a hundred end the run [NULL] */
    void *report_context;
    effnet_image_options images;
    effnet_ranks *ranks; /**< that train together, each with its share of the pictures; must outlive the
                            trainer. Rank 0 writes the folder. NULL: this process alone */
    int (*stop)(
        void *context); /**< asked at the end of each piece of work: what one rank answers, the largest
                           number, comes back as effnet_progress.stop on all; NULL: nobody is asked */
    void *stop_context;
} effnet_trainer_options;

typedef struct effnet_trainer effnet_trainer;

/** What was chosen, and what it takes. */
typedef struct effnet_trainer_info {
    uint64_t parameters; /**< that are trained, at most */
    uint64_t bytes;      /**< of memory, planned before the first step */
    effnet_keep keep;
    int epochs; /**< in all */
    int batch;  /**< images of a step on each rank: all ranks' at most those of the training part */
    int ranks;
    uint64_t steps; /**< of an epoch */
    double learning_rate, head_rate;
    const char *augment; /**< as in the options; the trainer's */
    const char *level;   /**< of the kernels */
    int threads;
} effnet_trainer_info;

/** Bytes that training takes, exactly as effnet_trainer_create plans and asks for them. Not in it: what
 * effnet_memory leaves out, pictures that are being decoded, the data set's names, the copy of the
 * weights that is written at the end of an epoch, and messages between ranks. */
typedef struct effnet_training_memory {
    uint64_t arrays; /**< weights, their average, gradients, what the optimizer keeps of each, logits */
    uint64_t step;   /**< what forward leaves for backward, and what both work in */
    uint64_t
        pictures; /**< two batches, where the trainer has a data set; none where the caller brings them */
    uint64_t total;
    effnet_keep keep; /**< what `options.keep` comes to: what AUTO chooses within max_bytes */
} effnet_training_memory;

/** What a trainer of a model of `network` with a data set would take with these options, at the network's
 * size, without asking for it. Nothing is refused for being too much. The network must have a classifier. */
EFFNET_API effnet_status effnet_network_get_training_memory(const effnet_network *network,
                                                            const effnet_trainer_options *options,
                                                            effnet_training_memory *memory,
                                                            effnet_error *error);

/** Where a run is. Rates are of one image; averages are over the epoch so far. */
typedef struct effnet_progress {
    int epoch;            /**< from 0 */
    uint64_t step, steps; /**< steps done of the epoch; while evaluating, of the evaluation */
    bool evaluating;
    bool done;                     /**< nothing is left to do */
    bool epoch_ended;              /**< with this call, and what follows is of it */
    bool improved;                 /**< best.safetensors is of this epoch */
    double learning_rate;          /**< of the last step */
    double train_loss, train_top1; /**< labels: the share of answers that are right; values: the squared error
                                      as a share of their variance in the training part, and NaN */
    double val_loss, val_top1, ema_loss, ema_top1; /**< NaN where there is none; top1 also with values */
    double images_per_second, seconds;             /**< of training; since the beginning of the run */
    uint64_t skipped;   /**< steps whose loss or gradient was not finite: nothing was changed */
    int stop;           /**< what effnet_trainer_options.stop has answered, on any rank */
    const char *notice; /**< what happened that the user should know, "" if nothing; until the next call */
} effnet_progress;

/** Plans a run that begins with the weights of `model`, whose classifier has an output for each class, label
 * or value of `data`. Both must outlive the trainer and do not change. EFFNET_ERR_LIMIT names the batch that
 * would fit if the memory does not suffice. `data` may be NULL: then the caller brings the batches
 * (effnet_trainer_step_on), nothing is evaluated, and the outputs are the classes of `model`. */
EFFNET_API effnet_status effnet_trainer_create(effnet_trainer **out, const effnet_model *model,
                                               const effnet_dataset *data,
                                               const effnet_trainer_options *options, effnet_error *error);
EFFNET_API void effnet_trainer_free(effnet_trainer *trainer);
EFFNET_API void effnet_trainer_get_info(const effnet_trainer *trainer, effnet_trainer_info *info);

/** Goes on where the newest sound checkpoint of the folder stands, with the same bits as if the run had never
 * been interrupted. *notice (may be NULL) is "" or why it is not the newest one. EFFNET_ERR_NOT_FOUND if
 * there is none, EFFNET_ERR_MISMATCH if it is of other options, data or another network. */
EFFNET_API effnet_status effnet_trainer_resume(effnet_trainer *trainer, const char **notice,
                                               effnet_error *error);

/** Does the next piece of work, a step of training or a batch of evaluation, and at the end of an epoch
 * writes log, checkpoint and, if it is the best one, the model. Between two calls the run may be saved or
 * left. */
EFFNET_API effnet_status effnet_trainer_step(effnet_trainer *trainer, effnet_progress *progress,
                                             effnet_error *error);

/** The same for a trainer without data: one step of training on images [count][height][width][channels] of
 * the model's network, normalised, of classes [count]. count is at most options.batch. A run that is resumed
 * goes on with the batch of step progress->step of epoch progress->epoch, which only the caller can bring
 * again. */
EFFNET_API effnet_status effnet_trainer_step_on(effnet_trainer *trainer, const float *images,
                                                const int *classes, size_t count, effnet_progress *progress,
                                                effnet_error *error);

/** Writes a checkpoint now. */
EFFNET_API effnet_status effnet_trainer_save(effnet_trainer *trainer, effnet_error *error);

/** A model of the present weights, or of their moving average, with the data's task and labels. */
EFFNET_API effnet_status effnet_trainer_get_model(const effnet_trainer *trainer, bool averaged,
                                                  effnet_model **out, effnet_error *error);

/* ---- The search for alpha, beta and gamma
 * ------------------------------------------------------------------------------------------------ */

/** Values from least to most, by the step of the options. Both 0: the default. */
typedef struct effnet_range {
    double least, most;
} effnet_range;

/** Which alpha, beta and gamma to try (Tan and Le, EfficientNet, 2019, section 3.3, step 1), and how each is
 * trained. All zero: the defaults in brackets. */
typedef struct effnet_search_options {
    effnet_range alpha;       /**< [1 to 2] */
    effnet_range beta, gamma; /**< [1 to 1.5] */
    double step;              /**< [0.1] */
    double tolerance;         /**< the growth of multiply-adds must be less than this from 2 [0.1] */
    bool by_macs; /**< growth is that of the network's real multiply-adds, not alpha beta^2 gamma^2, of which
                     rounding makes something else */
    int multiple; /**< resolutions are rounded to the nearest multiple of this; 0: to whole pixels */
    int seeds;    /**< trainings of each network; the first has training.seed, the next one more [1] */
    bool halving; /**< successive halving: short trainings first, of which the best third goes on; controls
                     and the published go through all of it */
    double seconds; /**< train each so long, up to the end of an epoch, instead of training.epochs [no] */
    int group;      /**< ranks that train one network together, each with its part of training.batch, which
                       must be a multiple of it; needs effnet_search_run_options.ranks [1] */
    const char *recipe;              /**< "key=value,..." over the recipe of fresh weights; no size */
    effnet_trainer_options training; /**< the same for all; folder, threads, head_epochs and ranks are not
                                        used, max_bytes is of all workers together */
} effnet_search_options;

typedef enum effnet_candidate_kind {
    EFFNET_CANDIDATE_GRID = 0,
    EFFNET_CANDIDATE_CONTROL,   /**< the baseline, and each dimension scaled alone to twice the cost */
    EFFNET_CANDIDATE_PUBLISHED, /**< 1.2, 1.1, 1.15 */
} effnet_candidate_kind;

/** "grid", "control", "published". Never NULL. */
EFFNET_API const char *effnet_candidate_kind_name(effnet_candidate_kind kind);

/** What is told of a candidate that was not trained yet is NaN or 0. */
typedef struct effnet_candidate {
    effnet_candidate_kind kind;
    const char *strategy; /**< "baseline", "depth", "width", "resolution", "compound" */
    double alpha, beta, gamma;
    double product; /**< alpha beta^2 gamma^2 */
    double growth;  /**< multiply-adds over the baseline's */
    uint64_t macs, parameters;
    int height, width; /**< of the input */
    size_t same_as;    /**< the first candidate that is the same network, after rounding; its own number if it
                          is the first: only these are trained */
    double estimated_seconds; /**< of one training; NaN until effnet_search_estimate */
    size_t rank;              /**< from 1; 0 if it was not trained, or failed */
    size_t rung;      /**< that it got to, from 0; those of a later one rank before those of an earlier one */
    double accuracy;  /**< top-1 of the validation part: the mean of all seeds */
    double spread;    /**< of the seeds: their standard deviation (n - 1); NaN with one seed */
    double loss;      /**< mean of the seeds */
    double seconds;   /**< that it was trained, all seeds together */
    double behind;    /**< the best one's accuracy over this one's; NaN if it is of an earlier rung */
    double low, high; /**< ... and 95 % of a paired bootstrap over pictures (and seeds) of it */
    double p;         /**< that chance makes such a difference, two-sided */
    bool apart;       /**< the data tell it from the best one: p at 5 %, by Holm's correction for all */
    const char *note; /**< why it failed; "" if it did not */
} effnet_candidate;

typedef struct effnet_search effnet_search;

typedef struct effnet_search_info {
    size_t points;            /**< of the grid */
    size_t survivors;         /**< of these, the ones that meet the constraint */
    size_t candidates;        /**< controls, published and survivors */
    size_t networks;          /**< that differ */
    size_t rungs;             /**< of halving; 1 without */
    int seeds, epochs;        /**< of a whole training */
    size_t tasks;             /**< trainings, each rung of one counted by itself; done and in all */
    size_t tasks_done;        /**< of these */
    double share_done;        /**< of the work, by multiply-adds; from 0 to 1 */
    double estimated_seconds; /**< of the whole search on one worker; NaN until estimated */
    const char *notice;       /**< what the user should know; "" if nothing */
} effnet_search_info;

/** Lists what a search would try: `base` (which is not kept) scaled by each candidate. `data` must be of
 * classes with a validation part, as many as `base` has, and outlive the search; NULL: candidates can be
 * listed only. EFFNET_ERR_ARGUMENT for a grid or a tolerance that leaves nothing. */
EFFNET_API effnet_status effnet_search_create(effnet_search **out, const effnet_network *base,
                                              const effnet_dataset *data,
                                              const effnet_search_options *options, effnet_error *error);
EFFNET_API void effnet_search_free(effnet_search *search);
EFFNET_API void effnet_search_get_info(const effnet_search *search, effnet_search_info *info);

/** Candidate number `index`: baseline, depth, width, resolution, the published, then the grid with gamma
 * running fastest. False past the end. */
EFFNET_API bool effnet_search_get_candidate(const effnet_search *search, size_t index, effnet_candidate *out);

/** Trains the cheapest and the dearest network for some steps, on one thread, to tell how long all will take.
 */
EFFNET_API effnet_status effnet_search_estimate(effnet_search *search, effnet_error *error);

/** Told of a search by the process that runs it: when candidate number `candidate` has ended a rung, and
 * otherwise, with SIZE_MAX, several times a second. */
typedef void effnet_search_watch(void *context, const effnet_search *search, size_t candidate);

/** Asked between steps, in each worker too: true ends the search with its state saved. */
typedef bool effnet_search_stop(void *context);

/** How to run a search. */
typedef struct effnet_search_run_options {
    const char *folder; /**< of the run, which must exist: search.log, the state; candidates/NUMBER-SEED, a
                           run of the trainer each, whose checkpoints go when it is over */
    bool resume;        /**< go on with the search in it; otherwise there must be none */
    int workers; /**< processes, each of one thread; 0: the cores that this process may use; 1: none but
                    this. More are forked: the calling process must have no other threads then. */
    bool ranks; /**< this process is one of several that mpirun has started, on one machine or many that share
                   the folder: rank 0 hands out, the others train, alone or in groups, and workers says how
                   many are on this machine, for the memory. Only rank 0 has results. */
    double patience;            /**< seconds after which a rank that says nothing is given up [120] */
    effnet_search_watch *watch; /**< or NULL */
    effnet_search_stop *stop;   /**< or NULL */
    void *context;
} effnet_search_run_options;

/** Trains what is to be trained and ranks it; at once if all is done. *stopped says whether stop ended it.
 * What is interrupted in any way, also by the death of workers or of this process, goes on with resume where
 * it was; a network that cannot be trained is a result like others. EFFNET_ERR_CREATE if a search is in the
 * folder or at work in it, EFFNET_ERR_MISMATCH if it is another one. */
EFFNET_API effnet_status effnet_search_run(effnet_search *search, const effnet_search_run_options *options,
                                           bool *stopped, effnet_error *error);

/* ---- Files
 * ---------------------------------------------------------------------------------------------------- */

enum { EFFNET_MAX_RANK = 8 };

/** A named float32 array, row-major. */
typedef struct effnet_array {
    const char *name;
    int rank;
    size_t shape[EFFNET_MAX_RANK];
    float *data;
} effnet_array;

/** Reads a .npy file (standard input if `path` is "-") of float32 (little-endian, C or Fortran order) into
 * `out`, to be freed with effnet_array_free. */
EFFNET_API effnet_status effnet_array_load(effnet_array *out, const char *path, effnet_error *error);
EFFNET_API void effnet_array_free(effnet_array *array);

/** Writes arrays to .npy (one), .npz or .safetensors, by the suffix of `path`; whole or not at all. */
EFFNET_API effnet_status effnet_array_save(const char *path, const effnet_array *arrays, size_t count,
                                           effnet_error *error);

/** Arrays that grow by rows while they are written, in memory that does not depend on how many. */
typedef struct effnet_array_writer effnet_array_writer;

/** Begins what effnet_array_save would write to `path`; of each array name, rank (from 1) and shape[1]...
 * count. Rows wait in nameless files in the folder of `path` until effnet_array_writer_save, so the disk
 * needs room for them twice. */
EFFNET_API effnet_status effnet_array_writer_create(effnet_array_writer **out, const char *path,
                                                    const effnet_array *arrays, size_t count,
                                                    effnet_error *error);

/** Appends `row_count` rows to each array: rows[i] is [row_count][shape[1]]... of array i. After a failure
 * the writer can only be freed. */
EFFNET_API effnet_status effnet_array_writer_append(effnet_array_writer *writer, const float *const *rows,
                                                    size_t row_count, effnet_error *error);

/** Writes the file with all rows so far; whole or not at all. */
EFFNET_API effnet_status effnet_array_writer_save(const effnet_array_writer *writer, effnet_error *error);
EFFNET_API void effnet_array_writer_free(effnet_array_writer *writer);

/** Reads a file, or standard input if `path` is "-", into a malloc'd block that the caller frees. More than
 * `limit` bytes is EFFNET_ERR_LIMIT; what is not a regular file is refused. */
EFFNET_API effnet_status effnet_file_read(void **out, size_t *size, const char *path, size_t limit,
                                          effnet_error *error);

/** Replaces `path` with `size` bytes, whole or not at all. */
EFFNET_API effnet_status effnet_file_write(const char *path, const void *data, size_t size,
                                           effnet_error *error);

enum { EFFNET_SHA256_SIZE = 65 };

/** The SHA-256 of a file in lower-case hexadecimal. */
EFFNET_API effnet_status effnet_file_sha256(char out[EFFNET_SHA256_SIZE], const char *path,
                                            effnet_error *error);

/* ---- What there is
 * -------------------------------------------------------------------------------------------- */

enum { EFFNET_CHECKPOINT_FILES = 2 };

/** One file that holds a published checkpoint; all are NULL past the last. */
typedef struct effnet_checkpoint_file {
    const char *name;   /**< what it is called on disk */
    const char *url;    /**< where its publisher keeps it; "" where it comes in a package */
    const char *sha256; /**< the whole, or the leading digits that its publisher prints; "" if none */
} effnet_checkpoint_file;

/** A published checkpoint that effnet knows. All strings are constants. */
typedef struct effnet_checkpoint {
    const char *name;
    const char *arch;
    const char *dialect;
    const char *origin; /**< the source that publishes it */
    const char *recipe;
    effnet_checkpoint_file files[EFFNET_CHECKPOINT_FILES];
} effnet_checkpoint;

/** Checkpoint number `index`; false past the end. */
EFFNET_API bool effnet_checkpoint_get(size_t index, effnet_checkpoint *out);

typedef struct effnet_system {
    char cpu[64];
    effnet_level level; /**< the best here */
    int cores;          /**< that this process may use */
} effnet_system;

EFFNET_API void effnet_system_get(effnet_system *out);

/** "ref", "avx2", ...; and back, false if there is none of that name or it cannot run here. */
EFFNET_API const char *effnet_level_name(effnet_level level);
EFFNET_API bool effnet_level_parse(const char *name, effnet_level *out);

/** Kernel number `index` of a level: the operation and the kernel that serves it; false past the end. */
EFFNET_API bool effnet_kernel_get(effnet_level level, size_t index, const char **operation,
                                  const char **kernel);

/** Measures, for a tenth of a second, what `threads` threads (0: as a session) reach at `level` with
 * multiply-adds in registers alone: *gflops is billions of float32 operations a second, a multiply-add being
 * two. No network can be faster than its multiply-adds take at that speed. */
EFFNET_API effnet_status effnet_measure_peak(double *gflops, effnet_level level, int threads,
                                             effnet_error *error);

/** A library that effnet stands on, and the version that is linked now. */
typedef struct effnet_library {
    const char *name;
    char version[32];
} effnet_library;

/** Library number `index`; false past the end. */
EFFNET_API bool effnet_library_get(size_t index, effnet_library *out);

#ifdef __cplusplus
}
#endif
#endif
