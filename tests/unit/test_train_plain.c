/* SPDX-License-Identifier: Apache-2.0
 *
 * Every operation of the training reference against central differences in double, each element of each
 * input and parameter, within 1e-6; and what differences cannot see: the slopes at kinks, that derivatives of
 * parameters are added, and the running statistics.
 */
#include "train/reference/plain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "differences.h"

static const double tolerance = 1e-6, step = 1e-3;

/* An operation's arrays; what an operation does not have stays NULL. */
typedef struct trial {
    net_conv conv;
    net_activation activation;
    size_t n, pixels, channels, in, out;
    bool constant;
    size_t x_count, w_count, b_count, y_count;
    double *x, *w, *b, *y, *dy;
    double *dx, *dw, *db;
    double *mean, *variance;
} trial;

static double *numbers(size_t count, uint64_t key)
{
    double *values = calloc(count + 1, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = rng_normal(key, i);
    return values;
}

static void trial_fill(trial *t, size_t x, size_t w, size_t b, size_t y)
{
    t->x_count = x;
    t->w_count = w;
    t->b_count = b;
    t->y_count = y;
    t->x = numbers(x, 1);
    t->w = numbers(w, 2);
    t->b = numbers(b, 3);
    t->dy = numbers(y, 4);
    t->y = numbers(y, 5);
    t->dx = numbers(x, 6); /* to be overwritten */
    t->dw = calloc(w + 1, sizeof *t->dw);
    t->db = calloc(b + 1, sizeof *t->db);
    assert_true(t->dw && t->db);
}

static void trial_free(trial *t)
{
    double *const arrays[] = {t->x, t->w, t->b, t->dy, t->y, t->dx, t->dw, t->db, t->mean, t->variance};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]);
}

/* The loss of a trial whose y is made: any linear function of it. */
static double dot(const trial *t)
{
    double sum = 0;
    for (size_t i = 0; i < t->y_count; i++)
        sum += t->dy[i] * t->y[i];
    return sum;
}

static void trial_check(trial *t, const char *what, differences_loss loss)
{
    char name[128];
    const struct {
        const char *name;
        double *values, *derivative;
        size_t count;
    } parts[] = {
        {"x", t->x, t->dx, t->x_count}, {"w", t->w, t->dw, t->w_count}, {"b", t->b, t->db, t->b_count}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].count == 0) continue;
        snprintf(name, sizeof name, "%s: d%s", what, parts[i].name);
        differences_check(name, parts[i].values, parts[i].derivative, parts[i].count, step, tolerance, loss,
                          t);
    }
}

/* ---- Convolutions ---- */

static net_conv make_conv(bool depthwise, int in, int out, int kernel, int stride, int height, int width,
                          bool same)
{
    net_conv c = {.depthwise = depthwise,
                  .in = in,
                  .out = out,
                  .kernel = kernel,
                  .stride = stride,
                  .in_height = height,
                  .in_width = width};
    if (same) { /* TensorFlow: ceil(in / stride), the smaller part of the padding first */
        c.out_height = (height + stride - 1) / stride;
        c.out_width = (width + stride - 1) / stride;
        const int rows = (c.out_height - 1) * stride + kernel - height;
        const int columns = (c.out_width - 1) * stride + kernel - width;
        c.pad_top = rows > 0 ? rows / 2 : 0;
        c.pad_left = columns > 0 ? columns / 2 : 0;
    } else {
        c.pad_top = c.pad_left = kernel / 2;
        c.out_height = (height + 2 * (kernel / 2) - kernel) / stride + 1;
        c.out_width = (width + 2 * (kernel / 2) - kernel) / stride + 1;
    }
    return c;
}

static double conv_loss(void *context)
{
    trial *t = context;
    (t->conv.depthwise ? plain_depthwise_forward : plain_dense_forward)(&t->conv, t->n, t->w, t->x, t->y);
    return dot(t);
}

static void check_conv(net_conv conv, const char *what)
{
    trial t = {.conv = conv, .n = 2};
    const size_t in = (size_t)conv.in, out = (size_t)conv.out, area = (size_t)(conv.kernel * conv.kernel);
    trial_fill(&t, t.n * in * (size_t)conv.in_height * (size_t)conv.in_width,
               area * out * (conv.depthwise ? 1 : in), 0,
               t.n * out * (size_t)conv.out_height * (size_t)conv.out_width);
    (conv.depthwise ? plain_depthwise_backward : plain_dense_backward)(&conv, t.n, t.w, t.x, t.dy, t.dw,
                                                                       t.dx);
    trial_check(&t, what, conv_loss);
    /* Once more, without dx: parameters' derivatives are added, and dx stays. */
    double *once = numbers(t.w_count, 0);
    memcpy(once, t.dw, t.w_count * sizeof *once);
    (conv.depthwise ? plain_depthwise_backward : plain_dense_backward)(&conv, t.n, t.w, t.x, t.dy, t.dw,
                                                                       NULL);
    for (size_t i = 0; i < t.w_count; i++)
        assert_true(fabs(t.dw[i] - 2 * once[i]) <= 1e-12 * (1 + fabs(once[i])));
    free(once);
    trial_free(&t);
}

static void test_convolutions(void **state)
{
    (void)state;
    static const struct {
        int in, out, kernel, stride, height, width;
    } shapes[] = {{3, 4, 3, 2, 7, 6}, {1, 2, 3, 1, 5, 4}, {4, 3, 5, 2, 6, 9},
                  {4, 4, 3, 2, 2, 1}, {2, 2, 7, 1, 4, 5}, {5, 3, 1, 1, 3, 2}};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int same = 0; same < 2; same++) {
            const int in = shapes[i].in, out = shapes[i].out, kernel = shapes[i].kernel;
            char name[64];
            snprintf(name, sizeof name, "shape %zu, %s padding", i, same ? "TensorFlow's" : "symmetric");
            check_conv(
                make_conv(false, in, out, kernel, shapes[i].stride, shapes[i].height, shapes[i].width, same),
                name);
            check_conv(
                make_conv(true, in, in, kernel, shapes[i].stride, shapes[i].height, shapes[i].width, same),
                name);
        }
}

/* ---- Batch norm ---- */

static plain_norm norm_of(const trial *t)
{
    return (plain_norm){.rows = t->n,
                        .channels = t->channels,
                        .epsilon = 1e-3,
                        .weight = t->w,
                        .bias = t->b,
                        .mean = t->mean,
                        .variance = t->variance};
}

static double norm_loss(void *context)
{
    trial *t = context;
    const plain_norm norm = norm_of(t);
    if (!t->constant) plain_norm_measure(t->n, t->channels, t->x, t->mean, t->variance);
    plain_norm_forward(&norm, t->x, t->y);
    return dot(t);
}

static void check_norm(bool constant)
{
    trial t = {.n = 9, .channels = 5, .constant = constant};
    trial_fill(&t, 45, 5, 5, 45);
    t.mean = numbers(5, 8);
    t.variance = numbers(5, 9);
    for (size_t c = 0; c < 5; c++)
        t.variance[c] = 0.5 + fabs(t.variance[c]);
    norm_loss(&t);
    const plain_norm norm = norm_of(&t);
    plain_norm_backward(&norm, constant, t.x, t.dy, t.dw, t.db, t.dx);
    trial_check(&t, constant ? "frozen norm" : "norm", norm_loss);
    /* In place. */
    norm_loss(&t);
    plain_norm_backward(&norm, constant, t.x, t.dy, NULL, NULL, t.dy);
    assert_memory_equal(t.dy, t.dx, 45 * sizeof *t.dx);
    trial_free(&t);
}

static void test_batch_norm(void **state)
{
    (void)state;
    check_norm(false);
    check_norm(true);
}

/* Of 1, 2, 3, 6: mean 3, biased variance 3.5, unbiased 14 / 3. */
static void test_statistics(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 6};
    double mean, variance, running_mean = 1, running_variance = 1;
    plain_norm_measure(4, 1, x, &mean, &variance);
    assert_true(mean == 3 && variance == 3.5);
    plain_norm_update(4, 1, 0.25, &mean, &variance, &running_mean, &running_variance);
    assert_true(fabs(running_mean - 1.5) < 1e-15);
    assert_true(fabs(running_variance - (0.75 + 0.25 * 14 / 3)) < 1e-15);
    plain_norm_measure(1, 1, x, &mean, &variance); /* one row has no variance */
    plain_norm_update(1, 1, 1, &mean, &variance, &running_mean, &running_variance);
    assert_true(running_mean == 1 && running_variance == 0);
}

/* ---- Activations ---- */

static double activation_loss(void *context)
{
    trial *t = context;
    plain_activation_forward(t->activation, t->x_count, t->x, t->y);
    return dot(t);
}

/* Keeps away from where slopes jump, further than differences reach. */
static void leave_kinks(trial *t)
{
    static const double kinks[] = {-3, 0, 3, 6};
    for (size_t i = 0; i < t->x_count; i++)
        for (size_t k = 0; k < sizeof kinks / sizeof kinks[0]; k++)
            if (fabs(t->x[i] - kinks[k]) < 3 * step) t->x[i] += 6 * step;
}

static void test_activations(void **state)
{
    (void)state;
    for (net_activation kind = NET_SWISH; kind <= NET_HARD_SWISH; kind++) {
        trial t = {.activation = kind};
        trial_fill(&t, 200, 0, 0, 200);
        for (size_t i = 0; i < t.x_count; i++)
            t.x[i] *= 4;
        leave_kinks(&t);
        plain_activation_backward(kind, t.x_count, t.x, t.dy, t.dx);
        trial_check(&t, net_activation_name(kind), activation_loss);
        trial_free(&t);
    }
}

/* As PyTorch has them (torch.nn.functional relu6, relu, hardswish, backward at these points). */
static void test_kinks(void **state)
{
    (void)state;
    static const struct {
        net_activation kind;
        double x, slope;
    } cases[] = {{NET_RELU6, 0, 0},       {NET_RELU6, 6, 0},      {NET_RELU6, 3, 1}, {NET_RELU, 0, 0},
                 {NET_HARD_SWISH, -3, 0}, {NET_HARD_SWISH, 3, 1}, {NET_RELU, 9, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double dy = 2;
        double dx;
        plain_activation_backward(cases[i].kind, 1, &cases[i].x, &dy, &dx);
        assert_true(dx == 2 * cases[i].slope);
    }
}

/* Far from 0 a Swish is 0 or x, and a slope 0 or 1, never NaN. */
static void test_far_away(void **state)
{
    (void)state;
    const double x[] = {-1e300, -800, 800, 1e300}, dy[] = {1, 1, 1, 1};
    const double slopes[] = {0, 0, 1, 1};
    double y[4], dx[4];
    plain_activation_forward(NET_SWISH, 4, x, y);
    plain_activation_backward(NET_SWISH, 4, x, dy, dx);
    for (size_t i = 0; i < 4; i++) {
        assert_true(y[i] == (x[i] > 0 ? x[i] : 0));
        assert_true(dx[i] == slopes[i]);
    }
}

static double sigmoid_loss(void *context)
{
    trial *t = context;
    plain_sigmoid_forward(t->x_count, t->x, t->y);
    return dot(t);
}

static void test_sigmoid(void **state)
{
    (void)state;
    trial t = {0};
    trial_fill(&t, 40, 0, 0, 40);
    sigmoid_loss(&t);
    plain_sigmoid_backward(40, t.y, t.dy, t.dx);
    trial_check(&t, "sigmoid", sigmoid_loss);
    trial_free(&t);
}

/* ---- Vectors and planes ---- */

static double pool_loss(void *context)
{
    trial *t = context;
    plain_pool_forward(t->n, t->pixels, t->channels, t->x, t->y);
    return dot(t);
}

static void test_pool(void **state)
{
    (void)state;
    trial t = {.n = 2, .pixels = 6, .channels = 3};
    trial_fill(&t, 36, 0, 0, 6);
    memset(t.dx, 0, 36 * sizeof *t.dx); /* it is added to */
    plain_pool_backward(2, 6, 3, t.dy, t.dx);
    trial_check(&t, "pool", pool_loss);
    trial_free(&t);
}

static double linear_loss(void *context)
{
    trial *t = context;
    plain_linear_forward(t->n, t->in, t->out, t->w, t->b, t->x, t->y);
    return dot(t);
}

static void test_linear(void **state)
{
    (void)state;
    trial t = {.n = 3, .in = 5, .out = 4};
    trial_fill(&t, 15, 20, 4, 12);
    plain_linear_backward(3, 5, 4, t.w, t.x, t.dy, t.dw, t.db, t.dx);
    trial_check(&t, "linear", linear_loss);
    plain_linear_backward(3, 5, 4, t.w, t.x, t.dy, NULL, NULL, NULL); /* nothing is wanted */
    trial_free(&t);
}

/* w is the gate. */
static double gate_loss(void *context)
{
    trial *t = context;
    plain_gate_forward(t->n, t->pixels, t->channels, t->w, t->x, t->y);
    return dot(t);
}

static void test_gate(void **state)
{
    (void)state;
    trial t = {.n = 2, .pixels = 4, .channels = 3};
    trial_fill(&t, 24, 6, 0, 24);
    plain_gate_backward(2, 4, 3, t.w, t.x, t.dy, t.dw, t.dx);
    trial_check(&t, "gate", gate_loss);
    trial_free(&t);
}

/* w is the scale of each row, which is drawn and not learnt. */
static double scale_loss(void *context)
{
    trial *t = context;
    plain_scale(t->n, t->channels, t->w, t->x, t->y);
    plain_add(t->y_count, t->x, t->y);
    return dot(t);
}

/* The branch and the residual beside it. */
static void test_scale_and_add(void **state)
{
    (void)state;
    trial t = {.n = 3, .channels = 4};
    trial_fill(&t, 12, 3, 0, 12);
    t.w_count = 0;
    t.w[1] = 0;
    plain_scale(3, 4, t.w, t.dy, t.dx);
    plain_add(12, t.dy, t.dx);
    trial_check(&t, "scale and add", scale_loss);
    trial_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_convolutions),  cmocka_unit_test(test_batch_norm),
        cmocka_unit_test(test_statistics),    cmocka_unit_test(test_activations),
        cmocka_unit_test(test_kinks),         cmocka_unit_test(test_far_away),
        cmocka_unit_test(test_sigmoid),       cmocka_unit_test(test_pool),
        cmocka_unit_test(test_linear),        cmocka_unit_test(test_gate),
        cmocka_unit_test(test_scale_and_add),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    print_message("largest difference %.1e\n", difference_worst);
    return failed;
}
