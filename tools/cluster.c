/* SPDX-License-Identifier: Apache-2.0
 *
 * See cluster.h. What launchers put into the environment: Open MPI's mpirun OMPI_COMM_WORLD_SIZE and
 * OMPI_COMM_WORLD_LOCAL_SIZE (mpirun(1)); Slurm's srun SLURM_STEP_NUM_TASKS and SLURM_STEP_TASKS_PER_NODE
 * (srun(1)); MPICH's Hydra PMI_SIZE and MPI_LOCALNRANKS.
 */
#define _DEFAULT_SOURCE
#include "cluster.h"

#include <stdlib.h>
#include <unistd.h>

#include "report.h"

static int first_number(const char *const *names)
{
    for (; *names; names++) {
        const char *text = getenv(*names);
        const long value = text ? strtol(text, NULL, 10) : 0;
        if (value > 0 && value <= 1000000) return (int)value;
    }
    return 1;
}

/* Nothing can be waited for any more. Files are replaced whole, so a half-written one does no harm. */
static void on_lost(void *context, const char *message)
{
    (void)context;
    report_failure(EXIT_SYSTEM, "%s", message);
    _exit(EXIT_SYSTEM);
}

int cluster_count(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "PMI_SIZE", NULL};
    return first_number(names);
}

int cluster_number(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_RANK", "SLURM_PROCID", "PMI_RANK", NULL};
    for (size_t i = 0; names[i]; i++) {
        const char *text = getenv(names[i]);
        if (text && *text) return atoi(text);
    }
    return 0;
}

int cluster_neighbours(void)
{
    static const char *const names[] = {"OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE",
                                        "MPI_LOCALNRANKS", NULL};
    return first_number(names);
}

int cluster_join(effnet_ranks **out, double patience)
{
    const int started = cluster_count();
    *out = NULL;
    if (started == 1) return EXIT_DONE;
    effnet_error error;
    const effnet_ranks_options options = {.patience = patience, .lost = on_lost};
    if (effnet_ranks_join(out, &options, &error) != EFFNET_OK) return report_error(&error);
    const int count = effnet_ranks_count(*out), number = effnet_ranks_number(*out);
    if (count != started)
        return report_failure(
            EXIT_UNAVAILABLE,
            "%d processes were started, but Open MPI knows of %d: start them with its mpirun, "
            "or with srun --mpi=pmix",
            started, count);
    report_set_rank(number);
    return EXIT_DONE;
}

int cluster_threads(const effnet_ranks *ranks)
{
    if (!ranks) return 0;
    effnet_system system;
    effnet_system_get(&system);
    const int neighbours = cluster_neighbours(), all = (int)sysconf(_SC_NPROCESSORS_ONLN);
    if (system.cores < all && system.cores * neighbours < all)
        report_note("%d of this machine's %d cores are used: mpirun --bind-to none lets effnet use all",
                    system.cores * neighbours, all);
    if (system.cores < all) return 0; /* bound: they are this rank's own */
    return system.cores > neighbours ? system.cores / neighbours : 1;
}

void cluster_leave(effnet_ranks *ranks, int code)
{
    effnet_error why;
    report_set(&why, report_status(code), "it has ended with an error");
    const bool done = code == EXIT_DONE || code > 128; /* a signal ends all of them */
    effnet_ranks_leave(ranks, done ? NULL : &why);
}
