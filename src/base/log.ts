/** Logging: JSON lines on stderr by pino, readable text on a TTY. The only home of log output. */
import { pino } from "pino";

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Log;
}

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** A logger of the process. Lines go to stderr synchronously, so that a crash loses none. */
export function openLog(options: { readonly level: LogLevel; readonly isPretty: boolean }): Log {
  const destination = pino.destination({ fd: 2, sync: true });
  if (!options.isPretty) {
    return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  }
  return pino(
    { level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => destination.write(readable(line)) },
  );
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

const LEVEL_WORDS: Readonly<Record<number, string>> = { 20: "debug", 30: "info", 40: "warn", 50: "error" };

function readable(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  const rest = Object.entries(fields).map(([name, value]) => `${name}=${printable(value)}`);
  return `${clock} ${(LEVEL_WORDS[Number(level)] ?? "?").padEnd(5)} ${[msg, ...rest].join(" ")}\n`;
}

function printable(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
