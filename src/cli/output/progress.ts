/** The moving line on a terminal's stderr, by ora. */
import ora from "ora";

const REDRAW_MS = 200;

export function showProgress(line: () => string): { readonly clear: () => void; readonly stop: () => void } {
  const spinner = ora({ stream: process.stderr, text: line(), discardStdin: false }).start();
  const timer = setInterval(() => {
    spinner.text = line();
  }, REDRAW_MS);
  timer.unref();
  return {
    clear: () => {
      spinner.clear();
    },
    stop: () => {
      clearInterval(timer);
      spinner.stop();
    },
  };
}
