/* SPDX-License-Identifier: Apache-2.0
 *
 * Checks that every line of standard input is one JSON document, without duplicate keys, and prints its
 * shape: keys in order, and types in place of values. For tests of --json.
 */
#define _POSIX_C_SOURCE 200809L
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[] = {"object", "array", "string", "integer",
                                         "real",   "true",  "false",  "null"};

static void print_shape(FILE *out, json_t *value);

/* Elements must have one shape, of which only one is shown. */
static void print_array(FILE *out, const json_t *array)
{
    char *first = NULL;
    for (size_t i = 0; i < json_array_size(array); i++) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);
        print_shape(f, json_array_get(array, i));
        fclose(f);
        if (first && strcmp(first, text) != 0) {
            printf("elements differ: %s and %s\n", first, text);
            exit(1);
        }
        free(first);
        first = text;
    }
    fprintf(out, "[%s]", first ? first : "");
    free(first);
}

static void print_shape(FILE *out, json_t *value)
{
    if (json_is_object(value)) {
        const char *key;
        json_t *member;
        bool first = true;
        fputc('{', out);
        json_object_foreach(value, key, member)
        {
            fprintf(out, "%s%s:", first ? "" : ",", key);
            print_shape(out, member);
            first = false;
        }
        fputc('}', out);
    } else if (json_is_array(value)) {
        print_array(out, value);
    } else {
        fputs(type_names[json_typeof(value)], out);
    }
}

int main(void)
{
    static char line[1 << 20];
    while (fgets(line, sizeof line, stdin)) {
        json_error_t error;
        json_t *value = json_loads(line, JSON_REJECT_DUPLICATES, &error);
        if (!value) {
            printf("not JSON: %s\n", error.text);
            return 1;
        }
        print_shape(stdout, value);
        putchar('\n');
        json_decref(value);
    }
    return 0;
}
