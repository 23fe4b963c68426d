/** Routes of services. */

import { checked, noQuery } from "../../../api/schema.ts";
import type { ServiceStatus } from "../../../api/service.ts";
import {
  addService as addSchema,
  configureService,
  createService as createSchema,
  servePath,
} from "../../../api/service-schema.ts";
import { rfc3339 } from "../../../base/clock.ts";
import { parseServiceName, type ServiceName } from "../../../model/names.ts";
import type { AdminContext } from "../context.ts";
import { addService, createService } from "../service/add.ts";
import { configure, disable, enable, remove, serve, unserve } from "../service/change.ts";
import { serviceInfo } from "../service/info.ts";
import type { Asked, Handlers } from "./router.ts";

export function serviceHandlers(context: AdminContext): Handlers {
  const { segment } = context;
  return {
    listServices: async ({ query }) => {
      checked(noQuery, query, "query");
      return (await segment.services.list()).map(serviceInfo);
    },
    createService: async ({ body }) => {
      const { type, name } = checked(createSchema, body, "body");
      return serviceInfo(await createService(context, type, name));
    },
    addService: async ({ body }) => serviceInfo(await addService(context, checked(addSchema, body, "body"))),
    showService: async (asked) => serviceInfo(await segment.services.show(nameOf(asked))),
    serviceStatus: async (asked): Promise<ServiceStatus> => {
      const service = await segment.services.show(nameOf(asked));
      const status = await context.services.status(service);
      const now = rfc3339(context.clock.wallMs());
      return status.kind === "link"
        ? { service: serviceInfo(service), link: status, now }
        : { service: serviceInfo(service), s3: status, now };
    },
    configureService: async (asked) =>
      serviceInfo(await configure(context, nameOf(asked), checked(configureService, asked.body, "body"))),
    serve: async (asked) => serviceInfo(await serve(context, nameOf(asked), pathOf(asked))),
    unserve: async (asked) => serviceInfo(await unserve(context, nameOf(asked), pathOf(asked))),
    enableService: async (asked) => serviceInfo(await enable(context, nameOf(asked))),
    disableService: async (asked) => serviceInfo(await disable(context, nameOf(asked))),
    deleteService: (asked) => remove(context, nameOf(asked)),
  };
}

function nameOf({ parameters, query }: Asked): ServiceName {
  checked(noQuery, query, "query");
  return parseServiceName(parameters.service ?? "");
}

function pathOf({ body }: Asked): string {
  return checked(servePath, body, "body").serve;
}
