/** The website configuration of a bucket as it is kept. */

export interface Website {
  /** Appended to paths that end in `/`; undefined: all requests are redirected. */
  readonly indexSuffix?: string | undefined;
  /** The object that is shown for errors of the client. */
  readonly errorKey?: string | undefined;
  readonly redirectAll?: WebsiteRedirect | undefined;
}

export interface WebsiteRedirect {
  /** With or without a port. */
  readonly host: string;
  /** undefined: as the request came. */
  readonly protocol?: "http" | "https" | undefined;
}
