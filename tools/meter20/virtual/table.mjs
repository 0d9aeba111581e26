// WebAssembly's tables of functions, remembered in JavaScript.
//
// MicroPython's JavaScript asks a table for a function at each call that may raise an exception,
// and asks again to check the answer: nearly half of the time that Python runs. Both here and in
// the page; each realm has tables of its own. The count is in
// findings/micropython-webassembly-checks-its-table-at-each-call.sh.

const KNOWN = Symbol("functions by index");

/** Let each table answer from what it answered before. Code inside WebAssembly changes no entry. */
export function rememberFunctions() {
  const tables = WebAssembly.Table.prototype;
  const { get, set } = tables;
  tables.get = function (at) {
    this[KNOWN] ??= [];
    return (this[KNOWN][at] ??= get.call(this, at));
  };
  tables.set = function (at, ...entry) {
    this[KNOWN] = [];
    set.call(this, at, ...entry);
  };
}
