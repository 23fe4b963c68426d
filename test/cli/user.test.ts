/** `efscli user`: what it asks of the API, what it prints, and where secrets come from. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CreateUser, UserInfo, UserWithSecret } from "../../src/api/user.ts";
import { EfsError } from "../../src/base/errors.ts";
import { runCli } from "./fake-session.ts";

const SECRET = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY00";
const created = "2019-12-23T08:00:00.123Z";
const kai: UserInfo = {
  name: "kai",
  isAdmin: true,
  isEnabled: true,
  hasPassword: true,
  created,
  keys: [{ accessKey: "AKIAIOSFODNN7EXAMPLE", created }],
};
const lani: UserInfo = {
  name: "lani",
  isAdmin: false,
  isEnabled: false,
  hasPassword: false,
  created,
  keys: [
    { accessKey: "NEWKEY2222", created },
    { accessKey: "OLDKEY3333", created },
  ],
};
const made: UserWithSecret = { ...kai, accessKey: "AKIAIOSFODNN7EXAMPLE", secretKey: SECRET };
const rotated: UserWithSecret = { ...lani, isEnabled: true, accessKey: "NEWKEY2222", secretKey: SECRET };

let top = "";
beforeAll(() => {
  top = mkdtempSync(path.join(tmpdir(), "efs-user-"));
  writeFileSync(path.join(top, "password"), "correct horse\n");
  writeFileSync(path.join(top, "secret"), `${SECRET}\r\n`);
});
afterAll(() => rmSync(top, { recursive: true }));

const golden = (stdout: string, file: string) => expect(stdout).toMatchFileSnapshot(`../golden/cli/${file}`);

describe("efscli user create", () => {
  const asked: Array<[string, CreateUser]> = [];
  const api = {
    createUser: async (tenant: string, request: CreateUser) => {
      asked.push([tenant, request]);
      return made;
    },
  };

  it("prints both keys as EdgeFS did, once, and all of it as JSON", async () => {
    const ran = await runCli("user create Hawaii/Cola kai --admin", { api });
    expect(ran).toMatchObject({ exitCode: 0, stderr: "" });
    await golden(ran.stdout, "user-create.txt");
    await golden((await runCli("u create Hawaii/Cola kai -o json", { api })).stdout, "user-create.json.txt");
    expect((await runCli("user create Hawaii/Cola kai -o name", { api })).stdout).toBe("kai\n");
    expect(asked[0]).toEqual(["Hawaii/Cola", { name: "kai", isAdmin: true }]);
  });

  it("takes a password and a key from files or stdin, without the newline at their end", async () => {
    asked.length = 0;
    const words = `user create Hawaii/Cola kai --password-file - --access-key AKIA22 --secret-key-file ${top}/secret`;
    expect((await runCli(words, { api, stdin: "from stdin\n" })).exitCode).toBe(0);
    await runCli(`user create Hawaii/Cola kai --password-file ${top}/password`, { api });
    expect(asked.map(([, request]) => request)).toMatchObject([
      { accessKey: "AKIA22", secretKey: SECRET, password: "from stdin" },
      { password: "correct horse" },
    ]);
  });

  it("takes no password or secret as an argument, no half of a key, and no stdin twice", async () => {
    asked.length = 0;
    for (const words of [
      "user create Hawaii/Cola kai correct-horse",
      "user create Hawaii/Cola kai correct-horse admin",
      "user create Hawaii/Cola kai --password correct-horse",
      "user create Hawaii/Cola kai --access-key AKIA22",
      `user create Hawaii/Cola kai --secret-key-file ${top}/secret`,
      "user create Hawaii/Cola kai --access-key A22 --secret-key-file - --password-file -",
      "user create Hawaii kai",
      "user create Hawaii/Cola k/ai",
    ]) {
      const ran = await runCli(words, { api });
      expect([words, ran.exitCode, ran.stdout]).toEqual([words, 2, ""]);
    }
    expect((await runCli(`user create a/b kai --password-file ${top}/none`, { api })).exitCode).toBe(3);
    expect(asked).toEqual([]);
  });

  it("with --if-not-exists shows the user that is there, without a secret", async () => {
    const there = {
      createUser: async () => {
        throw new EfsError("USER_EXISTS", "user kai of Hawaii/Cola is there already");
      },
      showUser: async () => kai,
    };
    expect((await runCli("user create Hawaii/Cola kai", { api: there })).exitCode).toBe(7);
    const ran = await runCli("user create Hawaii/Cola kai --if-not-exists", { api: there });
    expect(ran.exitCode).toBe(0);
    expect(ran.stdout).toContain("Access key: AKIAIOSFODNN7EXAMPLE");
    expect(ran.stdout).not.toContain("Secret");
  });
});

describe("efscli user list and show", () => {
  const api = {
    listUsers: async () => ({ items: [kai, lani], next: null }),
    showUser: async (_: string, name: string) => (name === "kai" ? kai : lani),
  };

  it("print tables, lines and JSON without secrets", async () => {
    await golden(
      (await runCli("user list Hawaii/Cola", { api, isTerminal: true })).stdout,
      "user-list.table.txt",
    );
    await golden((await runCli("user list Hawaii/Cola", { api })).stdout, "user-list.tsv.txt");
    await golden((await runCli("user list Hawaii/Cola -o json", { api })).stdout, "user-list.json.txt");
    await golden((await runCli("user show Hawaii/Cola lani", { api })).stdout, "user-show.txt");
    await golden((await runCli("user show Hawaii/Cola lani -o tsv", { api })).stdout, "user-show.tsv.txt");
    await golden((await runCli("user show Hawaii/Cola lani -o json", { api })).stdout, "user-show.json.txt");
  });
});

describe("efscli user rotate, passwd, enable, disable and delete", () => {
  it("rotate: prints the new key and tells of the one before; --finish ends it", async () => {
    const asked: unknown[] = [];
    const api = {
      rotateKey: async (...given: unknown[]) => {
        asked.push(given);
        return rotated;
      },
      finishRotation: async () => ({ ...rotated, secretKey: undefined, keys: rotated.keys.slice(0, 1) }),
    };
    const ran = await runCli("user rotate Hawaii/Cola lani", { api });
    await golden(ran.stdout, "user-rotate.txt");
    await runCli(`user rotate Hawaii/Cola lani --access-key N22 --secret-key-file ${top}/secret`, { api });
    expect(asked).toEqual([
      ["Hawaii/Cola", "lani", {}],
      ["Hawaii/Cola", "lani", { accessKey: "N22", secretKey: SECRET }],
    ]);
    const finished = await runCli("user rotate Hawaii/Cola lani --finish", { api });
    expect(finished.stdout).toBe("S3 user lani:\nAccess key: NEWKEY2222\n\n");
    const both = await runCli(
      `user rotate a/b lani --finish --access-key N22 --secret-key-file ${top}/secret`,
      { api },
    );
    expect(both.exitCode).toBe(2);
  });

  it("passwd: reads the password from stdin or a file, and says nothing", async () => {
    const passwords: string[] = [];
    const api = {
      setPassword: async (_tenant: string, _name: string, password: string) => {
        passwords.push(password);
        return kai;
      },
    };
    expect(await runCli("user passwd Hawaii/Cola kai", { api, stdin: "battery staple\n" })).toMatchObject({
      exitCode: 0,
      stdout: "",
      stderr: "",
    });
    await runCli(`user passwd Hawaii/Cola kai --password-file ${top}/password`, { api });
    expect(passwords).toEqual(["battery staple", "correct horse"]);
    expect((await runCli("user passwd Hawaii/Cola kai", { api, stdin: "" })).exitCode).toBe(2);
  });

  it("enable, disable, delete: say nothing; delete --if-exists does not mind who is gone", async () => {
    const done: string[] = [];
    const toggle = (word: string) => async () => {
      done.push(word);
      return kai;
    };
    const api = {
      enableUser: toggle("enable"),
      disableUser: toggle("disable"),
      deleteUser: async () => {
        done.push("delete");
        if (done.filter((word) => word === "delete").length > 1)
          throw new EfsError("USER_NOT_FOUND", "no user kai");
      },
    };
    for (const verb of ["enable", "disable", "delete"]) {
      expect(await runCli(`user ${verb} Hawaii/Cola kai`, { api })).toMatchObject({
        exitCode: 0,
        stdout: "",
      });
    }
    expect(done).toEqual(["enable", "disable", "delete"]);
    expect((await runCli("user delete Hawaii/Cola kai", { api })).exitCode).toBe(3);
    expect((await runCli("user delete --if-exists Hawaii/Cola kai", { api })).exitCode).toBe(0);
  });
});
