/** The version that `--version` prints: package.json's, taken in by the bundler and by tests alike. */
import manifest from "../../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
