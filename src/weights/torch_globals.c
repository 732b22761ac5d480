/* SPDX-License-Identifier: Apache-2.0
 *
 * Which classes and functions a PyTorch file may name, and what naming them comes to.
 *
 * Nothing is ever called, so this list protects nobody from running code; it decides what is a checkpoint.
 * Three rings: what rebuilds tensors is acted out; what checkpoints commonly hold beside them, and instances
 * of unknown classes, become inert objects; calls of anything else, and the very names of modules that could
 * only serve to attack other readers of the file, are refused, so that its owner hears of it.
 */
#include <stdio.h>
#include <string.h>

#include "weights/dict.h"
#include "weights/pickle.h"

typedef struct known {
    const char *module, *name;
    torch_role role;
} known;

static const known roles[] = {
    /* torch/_utils.py, torch/_tensor.py */
    {"torch._utils", "_rebuild_tensor", ROLE_TENSOR},
    {"torch._utils", "_rebuild_tensor_v2", ROLE_TENSOR},
    {"torch._utils", "_rebuild_tensor_v3", ROLE_TENSOR_V3},
    {"torch._utils", "_rebuild_parameter", ROLE_PARAMETER},
    {"torch._utils", "_rebuild_parameter_with_state", ROLE_PARAMETER},
    {"torch._tensor", "_rebuild_from_type_v2", ROLE_FROM_TYPE},
    {"torch._tensor", "_rebuild_from_type", ROLE_FROM_TYPE},
    {"torch.tensor", "_rebuild_from_type", ROLE_FROM_TYPE},
    {"torch._utils", "_rebuild_qtensor", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_sparse_tensor", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_sparse_csr_tensor", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_nested_tensor", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_meta_tensor_no_storage", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_device_tensor_from_numpy", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_device_tensor_from_cpu_tensor", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_wrapper_subclass", ROLE_NO_TENSOR},
    {"torch._utils", "_rebuild_mkldnn_tensor", ROLE_NO_TENSOR},
    /* Dicts */
    {"collections", "OrderedDict", ROLE_DICT},
    {"collections", "defaultdict", ROLE_DICT},
    {"collections", "Counter", ROLE_DICT},
    {"builtins", "dict", ROLE_DICT},
    {"__builtin__", "dict", ROLE_DICT},
    /* What lies beside tensors */
    {"torch", "Size", ROLE_SIZE},
    {"torch", "device", ROLE_INERT},
    {"torch", "Generator", ROLE_INERT},
    {"torch.serialization", "_get_layout", ROLE_INERT},
    {"torch.torch_version", "TorchVersion", ROLE_INERT},
    {"numpy.core.multiarray", "scalar", ROLE_INERT},
    {"numpy.core.multiarray", "_reconstruct", ROLE_INERT},
    {"numpy._core.multiarray", "scalar", ROLE_INERT},
    {"numpy._core.multiarray", "_reconstruct", ROLE_INERT},
    {"numpy.core.numeric", "_frombuffer", ROLE_INERT},
    {"numpy._core.numeric", "_frombuffer", ROLE_INERT},
    {"numpy", "dtype", ROLE_INERT},
    {"numpy.random._pickle", "__randomstate_ctor", ROLE_INERT},
    {"numpy.random._pickle", "__generator_ctor", ROLE_INERT},
    {"numpy.random._pickle", "__bit_generator_ctor", ROLE_INERT},
    {"_codecs", "encode", ROLE_INERT},
    {"copyreg", "_reconstructor", ROLE_RECONSTRUCT},
    {"copy_reg", "_reconstructor", ROLE_RECONSTRUCT},
    {"argparse", "Namespace", ROLE_INERT},
    {"types", "SimpleNamespace", ROLE_INERT},
    {"collections", "deque", ROLE_INERT},
    {"datetime", "datetime", ROLE_INERT},
    {"datetime", "date", ROLE_INERT},
    {"datetime", "time", ROLE_INERT},
    {"datetime", "timedelta", ROLE_INERT},
    {"datetime", "timezone", ROLE_INERT},
    {"decimal", "Decimal", ROLE_INERT},
    {"fractions", "Fraction", ROLE_INERT},
    {"functools", "partial", ROLE_INERT},
    {"pathlib", "PosixPath", ROLE_INERT},
    {"pathlib", "PurePosixPath", ROLE_INERT},
    {"pathlib", "WindowsPath", ROLE_INERT},
    {"pathlib", "PureWindowsPath", ROLE_INERT},
    {"pathlib._local", "PosixPath", ROLE_INERT},
    {"pathlib._local", "WindowsPath", ROLE_INERT},
    {"uuid", "UUID", ROLE_INERT},
};

/* Harmless members of the modules `builtins` and `__builtin__`, all others of which are unsafe. */
static const char *const plain_builtins[] = {
    "set",     "frozenset", "list", "tuple",  "int",       "float", "complex", "bool", "str",
    "unicode", "bytes",     "long", "object", "bytearray", "slice", "range",   "type",
};

/* Modules whose very mention in a checkpoint is an attack on somebody: they start programs, load code, or
 * reach files and networks. "os" stands for "os.path" too. */
static const char *const unsafe_modules[] = {
    "os",        "posix",      "nt",          "sys",       "subprocess", "_posixsubprocess",
    "shutil",    "socket",     "_socket",     "ssl",       "ctypes",     "_ctypes",
    "importlib", "_imp",       "imp",         "runpy",     "pickle",     "_pickle",
    "cPickle",   "dill",       "cloudpickle", "joblib",    "marshal",    "code",
    "codeop",    "pty",        "commands",    "popen2",    "platform",   "webbrowser",
    "http",      "httplib",    "urllib",      "urllib2",   "requests",   "aiohttp",
    "ftplib",    "smtplib",    "telnetlib",   "xmlrpc",    "asyncio",    "multiprocessing",
    "threading", "signal",     "tempfile",    "io",        "_io",        "pdb",
    "bdb",       "trace",      "profile",     "cProfile",  "timeit",     "doctest",
    "pydoc",     "inspect",    "operator",    "_operator", "builtins",   "__builtin__",
    "pip",       "setuptools", "distutils",   "ensurepip", "venv",       "site",
    "lib2to3",   "idlelib",    "test",        "shelve",    "dbm",        "sqlite3",
    "cffi",      "pexpect",    "paramiko",    "fabric",    "IPython",
};

/* torch/storage.py names storage classes, torch/__init__.py element types. */
static const struct {
    const char *storage, *dtype;
    uint8_t size;
    bool readable;
    state_dtype as;
} elements[] = {
    {"FloatStorage", "float32", 4, true, STATE_F32},
    {"DoubleStorage", "float64", 8, true, STATE_F64},
    {"HalfStorage", "float16", 2, true, STATE_F16},
    {"BFloat16Storage", "bfloat16", 2, true, STATE_BF16},
    {"LongStorage", "int64", 8, true, STATE_I64},
    {"IntStorage", "int32", 4, true, STATE_I32},
    {"ShortStorage", "int16", 2, true, STATE_I16},
    {"CharStorage", "int8", 1, true, STATE_I8},
    {"ByteStorage", "uint8", 1, true, STATE_U8},
    {"BoolStorage", "bool", 1, true, STATE_BOOL},
    {"UntypedStorage", NULL, 1, true, STATE_U8},
    {"ComplexFloatStorage", "complex64", 8, false, STATE_F32},
    {"ComplexDoubleStorage", "complex128", 16, false, STATE_F32},
    {"QInt8Storage", "qint8", 1, false, STATE_F32},
    {"QUInt8Storage", "quint8", 1, false, STATE_F32},
    {"QInt32Storage", "qint32", 4, false, STATE_F32},
    {"QUInt4x2Storage", "quint4x2", 1, false, STATE_F32},
    {"QUInt2x4Storage", "quint2x4", 1, false, STATE_F32},
    {NULL, "uint16", 2, false, STATE_F32},
    {NULL, "uint32", 4, false, STATE_F32},
    {NULL, "uint64", 8, false, STATE_F32},
    {NULL, "complex32", 4, false, STATE_F32},
    {NULL, "float8_e4m3fn", 1, false, STATE_F32},
    {NULL, "float8_e5m2", 1, false, STATE_F32},
    {NULL, "float8_e4m3fnuz", 1, false, STATE_F32},
    {NULL, "float8_e5m2fnuz", 1, false, STATE_F32},
    {NULL, "float8_e8m0fnu", 1, false, STATE_F32},
    {NULL, "float4_e2m1fn_x2", 1, false, STATE_F32},
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is(const char *text, size_t size, const char *literal)
{
    return literal && strlen(literal) == size && memcmp(text, literal, size) == 0;
}

/* True if `module` is `root` or lies within it. */
static bool is_within(const char *module, size_t size, const char *root)
{
    const size_t length = strlen(root);
    return size >= length && memcmp(module, root, length) == 0 && (size == length || module[length] == '.');
}

static bool find_element(torch_global *g)
{
    const bool torch = is(g->module, g->module_size, "torch");
    if (!torch && !is(g->module, g->module_size, "torch.storage") &&
        !is(g->module, g->module_size, "torch.cuda"))
        return false;
    for (size_t i = 0; i < COUNT(elements); i++) {
        if (!is(g->name, g->name_size, elements[i].storage) &&
            !(torch && is(g->name, g->name_size, elements[i].dtype)))
            continue;
        g->role = ROLE_STORAGE;
        g->dtype = elements[i].as;
        g->readable = elements[i].readable;
        g->element_size = elements[i].size;
        return true;
    }
    return false;
}

static torch_role find_role(const torch_global *g)
{
    for (size_t i = 0; i < COUNT(roles); i++)
        if (is(g->module, g->module_size, roles[i].module) && is(g->name, g->name_size, roles[i].name))
            return roles[i].role;
    if (is(g->module, g->module_size, "builtins") || is(g->module, g->module_size, "__builtin__"))
        for (size_t i = 0; i < COUNT(plain_builtins); i++)
            if (is(g->name, g->name_size, plain_builtins[i])) return ROLE_INERT;
    for (size_t i = 0; i < COUNT(unsafe_modules); i++)
        if (is_within(g->module, g->module_size, unsafe_modules[i])) return ROLE_UNSAFE;
    return ROLE_OTHER;
}

void torch_global_name(char out[TORCH_NAME_SIZE], const torch_global *g)
{
    const int module = g->module_size < 64 ? (int)g->module_size : 64;
    const int name = g->name_size < 64 ? (int)g->name_size : 64;
    snprintf(out, TORCH_NAME_SIZE, "%.*s.%.*s", module, g->module, name, g->name);
}

effnet_status torch_unsafe(const pickle *p, const torch_global *g)
{
    char name[TORCH_NAME_SIZE];
    torch_global_name(name, g);
    return pickle_fail(p, EFFNET_ERR_UNSUPPORTED, "unsafe global %s", name);
}

effnet_status torch_find_global(pickle *p, const char *module, size_t module_size, const char *name,
                                size_t name_size, const torch_global **out)
{
    torch_global *g = NULL;
    if (++p->globals > PICKLE_MAX_GLOBALS)
        return pickle_fail(p, EFFNET_ERR_LIMIT, "more than %d globals", PICKLE_MAX_GLOBALS);
    TRY(pickle_alloc(p, 1, sizeof *g, &g));
    *g = (torch_global){.module = module,
                        .name = name,
                        .module_size = (uint32_t)module_size,
                        .name_size = (uint32_t)name_size};
    if (!find_element(g)) g->role = find_role(g);
    if (g->role == ROLE_UNSAFE) return torch_unsafe(p, g);
    *out = g;
    return EFFNET_OK;
}
