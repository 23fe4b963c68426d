/** Routes of users. A secret stands in the answer that made it and in no other, and in no log. */
import { checked, pageQuery } from "../../../api/schema.ts";
import type { UserInfo, UserWithSecret } from "../../../api/user.ts";
import { createUser, givenKey, password } from "../../../api/user-schema.ts";
import type { TenantPath } from "../../../model/names.ts";
import type { NewAccessKey, UserSummary } from "../../../segment/users.ts";
import type { AdminContext } from "../context.ts";
import { timeText } from "../object/info.ts";
import { page, tenantOf } from "./namespace.ts";
import type { Asked, Handlers } from "./router.ts";

export function userHandlers({ segment: { users } }: AdminContext): Handlers {
  const withSecret = async (
    tenant: TenantPath,
    name: string,
    made: NewAccessKey,
  ): Promise<UserWithSecret> => ({
    ...userInfo(await users.show(tenant, name)),
    ...made,
  });
  return {
    listUsers: async ({ parameters, query }) => {
      const options = checked(pageQuery, query, "query");
      return page(await users.list(tenantOf({ parameters, query: {} }), options), userInfo);
    },
    createUser: async (asked) => {
      const tenant = tenantOf(asked);
      const { name, ...options } = checked(createUser, asked.body, "body");
      return withSecret(tenant, name, await users.create(tenant, name, options));
    },
    showUser: async (asked) => userInfo(await users.show(...userOf(asked))),
    deleteUser: (asked) => users.delete(...userOf(asked)),
    rotateKey: async (asked) => {
      const [tenant, name] = userOf(asked);
      const key = checked(givenKey, asked.body ?? {}, "body");
      return withSecret(tenant, name, await users.rotate(tenant, name, key));
    },
    finishRotation: async (asked) => userInfo(await users.finishRotation(...userOf(asked))),
    enableUser: async (asked) => userInfo(await users.setEnabled(...userOf(asked), true)),
    disableUser: async (asked) => userInfo(await users.setEnabled(...userOf(asked), false)),
    setPassword: async (asked) => {
      const [tenant, name] = userOf(asked);
      await users.setPassword(tenant, name, checked(password, asked.body, "body").password);
      return userInfo(await users.show(tenant, name));
    },
  };
}

function userOf(asked: Asked): [tenant: TenantPath, name: string] {
  return [tenantOf(asked), asked.parameters.user ?? ""];
}

function userInfo({ createdMs, keys, ...user }: UserSummary): UserInfo {
  return {
    name: user.name,
    isAdmin: user.isAdmin,
    isEnabled: user.isEnabled,
    hasPassword: user.hasPassword,
    created: timeText(createdMs),
    keys: keys.map((key) => ({ accessKey: key.accessKey, created: timeText(key.createdMs) })),
  };
}
