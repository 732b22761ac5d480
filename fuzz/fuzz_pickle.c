/* SPDX-License-Identifier: Apache-2.0
 *
 * The pickle machine: any bytes as the data.pkl of an otherwise sound archive with four storages, "0" to "3",
 * of 16 to 128 bytes. APPNOTE 4.3 has the layout that is put together here.
 */
#include "weights_fuzz.h"

enum { STORAGES = 4, ENTRIES = STORAGES + 1, SMALLEST = 16, FILE_OVERHEAD = 2048 };

typedef struct archive {
    uint8_t *data;
    size_t size;
} archive;

static void put(archive *a, const void *bytes, size_t size)
{
    if (size) memcpy(a->data + a->size, bytes, size);
    a->size += size;
}

static void put_le(archive *a, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        a->data[a->size++] = (uint8_t)(i < sizeof value ? value >> 8 * i : 0);
}

/* What the local header and the directory share: version to sizes. The CRC of 0 stands for none. */
static void put_common(archive *a, size_t name_size, size_t size)
{
    put_le(a, 10, 8);
    put_le(a, 0, 2 + 4);
    put_le(a, size, 4);
    put_le(a, size, 4);
    put_le(a, name_size, 4);
}

static void put_archive(archive *a, const uint8_t *pickle, size_t pickle_size)
{
    static const uint8_t zeros[SMALLEST << STORAGES];
    char names[ENTRIES][16] = {"a/data.pkl", "a/data/0", "a/data/1", "a/data/2", "a/data/3"};
    size_t at[ENTRIES], sizes[ENTRIES];
    for (size_t i = 0; i < ENTRIES; i++) {
        sizes[i] = i == 0 ? pickle_size : (size_t)SMALLEST << (i - 1);
        at[i] = a->size;
        put_le(a, 0x04034B50, 4);
        put_common(a, strlen(names[i]), sizes[i]);
        put(a, names[i], strlen(names[i]));
        put(a, i == 0 ? pickle : zeros, sizes[i]);
    }
    const size_t directory = a->size;
    for (size_t i = 0; i < ENTRIES; i++) {
        put_le(a, 0x02014B50, 4);
        put_le(a, 10, 2);
        put_common(a, strlen(names[i]), sizes[i]);
        put_le(a, 0, 2 + 2 + 2 + 4);
        put_le(a, at[i], 4);
        put(a, names[i], strlen(names[i]));
    }
    const size_t end = a->size;
    put_le(a, 0x06054B50, 8);
    put_le(a, ENTRIES, 2);
    put_le(a, ENTRIES, 2);
    put_le(a, end - directory, 4);
    put_le(a, directory, 4);
    put_le(a, 0, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    archive a = {malloc(size + FILE_OVERHEAD), 0};
    require(a.data != NULL);
    put_archive(&a, data, size);
    check_weights(a.data, a.size);
    free(a.data);
    return 0;
}
