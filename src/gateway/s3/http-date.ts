/** Moments in HTTP headers: whole seconds in GMT (RFC 9110 §5.6.7), read in all three forms of the RFC. */

const HTTP_DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? (?:\d{1,2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} (?:GMT|UTC|[+-]0000)|[A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

let lastSecond = 0;
let lastText = "Thu, 01 Jan 1970 00:00:00 GMT";

/** `Thu, 01 Jan 1970 00:00:00 GMT`. */
export function formatHttpDate(wallMs: number): string {
  const second = Math.floor(wallMs / 1000);
  // Objects that are put one after another share their second.
  if (second !== lastSecond) {
    lastText = new Date(second * 1000).toUTCString();
    lastSecond = second;
  }
  return lastText;
}

/** Milliseconds, whole seconds; undefined for what is no date, which a recipient has to ignore. */
export function parseHttpDate(text: string | undefined): number | undefined {
  if (text === undefined || !HTTP_DATE.test(text)) return undefined;
  // The third form (asctime) names no zone and means GMT.
  const zoned = /(?:GMT|UTC|[+-]0000)$/.test(text) ? text : `${text} GMT`;
  const wallMs = Date.parse(zoned);
  return Number.isNaN(wallMs) ? undefined : wallMs;
}
