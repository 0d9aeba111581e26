// Calls of C code that may raise, kept inside WebAssembly.
//
// MicroPython is compiled without WebAssembly's own exceptions. Such a call goes out to JavaScript,
// to a function `invoke_...` that calls back in and catches what is thrown, as does each call of a
// Python function: out and in takes 40 % of the time that Python runs. A module of WebAssembly that
// is made here catches without leaving. Both in Node and in the page; the way out is counted in
// findings/micropython-webassembly-checks-its-table-at-each-call.sh.

const INVOKE = "invoke_"; // and a letter for the result and for each argument: v nothing, i a number
const LONGJMP = "_emscripten_throw_longjmp"; // what the C code calls to throw

// WebAssembly, as its specification numbers it; `try` is that of the first exceptions it had.
const [I32, NOTHING, FUNCTION, ANY_FUNCTION] = [0x7f, 0x40, 0x60, 0x70];
const [TYPES, FUNCTIONS, TABLES, TAGS, EXPORTS, CODE] = [1, 3, 4, 13, 7, 10];
const [TRY, CATCH, CATCH_ALL, THROW, RETHROW, END] = [0x06, 0x07, 0x19, 0x08, 0x09, 0x0b];
const [CALL_INDIRECT, LOCAL_GET, LOCAL_SET, I32_CONST] = [0x11, 0x20, 0x21, 0x41];
const [IS_FUNCTION, IS_TABLE] = [0, 1];

// The types that are the same for all names; two of its own for each name come after them.
const [LEAVES, GIVES, TAKES, TAKES_TWO] = [0, 1, 2, 3];
const SHARED_TYPES = [kind(0, 0), kind(0, 1), kind(1, 0), kind(2, 0)];
// The tables: MicroPython's functions as its own table has them, and what keeps its stack of C.
const [CALLED, STACK] = [0, 1];
const STACK_KEEPERS = ["emscripten_stack_get_current", "_emscripten_stack_restore", "setThrew"];
const [STACK_GET, STACK_RESTORE, SET_THREW] = [0, 1, 2];

/** Let each module of WebAssembly that is begun from now on keep such calls inside. */
export function keepCallsInside() {
  const { compile, compileStreaming, instantiate } = WebAssembly;
  const begin = async (module, imports) => ({
    module,
    instance: await begun(instantiate, module, imports),
  });
  WebAssembly.instantiate = async (source, imports) =>
    source instanceof WebAssembly.Module
      ? begun(instantiate, source, imports)
      : begin(await compile(source), imports);
  WebAssembly.instantiateStreaming = async (answer, imports) =>
    begin(await compileStreaming(answer), imports);
}

async function begun(instantiate, module, imports) {
  const names = WebAssembly.Module.imports(module)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(INVOKE));
  const octets = moduleFor(names);
  if (!names.length || !WebAssembly.validate(octets)) {
    return instantiate(module, imports); // slower, in a browser that cannot do it
  }
  const { called, stack, ...inside } = new WebAssembly.Instance(new WebAssembly.Module(octets))
    .exports;
  const instance = await instantiate(module, { ...imports, env: { ...imports.env, ...inside } });
  const own = instance.exports.__indirect_function_table;
  called.grow(own.length);
  for (let at = 0; at < own.length; at++) {
    called.set(at, own.get(at));
  }
  STACK_KEEPERS.forEach((name, at) => stack.set(at, instance.exports[name]));
  return instance;
}

/** Return the octets of a module that exports `names`, LONGJMP and the tables, still empty. */
function moduleFor(names) {
  const places = names.map((_, at) => SHARED_TYPES.length + 2 * at);
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(TYPES, [...SHARED_TYPES, ...names.flatMap(kindsOf)]),
    ...section(FUNCTIONS, [...places.map((place) => number(place)), [LEAVES]]),
    ...section(TABLES, [
      [ANY_FUNCTION, 0, 0],
      [ANY_FUNCTION, 0, STACK_KEEPERS.length],
    ]),
    ...section(TAGS, [[0, LEAVES]]),
    ...section(EXPORTS, [
      ...[...names, LONGJMP].map((name, at) => [...text(name), IS_FUNCTION, ...number(at)]),
      [...text("called"), IS_TABLE, CALLED],
      [...text("stack"), IS_TABLE, STACK],
    ]),
    ...section(CODE, [
      ...names.map((name, at) => counted(codeOf(name, number(places[at] + 1)))),
      counted([0, THROW, 0, END]),
    ]),
  ]);
}

/** Return the types of the function `name` and of what it calls, whose index is not handed on. */
function kindsOf(name) {
  const [result, ...given] = name.slice(INVOKE.length);
  const results = result === "v" ? 0 : 1;
  return [kind(given.length + 1, results), kind(given.length, results)];
}

/** Return the code of the function `name`: as the `invoke_...` of the same name in JavaScript. */
function codeOf(name, type) {
  const [result, ...given] = name.slice(INVOKE.length);
  const pointer = given.length + 1; // the local that keeps where the stack of C was
  const restore = [LOCAL_GET, pointer, ...callKeeper(STACK_RESTORE, TAKES)];
  return [
    ...[1, 1, I32],
    ...[...callKeeper(STACK_GET, GIVES), LOCAL_SET, pointer],
    ...[TRY, result === "v" ? NOTHING : I32],
    ...given.flatMap((_, at) => [LOCAL_GET, at + 1]),
    ...[LOCAL_GET, 0, CALL_INDIRECT, ...type, CALLED],
    ...[CATCH, 0, ...restore],
    ...[I32_CONST, 1, I32_CONST, 0, ...callKeeper(SET_THREW, TAKES_TWO)],
    ...(result === "v" ? [] : [I32_CONST, 0]),
    ...[CATCH_ALL, ...restore, RETHROW, 0],
    ...[END, END],
  ];
}

function callKeeper(at, type) {
  return [I32_CONST, at, CALL_INDIRECT, type, STACK];
}

/** Return the type of a function that takes so many numbers and returns so many. */
function kind(taken, returned) {
  return [FUNCTION, taken, ...Array(taken).fill(I32), returned, ...Array(returned).fill(I32)];
}

function section(id, items) {
  return [id, ...counted([...number(items.length), ...items.flat()])];
}

function text(words) {
  return counted([...words].map((character) => character.charCodeAt(0)));
}

function counted(octets) {
  return [...number(octets.length), ...octets];
}

/** Return `value` in seven bits an octet, the lowest first. */
function number(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...number(value >>> 7)];
}
