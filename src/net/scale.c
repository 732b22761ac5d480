/* SPDX-License-Identifier: Apache-2.0
 *
 * See scale.h. How channels and repeats are rounded is net/arch's business; here a description's multipliers
 * and input size are multiplied.
 */
#include "net/scale.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const net_coefficients net_coefficients_paper = {1.2, 1.1, 1.15};

static effnet_status check_positive(const char *name, double value, effnet_error *error)
{
    if (value > 0 && isfinite(value)) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "%s is %g; wanted a finite number over 0", name, value);
}

effnet_status net_coefficients_check(const net_coefficients *c, effnet_error *error)
{
    TRY(check_positive("alpha", c->alpha, error));
    TRY(check_positive("beta", c->beta, error));
    return check_positive("gamma", c->gamma, error);
}

/* base^phi without the noise of the last bits: 1.1^2 is 1.21, and repeats are not rounded up for 2e-16. */
static double power(double base, double phi)
{
    const double exact = pow(base, phi), rounded = nearbyint(exact * 1e12) / 1e12;
    return exact > 1e-3 && exact < 1e3 ? rounded : exact;
}

effnet_status net_factors_at(net_factors *out, const net_coefficients *c, double phi, effnet_error *error)
{
    TRY(net_coefficients_check(c, error));
    if (!(fabs(phi) <= NET_MAX_PHI)) /* false for NaN */
        return error_set(error, EFFNET_ERR_ARGUMENT, "phi is %g; wanted -%d to %d", phi, NET_MAX_PHI,
                         NET_MAX_PHI);
    *out = (net_factors){power(c->alpha, phi), power(c->beta, phi), power(c->gamma, phi)};
    return EFFNET_OK;
}

double net_coefficients_product(const net_coefficients *c)
{
    return c->alpha * c->beta * c->beta * c->gamma * c->gamma;
}

double net_factors_growth(const net_factors *f)
{
    return f->depth * f->width * f->width * f->resolution * f->resolution;
}

double net_phi_of(double base, double factor)
{
    return base == 1 ? NAN : log(factor) / log(base);
}

/* A side of the input: the nearest multiple, as a double because it may be far too large. */
static double scaled_side(int side, double factor, int multiple)
{
    return floor(side * factor / multiple + 0.5) * multiple;
}

static effnet_status check_small_side(int side, double factor, int multiple, effnet_error *error)
{
    const double scaled = scaled_side(side, factor, multiple);
    if (scaled >= NET_MIN_SIZE) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "a resolution of %d times %g would be %g pixels; the smallest is %d", side, factor,
                     scaled, NET_MIN_SIZE);
}

/* The source never rounds to nothing, but a layer of less than one channel is not what was asked for. */
static effnet_status check_vanishing(const net_arch *arch, double factor, effnet_error *error)
{
    const double width = arch->width * factor;
    int least = arch->stem_scaling == NET_SCALED ? arch->stem : NET_MAX_CHANNELS;
    for (int i = 0; i < arch->stage_count; i++)
        if (arch->stages[i].out < least) least = arch->stages[i].out;
    if (least * width >= 1) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT,
                     "a width of %g would leave %g of %d channels; at least 1 must remain", width,
                     least * width, least);
}

static effnet_status check_factors(const net_factors *f, int multiple, effnet_error *error)
{
    TRY(check_positive("the factor of depth", f->depth, error));
    TRY(check_positive("the factor of width", f->width, error));
    TRY(check_positive("the factor of resolution", f->resolution, error));
    if (multiple >= 1 && multiple <= NET_MAX_SIZE) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_ARGUMENT, "the resolution's multiple is %d; wanted 1 to %d", multiple,
                     NET_MAX_SIZE);
}

effnet_status net_scale_check_small(const net_graph *base, const net_factors *f, int multiple,
                                    effnet_error *error)
{
    TRY(check_factors(f, multiple, error));
    TRY(check_small_side(base->height, f->resolution, multiple, error));
    TRY(check_small_side(base->width, f->resolution, multiple, error));
    return check_vanishing(&base->arch, f->width, error);
}

static effnet_status scale_side(int *out, int side, double factor, int multiple, effnet_error *error)
{
    const double scaled = scaled_side(side, factor, multiple);
    if (scaled > NET_MAX_SIZE)
        return error_set(error, EFFNET_ERR_ARGUMENT,
                         "a resolution of %d times %g would be %g pixels; at most %d are possible", side,
                         factor, scaled, NET_MAX_SIZE);
    *out = (int)scaled;
    return EFFNET_OK;
}

/* "efficientnet-b0-d1.2-w1.1-r1.15": a scaled network is another one. A name too long gives way. */
static void name_scaled(char out[NET_NAME_SIZE], const char *base, const net_factors *f)
{
    const int length =
        snprintf(out, NET_NAME_SIZE, "%s-d%.4g-w%.4g-r%.4g", base, f->depth, f->width, f->resolution);
    if (length >= NET_NAME_SIZE) snprintf(out, NET_NAME_SIZE, "custom");
}

effnet_status net_scale(net_graph **out, const net_graph *base, const net_factors *f, int multiple,
                        effnet_error *error)
{
    *out = NULL;
    int height = 0, width = 0;
    net_arch arch = base->arch;
    TRY(net_scale_check_small(base, f, multiple, error));
    TRY(scale_side(&height, base->height, f->resolution, multiple, error));
    TRY(scale_side(&width, base->width, f->resolution, multiple, error));
    arch.depth *= f->depth;
    arch.width *= f->width;
    arch.size = height > width ? height : width;
    if (f->depth != 1 || f->width != 1 || f->resolution != 1) name_scaled(arch.name, base->arch.name, f);
    return net_graph_create(out, &arch, &base->variant, height, width, error);
}

/* Appends "; "-separated text. */
static void warn(char out[NET_WARNING_SIZE], const char *format, ...) __attribute__((format(printf, 2, 3)));
static void warn(char out[NET_WARNING_SIZE], const char *format, ...)
{
    size_t used = strlen(out);
    va_list arguments;
    if (used) used += (size_t)snprintf(out + used, NET_WARNING_SIZE - used, "; ");
    if (used >= NET_WARNING_SIZE) return;
    va_start(arguments, format);
    vsnprintf(out + used, NET_WARNING_SIZE - used, format, arguments);
    va_end(arguments);
}

static void warn_below_one(char out[NET_WARNING_SIZE], const char *what, const char *const names[3],
                           const double values[3])
{
    for (int i = 0; i < 3; i++)
        if (values[i] < 1) warn(out, "%s %s is %.4g, below 1", what, names[i], values[i]);
}

void net_scale_warning(char out[NET_WARNING_SIZE], const net_coefficients *c, const net_factors *f)
{
    static const char *const coefficients[] = {"alpha", "beta", "gamma"};
    static const char *const dimensions[] = {"of depth", "of width", "of resolution"};
    out[0] = '\0';
    if (c) {
        const double product = net_coefficients_product(c);
        if (fabs(product - 2) > NET_PRODUCT_TOLERANCE)
            warn(out, "alpha beta^2 gamma^2 is %.4g, not about 2", product);
        warn_below_one(out, "coefficient", coefficients, (double[]){c->alpha, c->beta, c->gamma});
    }
    warn_below_one(out, "the factor", dimensions, (double[]){f->depth, f->width, f->resolution});
}
