/**
 * A very small assembler for the WebAssembly text that gear.wat uses: one memory, exported functions, flat instructions, named
 * labels and locals. It knows no more than that; anything else is an error.
 */

const TYPES: Readonly<Record<string, number>> = { i32: 0x7f, i64: 0x7e };

const PLAIN: Readonly<Record<string, number>> = {
  return: 0x0f,
  "i32.ne": 0x47,
  "i32.gt_u": 0x4b,
  "i32.le_u": 0x4d,
  "i32.ge_u": 0x4f,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.shl": 0x74,
  "i64.ne": 0x52,
  "i64.lt_u": 0x54,
  "i64.add": 0x7c,
  "i64.shl": 0x86,
};
const LOCAL: Readonly<Record<string, number>> = { "local.get": 0x20, "local.set": 0x21, "local.tee": 0x22 };
const BRANCH: Readonly<Record<string, number>> = { br: 0x0c, br_if: 0x0d };
/** Opcode and alignment (as a power of two). */
const LOAD: Readonly<Record<string, readonly [number, number]>> = {
  "i32.load8_u": [0x2d, 0],
  "i64.load": [0x29, 3],
};

type Expression = string | Expression[];

interface Func {
  readonly name: string;
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly body: readonly number[];
}

export function assemble(text: string): Uint8Array {
  const module = parse(text);
  let memoryName = "";
  let memoryPages = 0;
  const funcs: Func[] = [];
  for (const field of module.slice(1)) {
    const head = field[0];
    if (head === "memory") {
      memoryName = exported(field[1]);
      memoryPages = Number(field[2]);
    } else if (head === "func" && Array.isArray(field)) {
      funcs.push(assembleFunc(field));
    } else {
      throw new Error(`unknown field ${String(head)}`);
    }
  }
  const signatures = funcs.map((func) => [0x60, ...vector(func.params), ...vector(func.results)]);
  const types = signatures.filter((type, index) => index === placeOfType(signatures, type));
  const exports = [
    [...name(memoryName), 2, 0],
    ...funcs.map((func, index) => [...name(func.name), 0, ...unsigned(index)]),
  ];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, types),
    ...section(
      3,
      signatures.map((type) => unsigned(placeOfType(types, type))),
    ),
    ...section(5, [[0, ...unsigned(memoryPages)]]),
    ...section(7, exports),
    ...section(
      10,
      funcs.map(({ body }) => [...unsigned(body.length), ...body]),
    ),
  ]);
}

function assembleFunc(field: readonly Expression[]): Func {
  const params: number[] = [];
  const locals: number[] = [];
  const results: number[] = [];
  const names: string[] = [];
  const flat: string[] = [];
  for (const part of field.slice(2)) {
    if (!Array.isArray(part)) {
      flat.push(part);
      continue;
    }
    const type = TYPES[String(part.at(-1))];
    if (type === undefined) throw new Error(`unknown type ${String(part.at(-1))}`);
    if (part[0] === "result") results.push(type);
    else {
      (part[0] === "param" ? params : locals).push(type);
      names.push(String(part[1]));
    }
  }
  const declared = locals.map((type) => [1, type]);
  const body = [...vector(declared), ...instructions(flat, names), 0x0b];
  return { name: exported(field[1]), params, results, body };
}

function instructions(words: readonly string[], names: readonly string[]): number[] {
  const out: number[] = [];
  const labels: string[] = [];
  let at = 0;
  const next = () => words[at++] ?? "";
  while (at < words.length) {
    const word = next();
    const load = LOAD[word];
    if (word === "block" || word === "loop") {
      out.push(word === "block" ? 0x02 : 0x03, 0x40);
      labels.push(next());
    } else if (word === "end") {
      out.push(0x0b);
      labels.pop();
    } else if (word === "i32.const") {
      out.push(0x41, ...signed(BigInt(next())));
    } else if (word === "i64.const") {
      out.push(0x42, ...signed(BigInt(next())));
    } else if (word in LOCAL) {
      out.push(LOCAL[word] as number, ...unsigned(placeOf(names, next())));
    } else if (word in BRANCH) {
      const depth = labels.length - 1 - labels.lastIndexOf(next());
      if (depth >= labels.length) throw new Error(`unknown label before word ${at}`);
      out.push(BRANCH[word] as number, ...unsigned(depth));
    } else if (load !== undefined) {
      const offset = words[at]?.startsWith("offset=") ? Number(next().slice(7)) : 0;
      out.push(...load, ...unsigned(offset));
    } else if (word in PLAIN) {
      out.push(PLAIN[word] as number);
    } else {
      throw new Error(`unknown instruction ${word}`);
    }
  }
  return out;
}

function placeOfType(types: readonly (readonly number[])[], wanted: readonly number[]): number {
  return types.findIndex((type) => type.join() === wanted.join());
}

function placeOf(names: readonly string[], wanted: string): number {
  const place = names.indexOf(wanted);
  if (place < 0) throw new Error(`unknown local ${wanted}`);
  return place;
}

function parse(text: string): Expression[] {
  const tokens = text.replace(/;;.*$/gm, "").match(/[()]|"[^"]*"|[^\s()]+/g) ?? [];
  const root: Expression[] = [];
  const open: Expression[][] = [root];
  for (const token of tokens) {
    if (token === "(") open.push([]);
    else if (token === ")") {
      const done = open.pop() ?? [];
      open.at(-1)?.push(done);
    } else open.at(-1)?.push(token);
  }
  const module = root[0];
  if (root.length !== 1 || !Array.isArray(module) || module[0] !== "module")
    throw new Error("not one module");
  return module;
}

function exported(expression: Expression | undefined): string {
  if (!Array.isArray(expression) || expression[0] !== "export") throw new Error("an export is expected");
  return String(expression[1]).replaceAll('"', "");
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = vector(items);
  return [id, ...unsigned(content.length), ...content];
}

function vector(items: readonly (number | readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  return vector([...new TextEncoder().encode(text)]);
}

function unsigned(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  out.push(rest);
  return out;
}

function signed(value: bigint): number[] {
  const out: number[] = [];
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    out.push(isLast ? low : low | 0x80);
    if (isLast) return out;
  }
}
