/**
 * Sessions as a person types them: each `*.txtar` here is a list of commands and then files, run with the built efscli against real
 * daemons in a directory of its own. Lines:
 *
 *   efscli …              runs in a shell, must end with exit 0; `sh …` the same for any command line
 *   [N] efscli …          must end with exit N
 *   stdout | stderr RE    what the last command printed matches; `! stdout RE`: does not; `stdout ''`: nothing
 *   same FILE FILE        both files are equal
 *   efsd NAME [flags]     starts a daemon with data in NAME; stop NAME, kill NAME end it
 *   until RE efscli …     runs the command again until its stdout matches, with a deadline
 */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { environmentWith } from "../../src/base/environment.ts";
import { startDaemon, type TestDaemon } from "../support/daemon.ts";

const BIN = path.resolve(import.meta.dirname, "../../bin");
const UNTIL_MS = 30_000;

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

class Place {
  readonly directory = mkdtempSync(path.join(tmpdir(), "efscli-script-"));
  readonly #daemons = new Map<string, TestDaemon>();
  readonly #env: Record<string, string>;

  constructor() {
    const runtime = path.join(this.directory, "run");
    mkdirSync(runtime);
    this.#env = environmentWith({
      PATH: `${BIN}:${environmentWith({}).PATH}`,
      WORK: this.directory,
      HOME: this.directory,
      XDG_RUNTIME_DIR: runtime,
      NO_COLOR: "1",
      NODE_EXTRA_CA_CERTS: undefined,
      EFSCLI_ENDPOINT: undefined,
      EFSCLI_TOKEN_FILE: undefined,
    });
  }

  async start(name: string, args: readonly string[]): Promise<void> {
    const dataDirectory = path.join(this.directory, name);
    const env = { XDG_RUNTIME_DIR: this.#env.XDG_RUNTIME_DIR };
    const daemon = await startDaemon({ dataDirectory, name, args, env });
    this.#daemons.set(name, daemon);
    // TCP ports and socket paths are known only now: scripts write $hawaii and $hawaii_tcp.
    this.#env[name] = daemon.endpoint;
    this.#env[`${name}_tcp`] = String(daemon.ready.adminListen ?? "");
  }

  async end(name: string, how: "stop" | "kill"): Promise<void> {
    await this.#daemons.get(name)?.[how]();
    this.#daemons.delete(name);
  }

  run(line: string): Promise<Ran> {
    return new Promise((resolve, reject) => {
      const child = spawn("bash", ["-c", line], { cwd: this.directory, env: this.#env });
      const said = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said.stdout += text;
      });
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        said.stderr += text;
      });
      child.on("error", reject);
      child.on("close", (code) => resolve({ exitCode: code ?? -1, ...said }));
      child.stdin.end();
    });
  }

  async remove(): Promise<void> {
    for (const daemon of this.#daemons.values()) await daemon.kill();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

let place: Place | undefined;
afterEach(() => place?.remove());

describe("scripts", () => {
  for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith(".txtar"))) {
    const text = readFileSync(path.join(import.meta.dirname, file), "utf8");
    it(/^# (.*)/.exec(text)?.[1] ?? file, async () => {
      place = new Place();
      await play(place, text, file);
    });
  }
});

async function play(at: Place, text: string, file: string): Promise<void> {
  const [script = "", ...files] = text.split(/^-- (.+) --\n/m);
  for (let index = 0; index < files.length; index += 2) {
    const target = path.join(at.directory, files[index] ?? "");
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, files[index + 1] ?? "");
  }
  let last: Ran = { exitCode: 0, stdout: "", stderr: "" };
  for (const [index, line] of script.split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    last = await step(at, line, { last, where: `${file}:${index + 1}: ${line}` });
  }
}

async function step(at: Place, line: string, { last, where }: { last: Ran; where: string }): Promise<Ran> {
  const [, exit = "0", rest = line] = /^\[(\d+)\] (.*)$/.exec(line) ?? [];
  const [word = "", ...words] = rest.split(" ");
  const match = /^(! )?(stdout|stderr) (.*)$/.exec(line);
  if (match !== null) {
    const [, not, stream, pattern = ""] = match;
    const said = last[stream as "stdout" | "stderr"];
    if (pattern === "''") expect(said, where).toBe("");
    else if (not === undefined) expect(said, where).toMatch(new RegExp(pattern, "m"));
    else expect(said, where).not.toMatch(new RegExp(pattern, "m"));
    return last;
  }
  if (word === "efsd") await at.start(words[0] ?? "", words.slice(1));
  else if (word === "stop" || word === "kill") await at.end(words[0] ?? "", word);
  else if (word === "same") {
    const [left, right] = words.map((name) => readFileSync(path.join(at.directory, name)));
    expect(right?.equals(left ?? new Uint8Array()), where).toBe(true);
  } else if (word === "until")
    return until(at, new RegExp(words[0] ?? "", "m"), { line: words.slice(1).join(" "), where });
  else return ran(await at.run(word === "sh" ? words.join(" ") : rest), Number(exit), where);
  return last;
}

function ran(result: Ran, exitCode: number, where: string): Ran {
  expect(result.exitCode, `${where}\nstdout: ${result.stdout}\nstderr: ${result.stderr}`).toBe(exitCode);
  expect(result.stderr, where).not.toContain("INTERNAL");
  return result;
}

async function until(
  at: Place,
  pattern: RegExp,
  { line, where }: { line: string; where: string },
): Promise<Ran> {
  const deadline = AbortSignal.timeout(UNTIL_MS);
  for (;;) {
    const result = await at.run(line);
    if (pattern.test(result.stdout)) return result;
    if (deadline.aborted)
      throw new Error(`${where}: never\nstdout: ${result.stdout}\nstderr: ${result.stderr}`);
  }
}
