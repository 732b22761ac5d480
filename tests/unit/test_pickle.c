/* SPDX-License-Identifier: Apache-2.0
 *
 * The pickle machine: rows P9 to P12, P15 to P21 and P25 of the robustness table, each pickle put together
 * here and wrapped in an otherwise good checkpoint.
 */
#include "unit/torch_files.h"

#include "weights/pickle.h"

static void global_refused(const char *global, const char *opcodes, const char *rule)
{
    bytes p = {0};
    op_global(&p, global);
    put_text(&p, opcodes);
    made_refused(&p, EFFNET_ERR_UNSUPPORTED, rule);
}

static void p9_unsafe_globals(void **state)
{
    (void)state;
    global_refused("os system", "X\2\0\0\0id\x85R.", "pickle: unsafe global os.system (byte ");
    global_refused("os.path join", ")R.", "unsafe global os.path.join");
    global_refused("posix system", ")R.", "unsafe global posix.system");
    global_refused("builtins eval", ")R.", "unsafe global builtins.eval");
    global_refused("__builtin__ exec", ")R.", "unsafe global __builtin__.exec");
    global_refused("builtins getattr", ")R.", "unsafe global builtins.getattr");
    global_refused("subprocess Popen", ")\x81.", "unsafe global subprocess.Popen");
    global_refused("torch load", ")R.", "unsafe global torch.load");
    global_refused("torch.hub load", ")R.", "unsafe global torch.hub.load");
    global_refused("torch.storage _load_from_bytes", ")R.", "unsafe global torch.storage._load_from_bytes");
    global_refused("numpy.testing._private.utils runstring", ")R.",
                   "unsafe global numpy.testing._private.utils.runstring");
    global_refused("my.module function", ")R.", "unsafe global my.module.function");
    global_refused("osm reader", ")R.", "unsafe global osm.reader");
    /* Merely to name them is enough, and so is to hide them in another call. */
    global_refused("sys modules", ".", "unsafe global sys.modules");
    bytes p = {0};
    op_global(&p, "torch._tensor _rebuild_from_type_v2");
    op_global(&p, "torch load");
    op_global(&p, "torch Tensor");
    put_text(&p, ")\x87R.");
    made_refused(&p, EFFNET_ERR_UNSUPPORTED, "unsafe global torch.load");
    global_refused("e\x1b[31mvil name", ")R.", "unsafe global e\\x1B[31mvil.name");
    bytes q = {0};
    for (size_t i = 0; i < 20000; i++)
        op_global(&q, "a b");
    made_refused(&q, EFFNET_ERR_LIMIT, "more than 16384 globals");
}

static void p10_unsupported_opcodes(void **state)
{
    (void)state;
    static const struct {
        const char *opcodes, *rule;
    } cases[] = {
        {"X\2\0\0\0osX\6\0\0\0system\x93.",
         "unsupported opcode STACK_GLOBAL (os.system): PyTorch's default protocol is 2 (byte "},
        {"NN\x93.", "unsupported opcode STACK_GLOBAL (?.?)"},
        {"\x93.", "unsupported opcode STACK_GLOBAL"},
        {"(ios\nsystem\n.", "unsupported opcode INST"},
        {"(cargparse\nNamespace\no.", "unsupported opcode OBJ"},
        {"\x82\1.", "unsupported opcode EXT1"},
        {"\x83\1\1.", "unsupported opcode EXT2"},
        {"\x84\1\1\1\1.", "unsupported opcode EXT4"},
        {"cargparse\nNamespace\n)}\x92.", "unsupported opcode NEWOBJ_EX"},
        {"Pstorage\n.", "unsupported opcode PERSID"},
        {"I1\n.", "unsupported opcode INT"},
        {"\x8f.", "unsupported opcode EMPTY_SET"},
        {"\x96.", "unsupported opcode BYTEARRAY8"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bytes p = {0};
        /* Two texts have zeros in them: their sizes are known, the others' end at the zero. */
        put(&p, cases[i].opcodes, i == 0 ? 20 : strlen(cases[i].opcodes));
        made_refused(&p, EFFNET_ERR_UNSUPPORTED, cases[i].rule);
    }
    static const char *const builds[] = {"}}b.", "]}b.",   "N}b.",
                                         ")}b.", "K\1}b.", "cargparse\nNamespace\n}b."};
    for (size_t i = 0; i < sizeof builds / sizeof *builds; i++)
        pickle_refused(builds[i], EFFNET_ERR_FORMAT, "unsupported opcode BUILD on what is no object");
    pickle_refused("\xFF", EFFNET_ERR_FORMAT, "0xff is no opcode");
    pickle_refused("\x80\6.", EFFNET_ERR_FORMAT, "unknown protocol");
}

static void p11_payload_then_garbage(void **state)
{
    (void)state;
    bytes p = plain_pickle();
    p.data[p.size - 1] = 0xFF; /* instead of STOP */
    put_text(&p, "garbage");
    made_refused(&p, EFFNET_ERR_FORMAT, "0xff is no opcode");
    global_refused("os system", "\xFF\xFF", "unsafe global os.system");
}

static void p12_type_confusion(void **state)
{
    (void)state;
    static const char set[] = "type error: items set in what is no dict",
                      append[] = "type error: values appended to what is no list";
    pickle_refused("]K\1K\2s.", EFFNET_ERR_FORMAT, set);
    pickle_refused("](K\1K\2u.", EFFNET_ERR_FORMAT, set);
    pickle_refused(")K\1K\2s.", EFFNET_ERR_FORMAT, set);
    pickle_refused("NK\1K\2s.", EFFNET_ERR_FORMAT, set);
    pickle_refused("}K\1a.", EFFNET_ERR_FORMAT, append);
    pickle_refused("}(K\1e.", EFFNET_ERR_FORMAT, append);
    pickle_refused(")K\1a.", EFFNET_ERR_FORMAT, append);
    for (int appends = 0; appends < 2; appends++) { /* on a tensor (CVE-2026-24747) */
        bytes p = {0};
        op_four(&p);
        put_text(&p, appends ? "K\1a." : "K\1K\2s.");
        made_refused(&p, EFFNET_ERR_FORMAT, appends ? append : set);
        bytes q = {0};
        op_storage(&q, "torch FloatStorage", "0", 4);
        put_text(&q, appends ? "(K\1e." : "(K\1K\2u.");
        made_refused(&q, EFFNET_ERR_FORMAT, appends ? append : set);
    }
    pickle_refused("NNR.", EFFNET_ERR_FORMAT, "a call needs a function and a tuple");
    pickle_refused("ccollections\nOrderedDict\n]R.", EFFNET_ERR_FORMAT,
                   "a call needs a function and a tuple");
    pickle_refused("N)\x81.", EFFNET_ERR_FORMAT, "a new object needs a class and a tuple");
    pickle_refused("}(K\1u.", EFFNET_ERR_FORMAT, "a key without a value");
}

/* _rebuild_tensor_v2 and its kin with the arguments `opcodes`. */
static void call_refused(const char *function, const char *opcodes)
{
    bytes p = {0};
    op_global(&p, function);
    put_text(&p, opcodes);
    put_text(&p, "R.");
    made_refused(&p, EFFNET_ERR_FORMAT, "bad arguments for ");
}

static void p15_arguments(void **state)
{
    (void)state;
    static const char v2[] = "torch._utils _rebuild_tensor_v2";
    call_refused(v2, ")");
    call_refused(v2, "NNN\x87");
    call_refused(v2, "(NNNNNNt");
    call_refused("torch._utils _rebuild_tensor", "(NNNNt");
    call_refused("torch._utils _rebuild_tensor_v3", "(NNNNNNNt");
    call_refused("torch._utils _rebuild_parameter", ")");
    call_refused("torch._utils _rebuild_parameter", "N\x88}\x87");
    call_refused("torch._tensor _rebuild_from_type_v2", "NN\x86");
    call_refused("torch._tensor _rebuild_from_type_v2", "NNN\x87");
    call_refused("torch Size", ")");
    call_refused("torch Size", "]\x85");
    call_refused("copyreg _reconstructor", ")");
    call_refused("collections OrderedDict", "]K\1a\x85");
    bytes many = {0};
    put_text(&many, "(");
    put_repeated(&many, "N", 1000);
    put_u8(&many, 't');
    put_u8(&many, 0);
    call_refused(v2, (const char *)many.data);
    free(many.data);
    /* The right number, one of the wrong type. */
    static const char *const wrong[] = {"G\0\0\0\0\0\0\0\0K\4\x85K\1\x85",
                                        "K\0]K\1\x85",
                                        "K\0K\4\x85N",
                                        "K\0K\4\x85)",
                                        "K\0N\x85K\1\x85",
                                        "K\0K\4\x85\x88\x85"};
    static const size_t sizes[] = {15, 6, 6, 6, 7, 7};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        bytes p = {0};
        op_global(&p, v2);
        put_text(&p, "(");
        op_storage(&p, "torch FloatStorage", "0", 4);
        put(&p, wrong[i], sizes[i]);
        put_text(&p, "\x89}tR.");
        made_refused(&p, EFFNET_ERR_FORMAT, "bad arguments for torch._utils._rebuild_tensor_v2");
    }
    bytes p = {0};
    op_global(&p, "torch._utils _rebuild_tensor_v3");
    put_text(&p, "(");
    op_storage(&p, "torch.storage UntypedStorage", "0", 16);
    put_text(&p, "J");
    put_le(&p, 0, 4);
    put_text(&p, "))\x89}NtR.");
    made_refused(&p, EFFNET_ERR_FORMAT, "bad arguments for torch._utils._rebuild_tensor_v3");
}

static void persistent_ids(void **state)
{
    (void)state;
    static const char bad[] = "a persistent id that is no storage",
                      description[] = "bad description of a storage";
    pickle_refused("NQ.", EFFNET_ERR_FORMAT, bad);
    pickle_refused(")Q.", EFFNET_ERR_FORMAT, bad);
    pickle_refused("K\1\x85Q.", EFFNET_ERR_FORMAT, bad);
    pickle_refused("\x8C\6module\x85Q.", EFFNET_ERR_FORMAT, bad);
    pickle_refused("\x8C\6moduleN\x86Q.", EFFNET_ERR_FORMAT, bad);
    pickle_refused("\x8C\7storageNN\x87Q.", EFFNET_ERR_FORMAT, description);
    pickle_refused("(\x8C\7storageN\x8C\1"
                   "0\x8C\3cpuK\4tQ.",
                   EFFNET_ERR_FORMAT, description);
    pickle_refused("(\x8C\7storagectorch\nFloatStorage\nK\1\x8C\3cpuK\4tQ.", EFFNET_ERR_FORMAT, description);
    pickle_refused("(\x8C\7storagectorch\nFloatStorage\n\x8C\1"
                   "0\x8C\3cpuNtQ.",
                   EFFNET_ERR_FORMAT, description);
}

static void p16_memo(void **state)
{
    (void)state;
    pickle_refused("h\7.", EFFNET_ERR_FORMAT, "undefined memo entry 7");
    pickle_refused("j\xFF\xFF\xFF\xFF.", EFFNET_ERR_FORMAT, "undefined memo entry 4294967295");
    pickle_refused("q\1.", EFFNET_ERR_FORMAT, "nothing on the stack to remember");
    bytes p = {0};
    put_text(&p, "}r\xFF\xFF\xFF\xFF");
    op_text(&p, "w");
    put_text(&p, "r\xFE\xFF\xFF\xFF");
    op_four(&p);
    put_text(&p, "sj\xFF\xFF\xFF\xFF.");
    state_dict *dict = made_accepted(&p);
    assert_values(dict, "", "w", four, 4);
    state_free(dict);
    free(p.data);
    static const uint32_t steps[] = {1, 2654435761u,
                                     1u << 19}; /* side by side, far apart, alike in low bits */
    for (size_t k = 0; k < 3; k++) {
        bytes many = {0};
        put_text(&many, "N");
        for (uint32_t i = 0; i <= PICKLE_MAX_MEMO; i++) {
            put_text(&many, "r");
            put_le(&many, (i * steps[k]) ^ i >> 13, 4);
        }
        put_text(&many, ".");
        made_refused(&many, EFFNET_ERR_LIMIT, k ? "more than" : "more than 262144 memo entries");
    }
}

static void p17_stack(void **state)
{
    (void)state;
    static const char few[] = "an opcode wants more values than the stack has", mark[] = "a MARK is missing";
    static const char *const empty[] = {"0.",  ".",     "\x85.", "N\x86.", "NN\x87.", "a.",
                                        "]a.", "s.",    "}Ns.",  "R.",     "NR.",     "b.",
                                        "Q.",  "\x81.", "(.",    "]N(a.",  "(e.",     "(u."};
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        pickle_refused(empty[i], EFFNET_ERR_FORMAT, few);
    pickle_refused("t.", EFFNET_ERR_FORMAT, mark);
    pickle_refused("NNt.", EFFNET_ERR_FORMAT, mark);
    pickle_refused("u.", EFFNET_ERR_FORMAT, mark);
    pickle_refused("]e.", EFFNET_ERR_FORMAT, mark);
    pickle_refused("1.", EFFNET_ERR_FORMAT, mark);
    pickle_refused("}", EFFNET_ERR_FORMAT, "truncated");
    pickle_refused("N(0", EFFNET_ERR_FORMAT, "truncated"); /* POP takes the MARK, and there is no STOP */
    pickle_refused("(N10.", EFFNET_ERR_FORMAT, few);
    pickle_refused("(N(NN10.", EFFNET_ERR_FORMAT, few);
}

static void nest_refused(const char *opcodes, size_t times, const char *rule)
{
    bytes p = {0};
    put_repeated(&p, opcodes, times);
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_LIMIT, rule);
}

static void p18_nesting(void **state)
{
    (void)state;
    nest_refused("(", 1000000, "MARKs nested deeper than 256");
    nest_refused("]", 1000000, "the stack is too high");
    bytes p = {0};
    put_text(&p, "N");
    put_repeated(&p, "\x85", 999000);
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_LIMIT, "containers nested deeper than 256");
    put_repeated(&p, "]", 300); /* lists, closed from the innermost */
    put_repeated(&p, "a", 299);
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_LIMIT, "containers nested deeper than 256");
    /* Lists, each put into the one before: how deep they go is seen only when they are walked over. */
    put_text(&p, "]q\1");
    for (uint32_t i = 1; i < 300; i++) {
        put_text(&p, "j");
        put_le(&p, i, 4);
        put_text(&p, "]r");
        put_le(&p, i + 1, 4);
        put_text(&p, "a0");
    }
    put_text(&p, "h\1.");
    made_refused(&p, EFFNET_ERR_LIMIT, "containers nested deeper than 256");
    nest_refused("N0", 500001, "more than 1000000 opcodes");
}

static void p19_cycles(void **state)
{
    (void)state;
    static const char rule[] = "a container that holds itself";
    pickle_refused("]q\1h\1a.", EFFNET_ERR_FORMAT, rule);
    pickle_refused("}q\1K\1h\1s.", EFFNET_ERR_FORMAT, rule);
    pickle_refused("]q\1](h\1ee.", EFFNET_ERR_FORMAT, "a MARK is missing");
    pickle_refused("]q\1]h\1aa.", EFFNET_ERR_FORMAT, rule);
    pickle_refused("]q\1h\1\x85"
                   "a.",
                   EFFNET_ERR_FORMAT, rule);
    pickle_refused("}q\1K\1}K\2h\1ss.", EFFNET_ERR_FORMAT, rule);
    pickle_refused("cargparse\nNamespace\n)\x81q\1K\1h\1s.", EFFNET_ERR_FORMAT, rule);
}

static void p20_doubling(void **state)
{
    (void)state;
    bytes p = {0}; /* 40 lists, each twice in the next: 2^40 paths */
    put_text(&p, "]q\1");
    for (int i = 0; i < 40; i++)
        put_text(&p, "0](h\1h\1eq\1");
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_LIMIT, "more than 1000000 objects");
    put_text(&p, "}q\1(");
    op_text(&p, "a");
    op_four(&p);
    put_text(&p, "u");
    for (int i = 0; i < 20; i++) {
        put_text(&p, "0}(");
        op_text(&p, "l");
        put_text(&p, "h\1");
        op_text(&p, "r");
        put_text(&p, "h\1uq\1");
    }
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_LIMIT, "more than");
}

static void truncated(const void *opcodes, size_t size)
{
    pickle_refused_n(opcodes, size, EFFNET_ERR_FORMAT, "truncated");
}

static void p21_lengths(void **state)
{
    (void)state;
    truncated("X\xFF\xFF\xFF\xFF.", 6);
    truncated("T\xFF\xFF\xFF\x7F.", 6);
    truncated("B\xFF\xFF\xFF\xFF.", 6);
    truncated("\x8D\0\0\0\0\0\0\0\x80.", 10);
    truncated("\x8E\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF.", 10);
    truncated("\x8B\xFF\xFF\xFF\xFF.", 6);
    truncated("\x8A\xFF.", 3);
    truncated("\x95\2\0\0\0\0\0\0\0.", 10);
    truncated("\x8C\2a", 3);
    truncated("U\2a", 3);
    truncated("C\2a", 3);
    truncated("cos", 3);
    truncated("cos\nsystem", 10);
    truncated("G\0\0\0", 4);
    truncated("M\1", 2);
}

static void many_objects_have_a_ceiling(void **state)
{
    (void)state;
    nest_refused("]Na0", 240000, "takes more than 16 MiB of memory");
    bytes p = {0};
    put_text(&p, "]");
    for (size_t i = 0; i < 900; i++) {
        put_text(&p, "(");
        put_repeated(&p, "N", 1000);
        put_text(&p, "e");
    }
    put_text(&p, "\x85\x85.");
    made_refused(&p, EFFNET_ERR_LIMIT, "takes more than 16 MiB of memory");
}

/* P25 and what older Pythons write: all that may lie beside and around a tensor. */
static void harmless_things_load(void **state)
{
    (void)state;
    bytes p = {0};
    put_text(&p, "\x80\2ccollections\nOrderedDict\n]("); /* Python 2: OrderedDict([[key, value], ...]) */
    put_text(&p, "](U\1a");
    op_four(&p);
    put_text(&p, "e(T");
    put_le(&p, 1, 4);
    put_text(&p, "b");
    op_global(&p, "torch._utils _rebuild_parameter");
    op_four(&p);
    put_text(&p, "\x88}\x87Rte\x85R");
    /* Its attributes, which are of no interest. */
    op_text(&p, "args");
    put_text(&p, "cmy.settings\nConfig\n)\x81}\x8C\1kK\1sb"); /* an unknown class */
    put_text(
        &p,
        "ccopy_reg\n_reconstructor\n(cmy\nOld\nc__builtin__\nobject\nNtR}b"); /* and in protocol 0 style */
    put_text(&p, "\x86\x86"
                 "0");
    op_text(&p, "d");
    put_text(&p, "ceasydict\nEasyDict\n)\x81(\x8C\1x"); /* a dict of an unknown class, with a tensor in it */
    op_four(&p);
    put_text(&p, "u}b");
    put_text(&p, "s");
    op_text(&p, "l");
    put_text(&p, "cmy\nList\n)\x81(K\1K\2eK\3as"); /* a list of an unknown class */
    op_text(&p, "size");
    put_text(&p, "ctorch\nSize\n(K\1K\2t\x85Rs");
    op_text(&p, "class");
    put_text(&p, "ctorch.optim.adam\nAdam\ns"); /* a class that is only named */
    op_text(&p, "long");
    put_text(&p, "\x8A\x09\1\2\3\4\5\6\7\x08\x09s\x8C\1n\x8B");
    put_le(&p, 1, 4);
    put_text(&p, "\xFFs\x8C\1m\x8D");
    put_le(&p, 1, 8);
    put_text(&p, "xs\x8C\1oC\1xs\x8C\1pB");
    put_le(&p, 1, 4);
    put_text(&p, "xs\x8C\1q\x8E");
    put_le(&p, 1, 8);
    put_text(&p, "xs\x8C\1rG\x3F\xF0\1\1\1\1\1\1s\x8C\1sM\1\1s");
    put_text(&p, "K\7}\x8C\1t"); /* a key that is a number, and one that is none */
    op_four(&p);
    put_text(&p, "ss)]");
    op_four(&p);
    put_text(&p, "as.");
    state_dict *dict = made_accepted(&p);
    assert_values(dict, "", "a", four, 4);
    assert_values(dict, "", "b", four, 4);
    assert_values(dict, "d", "x", four, 4);
    assert_values(dict, "7", "t", four, 4);
    assert_int_equal(state_count(dict), 4);
    state_free(dict);
    free(p.data);
}

/* _rebuild_from_type_v2(function, class, arguments, state) around each of the functions it may call. */
static void tensors_of_a_class(void **state)
{
    (void)state;
    bytes p = {0};
    put_text(&p, "}(");
    op_text(&p, "a");
    op_global(&p, "torch._tensor _rebuild_from_type_v2");
    put_text(&p, "(");
    op_global(&p, "torch._utils _rebuild_tensor_v2");
    op_global(&p, "my Tensor");
    put_text(&p, "(");
    op_storage(&p, "torch FloatStorage", "0", 4);
    put_text(&p, "K\1K\3\x85K\1\x85\x89}t}tR");
    op_text(&p, "b");
    op_global(&p, "torch._tensor _rebuild_from_type_v2");
    put_text(&p, "(");
    op_global(&p, "torch._utils _rebuild_parameter");
    op_global(&p, "my Parameter");
    op_four(&p);
    put_text(&p, "\x88}\x87}tRu.");
    state_dict *dict = made_accepted(&p);
    assert_values(dict, "", "a", four + 1, 3);
    assert_values(dict, "", "b", four, 4);
    state_free(dict);
    free(p.data);
    bytes q = {0};
    put_text(&q, "}");
    op_text(&q, "q");
    op_global(&q, "torch._tensor _rebuild_from_type_v2");
    put_text(&q, "(");
    op_global(&q, "torch._utils _rebuild_qtensor");
    op_global(&q, "my Tensor");
    put_text(&q, ")}tRs.");
    made_refused(&q, EFFNET_ERR_UNSUPPORTED, "tensor q: unsupported kind (torch._utils._rebuild_qtensor)");
}

static void whole_objects_are_refused_with_advice(void **state)
{
    (void)state;
    pickle_refused("cmy.net\nNet\n)\x81}b.", EFFNET_ERR_UNSUPPORTED,
                   "a whole object (my.net.Net) was saved, not its tensors: save model.state_dict() instead");
    pickle_refused("N.", EFFNET_ERR_UNSUPPORTED, "no tensors in the file");
    pickle_refused("}.", EFFNET_ERR_UNSUPPORTED, "no tensors in the file");
    bytes p = {0};
    op_four(&p);
    put_text(&p, ".");
    made_refused(&p, EFFNET_ERR_UNSUPPORTED, "a single tensor without a name");
}

static void name_refused(const void *name, size_t size, effnet_status status, const char *rule)
{
    bytes p = {0};
    put_text(&p, "}X");
    put_le(&p, size, 4);
    put(&p, name, size);
    op_four(&p);
    put_text(&p, "s.");
    made_refused(&p, status, rule);
}

static void g8_hostile_names(void **state)
{
    (void)state;
    name_refused("a\0b", 3, EFFNET_ERR_FORMAT, "name a\\x00b: holds a NUL byte");
    name_refused("a\xFF", 2, EFFNET_ERR_FORMAT, "name a\\xFF: not valid UTF-8");
    char longest[2000];
    memset(longest, 'n', sizeof longest);
    name_refused(longest, sizeof longest, EFFNET_ERR_LIMIT, "a tensor's name is longer than 1024 bytes");
    bytes p = {0}; /* a path that gets too long on the way */
    for (int i = 0; i < 5; i++) {
        put_text(&p, "}X");
        put_le(&p, 300, 4);
        put(&p, longest, 300);
    }
    op_four(&p);
    put_text(&p, "sssss.");
    made_refused(&p, EFFNET_ERR_LIMIT, "a tensor's name is longer than 1024 bytes");
    put_text(&p, "}("); /* the same name by two ways */
    op_text(&p, "g");
    put_text(&p, "}(");
    op_text(&p, "a.b");
    op_four(&p);
    op_text(&p, "a");
    put_text(&p, "}");
    op_text(&p, "b");
    op_four(&p);
    put_text(&p, "suu.");
    made_refused(&p, EFFNET_ERR_FORMAT, "tensor a.b: duplicate name");
}

/* A stream of every opcode after a stack of every kind of value: nothing may crash. */
static void every_opcode_on_every_value(void **state)
{
    (void)state;
    static const char *const values[] = {"",
                                         "N",
                                         "\x88",
                                         "K\1",
                                         "]",
                                         "}",
                                         ")",
                                         "(",
                                         "ccollections\nOrderedDict\n",
                                         "cmy\nClass\n)\x81",
                                         "ctorch._utils\n_rebuild_tensor_v2\n",
                                         "\x8C\1x"};
    enum { VALUES = sizeof values / sizeof *values };
    for (size_t i = 0; i < VALUES * VALUES; i++)
        for (unsigned opcode = 0; opcode < 256; opcode++) {
            bytes p = {0};
            put_text(&p, "}");
            put_text(&p, values[i / VALUES]);
            put_text(&p, values[i % VALUES]);
            put_u8(&p, (uint8_t)opcode);
            put(&p, "\1\0\0\0\0\0\0\0.", 9);
            zip_maker z = torch_zip(&p, four, sizeof four);
            touch(z.file.data, z.file.size);
            zip_free(&z);
            free(p.data);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(p9_unsafe_globals),
        cmocka_unit_test(p10_unsupported_opcodes),
        cmocka_unit_test(p11_payload_then_garbage),
        cmocka_unit_test(p12_type_confusion),
        cmocka_unit_test(p15_arguments),
        cmocka_unit_test(persistent_ids),
        cmocka_unit_test(p16_memo),
        cmocka_unit_test(p17_stack),
        cmocka_unit_test(p18_nesting),
        cmocka_unit_test(p19_cycles),
        cmocka_unit_test(p20_doubling),
        cmocka_unit_test(p21_lengths),
        cmocka_unit_test(many_objects_have_a_ceiling),
        cmocka_unit_test(harmless_things_load),
        cmocka_unit_test(tensors_of_a_class),
        cmocka_unit_test(whole_objects_are_refused_with_advice),
        cmocka_unit_test(g8_hostile_names),
        cmocka_unit_test(every_opcode_on_every_value),
    };
    return cmocka_run_group_tests_name("pickle", tests, NULL, NULL);
}
