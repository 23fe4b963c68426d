/**
 * Keeps the plan of the house by reading the source text: layers and the direction of imports, which packages a layer
 * may name, sizes of files and functions, banned calls, names of files. A rule that fights the code is changed here, openly.
 */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const SOURCE = path.resolve(import.meta.dirname, "../src");

interface SourceFile {
  /** Relative to src, with forward slashes. */
  readonly name: string;
  readonly layer: string;
  readonly text: string;
  readonly lines: readonly string[];
}

const files: readonly SourceFile[] = readdirSync(SOURCE, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
  .map((entry) => {
    const full = path.join(entry.parentPath, entry.name);
    const name = path.relative(SOURCE, full).split(path.sep).join("/");
    const text = readFileSync(full, "utf8");
    return { name, layer: name.split("/")[0] ?? "", text, lines: text.split("\n") };
  });

/** Layer to the layers that it may import, itself always included. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ["base"],
  engine: ["base"],
  segment: ["base", "model", "engine"],
  api: ["base", "model"],
  gateway: ["base", "model", "segment", "api"],
  daemon: ["base", "model", "engine", "segment", "api", "gateway"],
  cli: ["base", "model", "api"],
};

/** Package to the folders that may name it. `node:` modules are free. */
const PACKAGE_HOMES: Readonly<Record<string, readonly string[]>> = {
  pino: ["base/"],
  "@node-rs/crc32": ["base/"],
  "@napi-rs/blake-hash": ["model/"],
  zod: ["api/"],
  undici: ["api/"],
  fastify: ["gateway/admin/"],
  "fast-xml-parser": ["gateway/s3/"],
  "prom-client": ["gateway/admin/"],
  "smol-toml": ["daemon/"],
  commander: ["cli/", "daemon/"],
  chalk: ["cli/output/"],
  "cli-table3": ["cli/output/"],
  ora: ["cli/output/"],
};

/** Banned text to the files that are its home. */
const BANNED: ReadonlyArray<readonly [what: string, pattern: RegExp, homes: readonly string[]]> = [
  ["console", /\bconsole\./, []],
  ["process.exit", /\bprocess\.exit\b(?!Code)/, ["daemon/main.ts", "cli/main.ts"]],
  ["process.env", /\bprocess\.env\b/, ["base/environment.ts"]],
  ["Date.now", /\bDate\.now\b/, ["base/clock.ts"]],
  ["performance.now", /\bperformance\.now\b/, ["base/clock.ts"]],
  ["Math.random", /\bMath\.random\b/, []],
  ["export default", /^export default\b/m, []],
  ["export *", /^export \* from/m, []],
  ["any", /[:<(,|&]\s*any\b(?!\s*\()/, []],
];

/** Longest a file may be, by where it stands; the first match counts. */
const FILE_LINES_MAX: ReadonlyArray<readonly [where: RegExp, lines: number]> = [
  [/^cli\/commands\//, 120],
  [/^gateway\/[a-z0-9]+\/wire\//, 200],
  [/^gateway\/[a-z0-9]+\/(operations|procedures)\//, 150],
  [/^engine\/(chunk-store|meta-store|engine)\.ts$/, 120],
  [/./, 300],
];
const FUNCTION_LINES_MAX = 70;

const importsOf = (file: SourceFile): readonly string[] =>
  [
    ...file.text.matchAll(
      /(?:^|[\s;])(?:import|export)\s[^;]*?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|^import\s+"([^"]+)"/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? "");

const withoutComments = (text: string) =>
  text
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " "))
    .replace(/(^|\s)\/\/.*$/gm, "$1");

describe("the house", () => {
  it("has source files, each in a known layer", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => !(file.layer in MAY_IMPORT)).map((file) => file.name)).toEqual([]);
  });

  it("imports in one direction, through front doors, and never between sibling gateways", () => {
    expect(files.flatMap(importFaults)).toEqual([]);
  });

  it("names a package only where the package table says", () => {
    const faults = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => !target.startsWith(".") && !target.startsWith("node:"))
        .filter((target) => {
          const name = target
            .split("/")
            .slice(0, target.startsWith("@") ? 2 : 1)
            .join("/");
          return !(PACKAGE_HOMES[name] ?? []).some((home) => file.name.startsWith(home));
        })
        .map((target) => `${file.name} names ${target}`),
    );
    expect(faults).toEqual([]);
  });

  it("calls nothing that is banned outside its home", () => {
    const faults = files.flatMap((file) => {
      const code = withoutComments(file.text);
      return BANNED.filter(([, pattern, homes]) => !homes.includes(file.name) && pattern.test(code)).map(
        ([what]) => `${file.name} uses ${what}`,
      );
    });
    expect(faults).toEqual([]);
  });

  it("keeps files and functions within their budgets", () => {
    expect(files.flatMap(sizeFaults)).toEqual([]);
  });

  it("names files in kebab-case by a noun, never utils, helpers, common, misc, manager or index", () => {
    const bad = files.filter((file) => {
      const base = file.name.split("/").at(-1)?.replace(/\.ts$/, "") ?? "";
      return (
        !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(base) || /^(utils?|helpers?|common|misc|managers?|index)$/.test(base)
      );
    });
    expect(bad.map((file) => file.name)).toEqual([]);
  });

  it("opens every file with a block that says what it owns", () => {
    const bad = files.filter((file) => !file.text.replace(/^#!.*\n/, "").startsWith("/**"));
    expect(bad.map((file) => file.name)).toEqual([]);
  });
});

function importFaults(file: SourceFile): readonly string[] {
  const faults: string[] = [];
  for (const target of importsOf(file)) {
    if (!target.startsWith(".")) continue;
    const resolved = path.posix.normalize(path.posix.join(path.posix.dirname(file.name), target));
    // The version stands in one place only; programs take it from there.
    if (resolved === "../package.json") continue;
    const [layer = "", ...inside] = resolved.split("/");
    const isOwn = layer === file.layer;
    if (!isOwn && !(MAY_IMPORT[file.layer] ?? []).includes(layer)) {
      faults.push(`${file.name} imports ${resolved}: ${file.layer} may not import ${layer}`);
    }
    if (!isOwn && inside.length > 1 && !isComposition(file, layer)) {
      faults.push(`${file.name} imports ${resolved}: not a front door`);
    }
    if (isOwn && layer === "gateway" && inside.length > 1 && siblingOf(file) !== inside[0]) {
      faults.push(`${file.name} imports ${resolved}: a sibling gateway`);
    }
    if (file.layer === "gateway" && layer === "api" && siblingOf(file) !== "admin") {
      faults.push(`${file.name} imports ${resolved}: only the admin gateway may`);
    }
  }
  return faults;
}

/** The daemon composes: it may name concrete engines and gateways. */
function isComposition(file: SourceFile, layer: string): boolean {
  return file.layer === "daemon" && (layer === "engine" || layer === "gateway");
}

function siblingOf(file: SourceFile): string | undefined {
  return file.name.split("/")[1];
}

function sizeFaults(file: SourceFile): readonly string[] {
  const faults: string[] = [];
  const max = FILE_LINES_MAX.find(([where]) => where.test(file.name))?.[1] ?? 300;
  const count = file.lines.length - 1;
  if (count > max) faults.push(`${file.name} has ${count} lines, the budget is ${max}`);
  for (const [name, lines] of functionLengths(file)) {
    if (lines > FUNCTION_LINES_MAX)
      faults.push(`${file.name} ${name} has ${lines} lines, the budget is ${FUNCTION_LINES_MAX}`);
  }
  return faults;
}

/** Functions and methods by their indentation: from the line that opens one to the brace in the same column. */
function functionLengths(file: SourceFile): ReadonlyArray<readonly [name: string, lines: number]> {
  const found: Array<readonly [string, number]> = [];
  file.lines.forEach((line, start) => {
    const match =
      /^(\s*)(?:export )?(?:async )?function\*? (\w+)/.exec(line) ??
      /^(\s{2})(?:static |override |async |get |set )*\*?(#?\w+)(?:<.*>)?\(.*\{$/.exec(line);
    if (match === null || /^\s*(if|for|while|switch|return|catch)\b/.test(line)) return;
    const indent = match[1] ?? "";
    const end = file.lines.findIndex(
      (other, index) => index > start && other.startsWith(`${indent}}`) && !other.startsWith(`${indent}} `),
    );
    if (end > start) found.push([match[2] ?? "", end - start + 1]);
  });
  return found;
}
