/** Colour as meaning; chalk is loaded only where colour is wanted. */
import type { Environment, Output } from "../session.ts";

export interface Paint {
  readonly good: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly faint: (text: string) => string;
  readonly strong: (text: string) => string;
}

const same = (text: string) => text;
export const noPaint: Paint = { good: same, warn: same, bad: same, faint: same, strong: same };

/** NO_COLOR, CLICOLOR=0 and TERM=dumb say no, CLICOLOR_FORCE says yes, else a terminal says yes. */
export function wantsColour(output: Pick<Output, "isTerminal">, environment: Environment): boolean {
  if (environment("NO_COLOR") !== undefined) return false;
  const force = environment("CLICOLOR_FORCE");
  if (force !== undefined && force !== "0") return true;
  if (environment("CLICOLOR") === "0" || environment("TERM") === "dumb") return false;
  return output.isTerminal;
}

export async function openPaint(output: Output, environment: Environment): Promise<Paint> {
  if (!wantsColour(output, environment)) return noPaint;
  const { Chalk } = await import("chalk");
  const chalk = new Chalk({ level: 1 });
  return {
    good: (text) => chalk.green(text),
    warn: (text) => chalk.yellow(text),
    bad: (text) => chalk.red(text),
    faint: (text) => chalk.dim(text),
    strong: (text) => chalk.bold(text),
  };
}
