/** The command line itself: how it is read, how it fails, what it promises to everybody. */
import { describe, expect, it } from "vitest";
import type { AdminClient } from "../../src/api/admin-client.ts";
import { EfsError } from "../../src/base/errors.ts";
import { OutputClosed } from "../../src/cli/session.ts";
import { runCli } from "./fake-session.ts";

const noBuckets: Partial<AdminClient> = { listBuckets: async () => ({ items: [], next: null }) };

describe("efscli", () => {
  it("prints its help on stdout when nothing is typed, examples first", async () => {
    const { exitCode, stdout } = await runCli([]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Examples:\n/);
    expect(stdout).toContain("Usage: efscli NOUN VERB [flags]");
  });

  it("begins the help of every noun and verb with an example that names it", async () => {
    const { stdout: root } = await runCli("help");
    const nouns = [...root.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)? /gm)].map((match) => match[1]);
    expect(nouns).toContain("bucket");
    for (const noun of ["cluster", "tenant", "bucket", "object", "service", "system"]) {
      const { stdout } = await runCli(`${noun} --help`);
      expect(stdout).toMatch(new RegExp(`^Examples:\\n  .*efscli ${noun} `));
      const verbs = [...stdout.matchAll(/^ {2}([a-z]+)(?:\|[a-z]+)?(?: <| \[| {2})/gm)].map(
        (match) => match[1] ?? "",
      );
      for (const verb of verbs.filter((name) => name !== "token")) {
        const help = await runCli(`${noun} ${verb} --help`);
        expect(help.exitCode, `${noun} ${verb}`).toBe(0);
        expect(help.stdout).toMatch(new RegExp(`^Examples:\\n.*efscli ${noun} ${verb}`, "s"));
      }
    }
  });

  it.each([
    [
      "buckt list a/b",
      "efscli: unknown command 'buckt' (USAGE)\nhint: did you mean bucket? (efscli --help)\n",
    ],
    [
      "bucket lst a/b",
      "efscli: bucket: unknown command 'lst' (USAGE)\nhint: did you mean list? (efscli bucket --help)\n",
    ],
    ["bucket list a/b c", "(USAGE)"],
    ["bucket list", "missing required argument 'cluster/tenant' (USAGE)"],
    ["bucket list a/b --limt 3", "did you mean --limit?"],
    ["bucket list a/b --limit 0", "(BAD_VALUE)"],
    ["bucket list a/b --limit many", "(BAD_VALUE)"],
    ["bucket list a/b -o yaml", "hint: use -o table, -o json, -o tsv, -o name"],
    ["bucket list a/b --timeout 5", "(BAD_VALUE)"],
    ["bucket list a/b --prefix", "argument missing"],
    ["bucket list a", "not a path of the form CLUSTER/TENANT"],
    ["bucket list a/b/c", "not a path of the form CLUSTER/TENANT"],
    ["bucket list /a", "(BAD_NAME)"],
    ["bucket create a/b/..", "(BAD_NAME)"],
    ["bucket create a/b/c -s 12345", "a power of two from 8K to 1M"],
    ["bucket create a/b/c -s 4K", "a power of two from 8K to 1M"],
    ["bucket create a/b/c -n 0", "(BAD_VALUE)"],
    ["bucket create a/b/c --options novalue", "KEY=VALUE"],
    ["service create foo bar", "not a service type"],
    ["service create isgwXYZ bar", "not a service type"],
    ["service create isgw -x", "(USAGE)"],
    ["service config hawaii", "nothing to change"],
    ["service config hawaii X-ISGW-Remote", "KEY VALUE is expected"],
    ["service config hawaii Remote x", "keys begin with X-"],
    ["service config hawaii X-ISGW-Basic-Auth secret", "everybody on this machine can read arguments"],
    ["service config hawaii X-ISGW-Basic-Auth=secret", "everybody on this machine can read arguments"],
    ["object get a/b/c/", "(BAD_NAME)"],
    ["object put ./a.txt a/b/c/d", "the object comes first"],
    ["object put -r a/b/c/d ./dir", "the directory comes first"],
    ["object get -r a/b/c", "a directory to write into is needed"],
    ["object get -r a/b/c d --range 0-1", "does not go with -r"],
    ["object get a/b/c/d --range 9-1", "(BAD_VALUE)"],
    ["object put a/b/c/d f --delete", "goes with -r only"],
    ["object put -r d a/b/c --max-delete 3", "goes with --delete only"],
    ["object put -r d a/b/c --delete --max-delete 200%", "not a count or a share"],
    ["completion tcsh", "bash, zsh or fish"],
    ["help nothing", "there is no help on"],
  ])("refuses `%s` with exit 2 and says why", async (line, said) => {
    const { exitCode, stdout, stderr } = await runCli(line);
    expect(stderr).toContain(said);
    expect(stdout).toBe("");
    expect(exitCode).toBe(2);
  });

  it("says that a verb is missing, with the list of verbs, on stderr", async () => {
    const { exitCode, stdout, stderr } = await runCli("bucket");
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain("create <cluster/tenant/bucket>");
    expect(stderr).toContain("efscli: bucket: a verb is missing (USAGE)");
  });

  it.each([
    ["cluster create a -r 2", "replication-count"],
    ["tenant create a/b -e 1", "encryption-enabled"],
    ["bucket create a/b/c -c 2:1:xor", "ec-data-mode"],
    ["object put a/b/c/d f -s 8K", "chunk-size"],
    ["object delete a/b/c/d --expunge", "expunge"],
    ["service create nfs nfs01", "nfs services"],
    ["service add isgw x --encrypted-tunnel", "encrypted-tunnel"],
    ["service add isgw x --direction send+receive", "two services"],
  ])("says of EdgeFS's `%s` that it is not supported, exit 10", async (line, word) => {
    const { exitCode, stderr } = await runCli(line);
    expect(stderr).toContain(word);
    expect(stderr).toContain("(UNSUPPORTED)");
    expect(exitCode).toBe(10);
  });

  it.each([
    ["OBJECT_NOT_FOUND", 3],
    ["TOKEN_WRONG", 4],
    ["CONNECT_REFUSED", 5],
    ["TIMEOUT", 6],
    ["NOT_EMPTY", 7],
    ["NO_SPACE", 8],
    ["CHUNK_CORRUPT", 9],
    ["UNSUPPORTED", 10],
    ["INTERNAL", 70],
  ] as const)("ends with the exit code of %s's kind", async (code, exitCode) => {
    const api = {
      listBuckets: async () => {
        throw new EfsError(code, "it went wrong", { hint: "type this", details: { offset: 7 } });
      },
    };
    const told = await runCli("bucket list a/b", { api });
    expect(told.exitCode).toBe(exitCode);
    expect(told.stderr).toBe(`efscli: bucket list: it went wrong (${code})\nhint: type this\n`);
    const asJson = await runCli("bucket list a/b -o json", { api });
    expect(asJson.exitCode).toBe(exitCode);
    expect(JSON.parse(asJson.stderr)).toEqual({
      schema: "efscli.error/1",
      error: {
        code,
        kind: expect.any(String),
        message: "it went wrong",
        hint: "type this",
        details: { offset: 7 },
        exitCode,
      },
    });
  });

  it("treats an unexpected error as a defect, exit 70, without a stack unless --debug", async () => {
    const api = { listBuckets: () => Promise.reject(new TypeError("x is not a function")) };
    const told = await runCli("bucket list a/b", { api });
    expect(told).toMatchObject({
      exitCode: 70,
      stderr: "efscli: bucket list: x is not a function (INTERNAL)\n",
    });
    const debug = await runCli("bucket list a/b --debug", { api });
    expect(debug.stderr).toContain("at ");
  });

  it("takes a closed pipe as no error", async () => {
    const api = {
      listBuckets: () => Promise.reject(new OutputClosed()),
    };
    expect(await runCli("bucket list a/b", { api })).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("ends with 130 when the person interrupts", async () => {
    const interruption = new AbortController();
    const api = {
      listBuckets: () => {
        interruption.abort();
        return new Promise<never>(() => {});
      },
    };
    const told = await runCli("bucket list a/b", { api, signal: interruption.signal });
    expect(told).toMatchObject({ exitCode: 130, stderr: "efscli: bucket list: interrupted (CANCELLED)\n" });
  });

  it("takes common flags before the noun, before the verb and behind it; the nearest to the verb counts", async () => {
    const seen: unknown[] = [];
    const onConnect = (flags: unknown) => seen.push(flags);
    await runCli("--endpoint unix:/1 bucket --timeout 3s list a/b --token-file t", {
      api: noBuckets,
      onConnect,
    });
    await runCli("--endpoint unix:/1 bucket list --endpoint unix:/2 a/b", { api: noBuckets, onConnect });
    expect(seen).toEqual([
      { endpoint: "unix:/1", tokenFile: "t", timeoutMs: 3000 },
      { endpoint: "unix:/2", tokenFile: undefined, timeoutMs: undefined },
    ]);
    const json = await runCli("-o json bucket list a/b", { api: noBuckets });
    expect(JSON.parse(json.stdout)).toEqual({ schema: "efscli.bucket.list/1", items: [] });
  });

  it("knows every noun by EdgeFS's letter", async () => {
    for (const [alias, noun] of [
      ["c", "cluster"],
      ["t", "tenant"],
      ["b", "bucket"],
      ["o", "object"],
      ["s", "service"],
      ["sys", "system"],
    ]) {
      const { stdout } = await runCli(`${alias} --help`);
      expect(stdout).toContain(`Usage: efscli ${noun} VERB`);
    }
    expect((await runCli("o clone --help")).stdout).toContain("efscli object copy");
  });

  it("has help on exit codes, environment and formatting", async () => {
    expect((await runCli("help exit-codes")).stdout).toContain("  130  interrupted");
    expect((await runCli("help environment")).stdout).toContain("EFSCLI_ENDPOINT");
    expect((await runCli("help formatting")).stdout).toContain("-o tsv");
    expect((await runCli("help bucket create")).stdout).toContain("Usage: efscli bucket create");
  });

  it("prints its version", async () => {
    expect((await runCli("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
