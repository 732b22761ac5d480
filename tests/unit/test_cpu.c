/* SPDX-License-Identifier: Apache-2.0
 *
 * What the processor and the process may use, with machines that are not at hand put before the deciding
 * parts.
 */
#define _GNU_SOURCE
#include "cpu/detect.h"

#include "kernels/kernels.h"

#include <float.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- Levels ---- */

#if defined(__x86_64__)
enum {
    FMA = 1 << 12,
    OSXSAVE = 1 << 27,
    AVX = 1 << 28,
    F16C = 1 << 29,
    ALL_LEAF1 = FMA | OSXSAVE | AVX | F16C
};
static const uint32_t avx2 = 1u << 5, f = 1u << 16, dq = 1u << 17, bw = 1u << 30, vl = 1u << 31;

static void levels_of_x86(void **state)
{
    (void)state;
    const uint32_t all = avx2 | f | dq | bw | vl;
    assert_int_equal(cpu_level_from_x86(0, 0, 0), CPU_REF);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all, 0xE7), CPU_AVX512);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, avx2, 0x07), CPU_AVX2);
    /* The processor can, the system does not save the registers. */
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all, 0x07), CPU_AVX2);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all, 0x67), CPU_AVX2);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all, 0x03), CPU_REF);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1 & ~OSXSAVE, all, 0), CPU_REF);
    /* One feature missing. */
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1 & ~FMA, all, 0xE7), CPU_REF);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1 & ~F16C, all, 0xE7), CPU_REF);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all & ~avx2, 0xE7), CPU_REF);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all & ~f, 0xE7), CPU_AVX2);
    assert_int_equal(cpu_level_from_x86(ALL_LEAF1, all & ~vl, 0xE7), CPU_AVX2);
}

/* The compiler's own look-up agrees. */
static void level_of_this_machine(void **state)
{
    (void)state;
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    assert_int_equal(cpu_best_level(), has_avx2 && has_avx512 ? CPU_AVX512 : has_avx2 ? CPU_AVX2 : CPU_REF);
}
#endif

static void level_names(void **state)
{
    (void)state;
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++) {
        cpu_level parsed = CPU_REF;
        assert_true(cpu_level_parse(cpu_level_name(level), &parsed));
        assert_int_equal(parsed, level);
    }
    cpu_level untouched = CPU_AVX2;
    assert_false(cpu_level_parse("sse", &untouched));
    assert_false(cpu_level_parse("", &untouched));
    assert_int_equal(untouched, CPU_AVX2);
}

static void levels_include_lower(void **state)
{
    (void)state;
    const cpu_level best = cpu_best_level();
    assert_true(cpu_has_level(CPU_REF));
    assert_true(cpu_has_level(best));
    assert_int_equal(cpu_has_level(CPU_AVX2), best == CPU_AVX2 || best == CPU_AVX512);
    assert_int_equal(cpu_has_level(CPU_NEON), best == CPU_NEON);
}

static void processor_name(void **state)
{
    char name[64], small[5];
    (void)state;
    cpu_name(name, sizeof name);
    assert_true(strlen(name) > 0);
    assert_true(name[0] != ' ' && name[strlen(name) - 1] != ' ');
    assert_null(strstr(name, "  "));
    cpu_name(small, sizeof small);
    assert_true(strlen(small) < sizeof small);
    small[0] = 'x';
    cpu_name(small, 0);
    assert_int_equal(small[0], 'x');
}

/* ---- Cores ---- */

static void quotas(void **state)
{
    (void)state;
    assert_int_equal(cgroup_cores(200000, 100000), 2);
    assert_int_equal(cgroup_cores(150000, 100000), 2);
    assert_int_equal(cgroup_cores(1000, 100000), 1);
    assert_int_equal(cgroup_cores(-1, 100000), 0);
    assert_int_equal(cgroup_cores(100000, 0), 0);
    assert_int_equal(cgroup_parse_max("max 100000\n"), 0);
    assert_int_equal(cgroup_parse_max("250000 100000\n"), 3);
    assert_int_equal(cgroup_parse_max(""), 0);
    assert_int_equal(cgroup_parse_max("100000"), 0);
}

static const char membership_v1[] = "12:cpuset:/elsewhere\n"
                                    "11:cpuacct,cpu:/docker/abc\n"
                                    "1:name=systemd:/docker/abc\n"
                                    "0::/system.slice\n";

static void membership(void **state)
{
    char path[64];
    (void)state;
    assert_true(cgroup_find_path(path, sizeof path, membership_v1, false));
    assert_string_equal(path, "/docker/abc");
    assert_true(cgroup_find_path(path, sizeof path, membership_v1, true));
    assert_string_equal(path, "/system.slice");
    assert_true(cgroup_find_path(path, sizeof path, "0::/", true));
    assert_string_equal(path, "/");
    assert_false(cgroup_find_path(path, sizeof path, "0::/a", false));
    assert_false(cgroup_find_path(path, sizeof path, "3:cpu:/a\n", true));
    assert_false(cgroup_find_path(path, 4, "0::/too/long", true));
    assert_false(cgroup_find_path(path, sizeof path, "", true));
    assert_false(cgroup_find_path(path, sizeof path, "nonsense\n0:\n::\n", false));
}

/* A folder tree that stands in for /sys/fs/cgroup. */
static void write_file(const char *root, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void make_root(char root[64])
{
    strcpy(root, "/tmp/effnet-test-cgroup-XXXXXX");
    assert_non_null(mkdtemp(root));
}

static void remove_root(const char *root)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", root);
    assert_int_equal(system(command), 0);
}

static void limits_v2(void **state)
{
    char root[64];
    (void)state;
    make_root(root);
    assert_int_equal(cgroup_limit("0::/a/b\n", root), 0);
    write_file(root, "a/b/cpu.max", "max 100000\n");
    assert_int_equal(cgroup_limit("0::/a/b\n", root), 0);
    write_file(root, "a/cpu.max", "300000 100000\n");
    assert_int_equal(cgroup_limit("0::/a/b\n", root), 3);
    write_file(root, "a/b/cpu.max", "400000 100000\n");
    assert_int_equal(cgroup_limit("0::/a/b\n", root), 3);
    write_file(root, "a/b/cpu.max", "50000 100000\n");
    assert_int_equal(cgroup_limit("0::/a/b\n", root), 1);
    /* Inside a container: the host's path is not mounted, the top is ours. */
    assert_int_equal(cgroup_limit("0::/docker/abc\n", root), 0);
    write_file(root, "cpu.max", "200000 100000\n");
    assert_int_equal(cgroup_limit("0::/docker/abc\n", root), 2);
    assert_int_equal(cgroup_limit("0::/\n", root), 2);
    remove_root(root);
}

static void limits_v1(void **state)
{
    char root[64];
    (void)state;
    make_root(root);
    assert_int_equal(cgroup_limit(membership_v1, root), 0);
    write_file(root, "cpu/docker/abc/cpu.cfs_quota_us", "-1\n");
    write_file(root, "cpu/docker/abc/cpu.cfs_period_us", "100000\n");
    assert_int_equal(cgroup_limit(membership_v1, root), 0);
    write_file(root, "cpu/docker/abc/cpu.cfs_quota_us", "250000\n");
    assert_int_equal(cgroup_limit(membership_v1, root), 3);
    write_file(root, "cpu/cpu.cfs_quota_us", "100000\n"); /* without a period it says nothing */
    assert_int_equal(cgroup_limit(membership_v1, root), 3);
    write_file(root, "system.slice/cpu.max", "100000 100000\n");
    assert_int_equal(cgroup_limit(membership_v1, root), 1);
    remove_root(root);
}

static void affinity(void **state)
{
    (void)state;
    const size_t before = cpu_usable_cores();
    assert_true(before >= 1);
    cpu_set_t all, one;
    assert_int_equal(sched_getaffinity(0, sizeof all, &all), 0);
    CPU_ZERO(&one);
    for (int i = 0; i < CPU_SETSIZE && CPU_COUNT(&one) == 0; i++)
        if (CPU_ISSET((size_t)i, &all)) CPU_SET((size_t)i, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(cpu_usable_cores(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof all, &all), 0);
    assert_int_equal(cpu_usable_cores(), before);
}

/* ---- Denormals ---- */

static bool denormal_results(void)
{
    volatile float x = FLT_MIN;
    x = x / 4;
    return x > 0;
}

static bool denormal_inputs(void)
{
    volatile float x = 1e-40F;
    x = x * 1e30F;
    return x > 0;
}

static void denormals(void **state)
{
    (void)state;
    assert_true(denormal_results() && denormal_inputs());
    const unsigned saved = cpu_denormals_off();
    const bool results = denormal_results(), inputs = denormal_inputs();
    const unsigned nested = cpu_denormals_off();
    cpu_denormals_restore(nested);
    const bool still = denormal_results();
    cpu_denormals_restore(saved);
#if defined(__SSE__) || defined(__aarch64__)
    assert_false(results || inputs || still);
#else
    (void)results, (void)inputs, (void)still;
#endif
    assert_true(denormal_results() && denormal_inputs());
}

/* ---- The kernel table ---- */

/* Every level says what serves it, and names its kernels by operation, type and level. */
static void kernel_names(void **state)
{
    (void)state;
    for (cpu_level level = CPU_REF; level <= CPU_NEON; level++) {
        if (!cpu_has_level(level)) continue;
        const char *operation, *kernel;
        size_t count = 0;
        for (; kernels_describe(level, count, &operation, &kernel); count++) {
            assert_true(*operation);
            assert_non_null(strstr(kernel, "_f32_"));
        }
        assert_true(count >= 4);
        if (level != CPU_REF) continue;
        assert_true(kernels_describe(level, 1, &operation, &kernel));
        assert_string_equal(operation, "pointwise");
        assert_string_equal(kernel, "pointwise_f32_ref");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#if defined(__x86_64__)
        cmocka_unit_test(levels_of_x86),
        cmocka_unit_test(level_of_this_machine),
#endif
        cmocka_unit_test(level_names),
        cmocka_unit_test(levels_include_lower),
        cmocka_unit_test(processor_name),
        cmocka_unit_test(quotas),
        cmocka_unit_test(membership),
        cmocka_unit_test(limits_v2),
        cmocka_unit_test(limits_v1),
        cmocka_unit_test(affinity),
        cmocka_unit_test(denormals),
        cmocka_unit_test(kernel_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
