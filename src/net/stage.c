/* SPDX-License-Identifier: Apache-2.0
 *
 * Block strings, the notation of the source's BlockDecoder (lukemelas/EfficientNet-PyTorch utils.py):
 *
 *     r2_k5_s22_e6_i24_o40_se0.25_noskip
 *
 * r repeats, k kernel, s stride (one digit, or two equal ones), e expansion, i and o channels in and out: all
 * needed, each once, in any order. se (squeeze ratio) and noskip may be left out. Where the source skips what
 * it does not know, this reader refuses it.
 *
 * Numbers are read digit by digit, so that neither the locale nor a long tail of digits matters.
 */
#include "net/arch.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OPTION_R, OPTION_K, OPTION_S, OPTION_E, OPTION_I, OPTION_O, OPTION_SE, OPTION_NOSKIP, OPTION_COUNT };

static const char *const option_names[OPTION_COUNT] = {"r", "k", "s", "e", "i", "o", "se", "noskip"};

/* Powers of ten and decimals are exact in double up to here, so m / 10^d is the nearest double. */
enum { MAX_DECIMALS = 15 };

static double power_of_ten(int exponent)
{
    double power = 1;
    for (int i = 0; i < exponent; i++)
        power *= 10;
    return power;
}

/* One option, cut out of the whole for messages and positions. */
typedef struct token {
    const char *whole, *text;
    size_t length; /* of the option */
    size_t name;   /* of its letters */
} token;

static effnet_status refuse(const token *t, size_t at, const char *rule, effnet_error *error)
{
    return error_set_at(error, EFFNET_ERR_FORMAT, (uint64_t)(t->text - t->whole) + at,
                        "block string '%.200s': %s in '%.*s'", t->whole, rule,
                        (int)(t->length < 40 ? t->length : 40), t->text);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits with no sign, no leading zero and at most seven of them: every limit is below ten million. */
static effnet_status read_integer(int *out, const token *t, effnet_error *error)
{
    const size_t digits = t->length - t->name;
    if (digits == 0) return refuse(t, t->name, "a number is missing", error);
    int value = 0;
    for (size_t i = t->name; i < t->length; i++) {
        if (!is_digit(t->text[i])) return refuse(t, i, "not a digit", error);
        if (i - t->name >= 7) return refuse(t, i, "the number is too long", error);
        value = 10 * value + (t->text[i] - '0');
    }
    if (t->text[t->name] == '0' && digits > 1) return refuse(t, t->name, "a leading zero", error);
    *out = value;
    return EFFNET_OK;
}

/* D, D.DDD: a decimal from 0 to 9.99... */
static effnet_status read_ratio(double *out, const token *t, effnet_error *error)
{
    const size_t first = t->name;
    if (first == t->length || !is_digit(t->text[first]))
        return refuse(t, first, "a number is missing", error);
    double mantissa = t->text[first] - '0';
    int decimals = 0;
    if (first + 1 < t->length) {
        if (t->text[first + 1] != '.') return refuse(t, first + 1, "the ratio must be 0 to 1", error);
        if (first + 2 == t->length) return refuse(t, first + 2, "a digit is missing", error);
        for (size_t i = first + 2; i < t->length; i++) {
            if (!is_digit(t->text[i])) return refuse(t, i, "not a digit", error);
            if (++decimals > MAX_DECIMALS) return refuse(t, i, "the number is too long", error);
            mantissa = 10 * mantissa + (t->text[i] - '0');
        }
    }
    *out = mantissa / power_of_ten(decimals);
    return EFFNET_OK;
}

/* The source writes the stride of both directions, "s22", and reads "s2" as well. */
static effnet_status read_stride(int *out, const token *t, effnet_error *error)
{
    const char *digits = t->text + t->name;
    const size_t count = t->length - t->name;
    if (count == 0) return refuse(t, t->name, "a number is missing", error);
    if (count > 2 || !is_digit(digits[0]) || (count == 2 && digits[1] != digits[0]))
        return refuse(t, t->name, "the stride must be one digit or two equal ones", error);
    *out = digits[0] - '0';
    return EFFNET_OK;
}

static effnet_status read_option(net_stage *stage, int option, const token *t, effnet_error *error)
{
    switch (option) {
    case OPTION_R: return read_integer(&stage->repeats, t, error);
    case OPTION_K: return read_integer(&stage->kernel, t, error);
    case OPTION_S: return read_stride(&stage->stride, t, error);
    case OPTION_E: return read_integer(&stage->expand, t, error);
    case OPTION_I: return read_integer(&stage->in, t, error);
    case OPTION_O: return read_integer(&stage->out, t, error);
    case OPTION_SE: return read_ratio(&stage->se, t, error);
    default: break;
    }
    assert(option == OPTION_NOSKIP);
    if (t->length != t->name) return refuse(t, t->name, "noskip takes no number", error);
    stage->no_skip = true;
    return EFFNET_OK;
}

/* Reads the option at `text`, up to the next '_' or the end. */
static effnet_status read_token(net_stage *stage, bool seen[OPTION_COUNT], const char *whole,
                                const char *text, effnet_error *error)
{
    token t = {.whole = whole, .text = text, .length = strcspn(text, "_")};
    while (t.name < t.length && text[t.name] >= 'a' && text[t.name] <= 'z')
        t.name++;
    int option = 0;
    while (option < OPTION_COUNT &&
           (strlen(option_names[option]) != t.name || memcmp(option_names[option], text, t.name) != 0))
        option++;
    if (option == OPTION_COUNT) return refuse(&t, 0, "unknown option (known: r k s e i o se noskip)", error);
    if (seen[option]) return refuse(&t, 0, "given twice", error);
    seen[option] = true;
    return read_option(stage, option, &t, error);
}

effnet_status net_stage_parse(net_stage *out, const char *text, effnet_error *error)
{
    net_stage stage = {0};
    bool seen[OPTION_COUNT] = {false};
    for (const char *p = text;; p++) {
        TRY(read_token(&stage, seen, text, p, error));
        p += strcspn(p, "_");
        if (*p == '\0') break;
    }
    for (int i = 0; i < OPTION_SE; i++)
        if (!seen[i])
            return error_set_at(error, EFFNET_ERR_FORMAT, strlen(text), "block string '%.200s': no '%s'",
                                text, option_names[i]);
    if (net_stage_check(&stage, error) != EFFNET_OK) {
        char prefix[240];
        snprintf(prefix, sizeof prefix, "block string '%.200s'", text);
        error_prefix(error, EFFNET_ERR_FORMAT, prefix);
        if (error) error->code = EFFNET_ERR_FORMAT;
        return EFFNET_ERR_FORMAT;
    }
    *out = stage;
    return EFFNET_OK;
}

/* The shortest decimal that reads back as `ratio`; MAX_DECIMALS of them where none does. */
static void format_ratio(char *out, size_t capacity, double ratio)
{
    for (int decimals = 0; decimals <= MAX_DECIMALS; decimals++) {
        const double power = power_of_ten(decimals), mantissa = nearbyint(ratio * power);
        if (mantissa / power != ratio && decimals < MAX_DECIMALS) continue;
        const long long digits = (long long)mantissa, whole = digits / (long long)power;
        if (decimals == 0)
            snprintf(out, capacity, "%lld", whole);
        else
            snprintf(out, capacity, "%lld.%0*lld", whole, decimals, digits % (long long)power);
        return;
    }
}

void net_stage_format(char out[NET_STAGE_TEXT], const net_stage *stage)
{
    char se[48] = "";
    if (stage->se > 0 && stage->se <= 1) {
        memcpy(se, "_se", 4);
        format_ratio(se + 3, sizeof se - 3, stage->se);
    }
    snprintf(out, NET_STAGE_TEXT, "r%d_k%d_s%d%d_e%d_i%d_o%d%s%s", stage->repeats, stage->kernel,
             stage->stride, stage->stride, stage->expand, stage->in, stage->out, se,
             stage->no_skip ? "_noskip" : "");
}
