/** The nouns of efscli: what each is called, and where its verbs are. A noun's module is loaded only when it is named. */
import type { Command } from "commander";
import type { Session } from "./session.ts";

export interface Noun {
  readonly name: string;
  readonly alias?: string;
  readonly about: string;
  readonly heading: string;
  readonly load: () => Promise<(session: Session) => Command>;
}

const STORE = "What is stored:";
const LINKS = "Links and the segment:";
const MORE = "More:";

export const NOUNS: readonly Noun[] = [
  {
    name: "cluster",
    alias: "c",
    about: "clusters: the first part of every path",
    heading: STORE,
    load: async () => (await import("./commands/cluster/cluster.ts")).clusterCommand,
  },
  {
    name: "tenant",
    alias: "t",
    about: "tenants of a cluster",
    heading: STORE,
    load: async () => (await import("./commands/tenant/tenant.ts")).tenantCommand,
  },
  {
    name: "bucket",
    alias: "b",
    about: "buckets of a tenant",
    heading: STORE,
    load: async () => (await import("./commands/bucket/bucket.ts")).bucketCommand,
  },
  {
    name: "object",
    alias: "o",
    about: "objects of a bucket, one at a time or a whole tree",
    heading: STORE,
    load: async () => (await import("./commands/object/object.ts")).objectCommand,
  },
  {
    name: "user",
    alias: "u",
    about: "users of a tenant and their access keys for S3",
    heading: STORE,
    load: async () => (await import("./commands/user/user.ts")).userCommand,
  },
  {
    name: "service",
    alias: "s",
    about: "services: links (isgw) to other segments",
    heading: LINKS,
    load: async () => (await import("./commands/service/service.ts")).serviceCommand,
  },
  {
    name: "system",
    alias: "sys",
    about: "the segment itself, and tokens for its admin API",
    heading: LINKS,
    load: async () => (await import("./commands/system/system.ts")).systemCommand,
  },
  {
    name: "demo",
    about: "two linked segments on this machine, real files, a verdict",
    heading: MORE,
    load: async () => (await import("./commands/demo/demo.ts")).demoCommand,
  },
  {
    name: "completion",
    about: "completion for bash, zsh or fish",
    heading: MORE,
    load: async () => (await import("./commands/completion/completion.ts")).completionCommand,
  },
  {
    name: "help",
    about: "help for a command, or on exit-codes, environment, formatting",
    heading: MORE,
    load: async () => (await import("./commands/help/help.ts")).helpCommand,
  },
];
