/** Services as the admin API shows them: all lines in print order, secrets as `(set)`. */
import type { ServiceInfo } from "../../../api/service.ts";
import { isS3, publicValue, SETTING_ORDER, type ServiceRecord } from "../../../model/service.ts";

export function serviceInfo(service: ServiceRecord): ServiceInfo {
  return {
    name: service.name,
    type: service.type,
    isEnabled: service.isEnabled,
    settings: printed(service),
    served: service.served,
    revision: service.revision,
  };
}

function printed(service: ServiceRecord): ServiceInfo["settings"] {
  const lines = new Map<string, string>([
    ["X-Service-Name", service.name],
    ["X-Service-Type", service.type],
    ...service.settings,
  ]);
  // Those of S3 are stored in EdgeFS's order already.
  const order = isS3(service) ? [] : SETTING_ORDER;
  const known = order.filter((key) => lines.has(key));
  const others = [...lines.keys()].filter((key) => !order.includes(key));
  const shown: Record<string, string> = {};
  for (const key of [...known, ...others]) shown[key] = publicValue(key, lines.get(key) ?? "-");
  shown["X-Status"] = service.isEnabled ? "enabled" : "disabled";
  return shown;
}
