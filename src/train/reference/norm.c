/* SPDX-License-Identifier: Apache-2.0
 *
 * Batch norm (Ioffe and Szegedy 2015) and its derivative, with the batch's statistics or with constant ones.
 * step.h says which variance is used where.
 */
#include "train/reference/plain.h"

#include <math.h>

void plain_norm_measure(size_t rows, size_t channels, const double *x, double *mean, double *variance)
{
    for (size_t c = 0; c < channels; c++) {
        double sum = 0, squares = 0;
        for (size_t r = 0; r < rows; r++)
            sum += x[r * channels + c];
        mean[c] = sum / (double)rows;
        for (size_t r = 0; r < rows; r++) {
            const double centred = x[r * channels + c] - mean[c];
            squares += centred * centred;
        }
        variance[c] = squares / (double)rows;
    }
}

static double inverse_deviation(const plain_norm *norm, size_t c)
{
    return 1 / sqrt(norm->variance[c] + norm->epsilon);
}

void plain_norm_forward(const plain_norm *norm, const double *x, double *y)
{
    for (size_t c = 0; c < norm->channels; c++) {
        const double scale = norm->weight[c] * inverse_deviation(norm, c);
        for (size_t r = 0; r < norm->rows; r++) {
            const size_t i = r * norm->channels + c;
            y[i] = scale * (x[i] - norm->mean[c]) + norm->bias[c];
        }
    }
}

/* With h = (x - mean) / deviation over m rows: dbias = sum dy, dweight = sum dy h, and
 *   dx = weight / deviation (dy - dbias / m - h dweight / m),
 * the last two terms because mean and variance follow x; they are absent where these are constant. */
void plain_norm_backward(const plain_norm *norm, bool constant, const double *x, const double *dy,
                         double *dweight, double *dbias, double *dx)
{
    for (size_t c = 0; c < norm->channels; c++) {
        const double inverse = inverse_deviation(norm, c);
        double sum = 0, sum_h = 0;
        for (size_t r = 0; r < norm->rows; r++) {
            const size_t i = r * norm->channels + c;
            sum += dy[i];
            sum_h += dy[i] * (x[i] - norm->mean[c]) * inverse;
        }
        if (dbias) dbias[c] += sum;
        if (dweight) dweight[c] += sum_h;
        const double share = constant ? 0 : 1 / (double)norm->rows;
        for (size_t r = 0; dx && r < norm->rows; r++) {
            const size_t i = r * norm->channels + c;
            const double h = (x[i] - norm->mean[c]) * inverse;
            dx[i] = norm->weight[c] * inverse * (dy[i] - share * (sum + h * sum_h));
        }
    }
}

void plain_norm_update(size_t rows, size_t channels, double momentum, const double *mean,
                       const double *variance, double *running_mean, double *running_variance)
{
    const double unbiased = rows > 1 ? (double)rows / (double)(rows - 1) : 1;
    for (size_t c = 0; c < channels; c++) {
        running_mean[c] += momentum * (mean[c] - running_mean[c]);
        running_variance[c] += momentum * (variance[c] * unbiased - running_variance[c]);
    }
}
