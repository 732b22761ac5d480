/* SPDX-License-Identifier: Apache-2.0
 *
 * For sanitized builds: memory that libraries of the distribution never give back. fontconfig, which cairo
 * asks for a font, keeps a pattern of it to the end of the program.
 */
#define SEEN_BY_SANITIZER __attribute__((visibility("default")))

SEEN_BY_SANITIZER const char *__lsan_default_suppressions(void);
SEEN_BY_SANITIZER const char *__lsan_default_options(void);

const char *__lsan_default_suppressions(void)
{
    return "leak:libfontconfig\n";
}

const char *__lsan_default_options(void)
{
    return "print_suppressions=0";
}
