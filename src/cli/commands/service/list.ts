/** `efscli service list`: the services of the segment and how each is doing. */
import { Command } from "commander";
import type { ServiceInfo } from "../../../api/service.ts";
import { listAction } from "../../action.ts";
import { examples } from "../../help-text.ts";
import type { ListView, Pages } from "../../output/view.ts";
import type { Session } from "../../session.ts";

type Row = ServiceInfo & { readonly state: string };

export function serviceList(session: Session): Command {
  const command = new Command("list")
    .description("list the services of the segment")
    .action(listAction(session, run, view));
  return examples(command, ["efscli service list", "efscli service list -o name"]);
}

async function* run({ api }: Session): Pages<Row> {
  const [services, status] = await Promise.all([api.listServices(), api.systemStatus()]);
  const states = new Map(status.services.map(({ name, state }) => [name, state]));
  yield services.map((service) => ({ ...service, state: states.get(service.name) ?? "" }));
}

const view: ListView<Row> = {
  columns: [
    ["NAME", (service) => service.name],
    ["TYPE", (service) => service.type],
    ["STATUS", (service) => (service.isEnabled ? "enabled" : "disabled")],
    ["STATE", (service) => service.state],
    ["SERVES", (service) => service.served.join(" ")],
  ],
  empty: "no services",
  name: (service) => service.name,
};
