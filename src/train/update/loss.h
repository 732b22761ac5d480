/* SPDX-License-Identifier: Apache-2.0
 *
 * From logits and targets to a loss and its gradient: cross-entropy over softmax, binary cross-entropy over
 * sigmoids for pictures with any number of labels, mean squared error for regression. All of it in double,
 * image after image: it is a thousandth of a step.
 */
#ifndef TRAIN_UPDATE_LOSS_H
#define TRAIN_UPDATE_LOSS_H

#include <stddef.h>

/* Each is what the outputs of a network mean, too. */
typedef enum train_head {
    TRAIN_SOFTMAX, /* one class of many: -sum t log p */
    TRAIN_SIGMOID, /* each output yes or no: mean over outputs of -t log p - (1 - t) log(1 - p) */
    TRAIN_LINEAR,  /* values: mean over outputs of (x - t)^2 */
} train_head;

typedef struct train_loss {
    train_head head;
    size_t outputs;
    double smoothing; /* softmax: targets become (1 - s) t + s / outputs (Szegedy et al. 2016, as the source
                         has it); sigmoid: (1 - s) t + s / 2 (Keras); linear: none */
    const float *weights; /* [outputs] of each class's or output's terms; NULL: all 1. With softmax a picture
                             counts by the class it is of (train_loss_weight) */
    const float *centre,
        *spread; /* [outputs] linear: targets become (t - centre) / spread; NULL: they stay */
} train_loss;

/* What is true, for `count` images. Either values, or classes. */
typedef struct train_targets {
    const float *values; /* [count][outputs]: probabilities, 0 or 1, or numbers to be met; NULL: classes */
    const int *classes;  /* [count] */
    const int *others;   /* [count] the second class of mixed images; NULL: none is mixed */
    const float *shares; /* [count] of the first class in such; the second has the rest */
} train_targets;

/* Sums over images. */
typedef struct train_tally {
    double loss;
    double hits;  /* softmax: the best output is the best target; sigmoid: share of outputs on the right side
                     of 0; linear: 0 */
    double hits5; /* softmax: the best target is among the five best outputs */
    size_t images;
} train_tally;

/* What a step's sum of losses is divided by to be their mean: the number of images, or, where classes have
 * weights, the sum of the weights of the images' classes, as PyTorch's cross_entropy divides for class
 * numbers. A mixed image weighs as its classes do, in its shares of them, where PyTorch, which is given soft
 * targets then, divides by the number of images. */
double train_loss_weight(const train_loss *loss, const train_targets *targets, size_t count);

/* Adds to `tally` the loss of `count` images. dlogits [count][outputs], unless NULL, becomes `scale` times
 * the gradient of the sum: 1 / train_loss_weight of the whole step makes it the mean's. Logits that are not
 * finite give a loss that is not. */
void train_loss_run(const train_loss *loss, const train_targets *targets, const float *logits, size_t count,
                    double scale, float *dlogits, train_tally *tally);

#endif
