/** What is made from the command tree: man pages that are up to date, completion that works in a real bash. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { manPages } from "../../src/cli/man/man-pages.ts";
import { treeSession } from "../../src/cli/man/tree-session.ts";
import { wholeProgram } from "../../src/cli/program.ts";
import { runCli } from "./fake-session.ts";

const MAN = path.resolve(import.meta.dirname, "../../man");

describe("man pages", () => {
  it("are what the command tree says: npm run man, and commit", async () => {
    for (const [name, text] of manPages(await wholeProgram(treeSession()))) {
      const file = path.join(MAN, name);
      expect(existsSync(file), `${name} is missing: npm run man`).toBe(true);
      expect(readFileSync(file, "utf8"), `${name} is out of date: npm run man`).toBe(text);
    }
  });

  it("hold no line that roff would take for a request by accident", async () => {
    for (const [name, text] of manPages(await wholeProgram(treeSession()))) {
      const odd = text
        .split("\n")
        .filter((line) => /^['.]/.test(line) && !/^\.(\\"|TH|SH|SS|PP|TP|RS|RE|nf|fi)( |$)/.test(line));
      expect(odd, name).toEqual([]);
    }
  });
});

describe("completion", () => {
  const directory = mkdtempSync(path.join(tmpdir(), "efscli-completion-"));
  const script = path.join(directory, "efscli.bash");
  beforeAll(async () => {
    writeFileSync(script, (await runCli("completion bash")).stdout);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** What bash offers for the last word. */
  function offered(...words: readonly string[]): readonly string[] {
    const body =
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is bash's
      'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _efscli; printf "%s\\n" "${COMPREPLY[@]}"';
    const text = execFileSync("bash", ["-c", body, "bash", script, "efscli", ...words], {
      encoding: "utf8",
      cwd: directory,
    });
    return text.split("\n").filter((line) => line !== "");
  }

  it("offers nouns, verbs, flags and formats in bash", () => {
    expect(offered("")).toContain("bucket");
    expect(offered("bu")).toEqual(["bucket"]);
    expect([...offered("bucket", "")].sort()).toEqual(["create", "delete", "list", "set", "show"]);
    expect(offered("b", "cr")).toEqual(["create"]);
    expect(offered("bucket", "list", "--pre")).toEqual(["--prefix"]);
    expect([...offered("system", "token", "")].sort()).toEqual(["create", "list", "revoke"]);
    expect(offered("-o", "json", "bucket", "l")).toEqual(["list"]);
    expect(offered("bucket", "list", "-o", "")).toEqual(["table", "json", "tsv", "name"]);
    expect(offered("object", "put", "efs")).toEqual(["efscli.bash"]);
    expect(offered("help", "exit")).toEqual(["exit-codes"]);
  });

  it("names every verb for zsh and fish", async () => {
    const zsh = (await runCli("completion zsh")).stdout;
    expect(zsh).toMatch(/^#compdef efscli\n/);
    expect(zsh).toContain('"bucket list"|"b list") candidates=()');
    const fish = (await runCli("completion fish")).stdout;
    expect(fish).toContain(`complete -c efscli -n '__efscli_at "bucket"' -f -a list`);
    expect(fish).toContain("-l prefix -r");
  });
});
