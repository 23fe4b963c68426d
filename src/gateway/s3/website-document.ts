/** The XML document `WebsiteConfiguration`. Routing rules are refused: what is not acted by is not kept. */
import { S3Error } from "./errors.ts";
import type { Website, WebsiteRedirect } from "./website/website.ts";
import type { XmlChildren, XmlElement } from "./wire/xml.ts";

const KEY_BYTES_MAX = 1024;
const HOST = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(?::\d{1,5})?$/;

/** @throws MalformedXML, InvalidArgument, InvalidRequest, NotImplemented (routing rules) */
export function websiteOf(document: XmlElement): Website {
  document.allow("IndexDocument", "ErrorDocument", "RedirectAllRequestsTo", "RoutingRules");
  if ((document.one("RoutingRules")?.children.length ?? 0) > 0) {
    throw new S3Error("NotImplemented", "Routing rules of a website are not implemented");
  }
  const redirect = document.one("RedirectAllRequestsTo");
  const [index, error] = [document.one("IndexDocument"), document.one("ErrorDocument")];
  if (redirect !== undefined) {
    if (index === undefined && error === undefined) return { redirectAll: redirectOf(redirect) };
    throw new S3Error(
      "InvalidRequest",
      "RedirectAllRequestsTo cannot be provided in conjunction with other fields",
    );
  }
  if (index === undefined) {
    throw invalid(
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
      "IndexDocument",
      "",
    );
  }
  const indexSuffix = index.allow("Suffix").requiredText("Suffix").trim();
  if (indexSuffix === "" || indexSuffix.includes("/") || Buffer.byteLength(indexSuffix) > KEY_BYTES_MAX) {
    throw invalid("The IndexDocument Suffix is not well formed", "IndexDocument", indexSuffix);
  }
  if (error === undefined) return { indexSuffix };
  const errorKey = error.allow("Key").requiredText("Key");
  if (errorKey === "" || Buffer.byteLength(errorKey) > KEY_BYTES_MAX) {
    throw invalid("The ErrorDocument Key is not well formed", "ErrorDocument", errorKey);
  }
  return { indexSuffix, errorKey };
}

function redirectOf(element: XmlElement): WebsiteRedirect {
  element.allow("HostName", "Protocol");
  const host = element.requiredText("HostName").trim();
  if (!HOST.test(host)) throw invalid("The HostName is not well formed", "HostName", host);
  const protocol = element.textOf("Protocol")?.trim().toLowerCase();
  if (protocol === undefined || protocol === "") return { host };
  if (protocol === "http" || protocol === "https") return { host, protocol };
  throw invalid("Invalid protocol, protocol can be http or https", "Protocol", protocol);
}

/** What a `WebsiteConfiguration` holds. */
export function websiteContent({ indexSuffix, errorKey, redirectAll }: Website): XmlChildren {
  return {
    RedirectAllRequestsTo:
      redirectAll === undefined ? undefined : { HostName: redirectAll.host, Protocol: redirectAll.protocol },
    IndexDocument: indexSuffix === undefined ? undefined : { Suffix: indexSuffix },
    ErrorDocument: errorKey === undefined ? undefined : { Key: errorKey },
  };
}

function invalid(message: string, name: string, value: string): S3Error {
  return new S3Error("InvalidArgument", message, {
    elements: { ArgumentName: name, ArgumentValue: value.slice(0, 256) },
  });
}

export function noWebsite(): S3Error {
  return new S3Error(
    "NoSuchWebsiteConfiguration",
    "The specified bucket does not have a website configuration",
  );
}
