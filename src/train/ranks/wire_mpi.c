/* SPDX-License-Identifier: Apache-2.0
 *
 * Messages by Open MPI. It is loaded when a run is joined: linked, it and the dozens of libraries behind it
 * would cost every start of every command. Its constants are addresses of its variables, so they are looked
 * up like functions. All that is sent are bytes.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "train/ranks/wire.h"

/* clang-format off */
#define FUNCTIONS(_) \
    _(MPI_Comm_rank) _(MPI_Comm_set_errhandler) _(MPI_Comm_size) _(MPI_Error_string) _(MPI_Finalize) \
    _(MPI_Get_library_version) _(MPI_Init_thread) _(MPI_Irecv) _(MPI_Isend) _(MPI_Testall)
/* clang-format on */
#define POINTER(function) __typeof__(function) *function;
#define NAME(function)    #function,

typedef struct library {
    FUNCTIONS(POINTER)
} library;

typedef struct mpi_wire {
    wire base;
    library lib;
    MPI_Comm world;
    MPI_Datatype byte;
    MPI_Errhandler errors_return;
} mpi_wire;

/* Open MPI's own parts look for its names, hence RTLD_GLOBAL. It is never unloaded. */
static void *load(library *lib)
{
    static const char *const names[] = {FUNCTIONS(NAME)};
    void *handle = dlopen("libmpi.so.40", RTLD_NOW | RTLD_GLOBAL);
    for (size_t i = 0; handle && i < sizeof names / sizeof *names; i++) {
        void *function = dlsym(handle, names[i]);
        if (!function) return NULL;
        memcpy((char *)lib + i * sizeof function, &function, sizeof function);
    }
    return handle;
}

static effnet_status check(const mpi_wire *m, int code, effnet_error *error)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    if (code == MPI_SUCCESS) return EFFNET_OK;
    m->lib.MPI_Error_string(code, text, &length);
    return error_set(error, EFFNET_ERR_OS, "MPI: %s", text);
}

static effnet_status check_size(size_t size, effnet_error *error)
{
    if (size <= INT_MAX) return EFFNET_OK;
    return error_set(error, EFFNET_ERR_LIMIT, "a message of %zu bytes", size);
}

static effnet_status send_bytes(wire *w, const void *data, size_t size, size_t to, int tag, wire_request *out,
                                effnet_error *error)
{
    const mpi_wire *m = (mpi_wire *)w;
    TRY(check_size(size, error));
    return check(m, m->lib.MPI_Isend(data, (int)size, m->byte, (int)to, tag, m->world, out), error);
}

static effnet_status receive_bytes(wire *w, void *data, size_t size, size_t from, int tag, wire_request *out,
                                   effnet_error *error)
{
    const mpi_wire *m = (mpi_wire *)w;
    TRY(check_size(size, error));
    return check(m, m->lib.MPI_Irecv(data, (int)size, m->byte, (int)from, tag, m->world, out), error);
}

static effnet_status test(wire *w, wire_request *requests, size_t count, bool *done, effnet_error *error)
{
    const mpi_wire *m = (mpi_wire *)w;
    int flag = 0;
    const int code = m->lib.MPI_Testall((int)count, requests, &flag, MPI_STATUSES_IGNORE);
    *done = flag != 0;
    return check(m, code, error);
}

static void close_wire(wire *w, bool orderly)
{
    const mpi_wire *m = (mpi_wire *)w;
    if (orderly) m->lib.MPI_Finalize();
    free(w);
}

static effnet_status start(mpi_wire *m, effnet_error *error)
{
    int provided, rank = 0, count = 0;
    void *handle = load(&m->lib);
    if (!handle)
        return error_set(error, EFFNET_ERR_MISSING,
                         "Open MPI 4 or later cannot be loaded (package libopenmpi3)");
    m->world = dlsym(handle, "ompi_mpi_comm_world");
    m->byte = dlsym(handle, "ompi_mpi_byte");
    m->errors_return = dlsym(handle, "ompi_mpi_errors_return");
    if (!m->world || !m->byte || !m->errors_return)
        return error_set(error, EFFNET_ERR_MISSING, "libmpi.so.40 is not Open MPI's");
    TRY(check(m, m->lib.MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided), error));
    if (provided < MPI_THREAD_SERIALIZED)
        return error_set(error, EFFNET_ERR_UNSUPPORTED, "this Open MPI cannot be used from several threads");
    TRY(check(m, m->lib.MPI_Comm_set_errhandler(m->world, m->errors_return), error));
    TRY(check(m, m->lib.MPI_Comm_rank(m->world, &rank), error));
    TRY(check(m, m->lib.MPI_Comm_size(m->world, &count), error));
    m->base.rank = (size_t)rank;
    m->base.count = (size_t)count;
    return EFFNET_OK;
}

effnet_status wire_open_mpi(wire **out, effnet_error *error)
{
    *out = NULL;
    mpi_wire *m = calloc(1, sizeof *m);
    if (!m) return error_memory(error);
    m->base = (wire){.send = send_bytes, .receive = receive_bytes, .test = test, .close = close_wire};
    const effnet_status status = start(m, error);
    if (status == EFFNET_OK)
        *out = &m->base;
    else
        free(m);
    return status;
}

/* "Open MPI v4.1.4, package: ..." */
bool wire_mpi_version(char *out, size_t size)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING] = "";
    library lib;
    int length, end = 0;
    if (!load(&lib) || lib.MPI_Get_library_version(text, &length) != MPI_SUCCESS) return false;
    sscanf(text, "Open MPI v%*[0-9.]%n", &end);
    if (end == 0) return false;
    snprintf(out, size, "%.*s", end - (int)strlen("Open MPI v"), text + strlen("Open MPI v"));
    return true;
}
