/** True when the text has no half of a surrogate pair, so that UTF-8 holds it and gives it back as it is. */
export function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text);
}
