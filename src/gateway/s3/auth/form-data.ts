/**
 * Reads the form of a browser's upload (multipart/form-data, RFC 7578): the fields whole, within limits, and then the file as a stream. Fields behind the
 * file are not looked at. Buffers at most the fields, or what may be the beginning of a boundary.
 */
import { fromUtf8 } from "../../../base/bytes.ts";
import { S3Error } from "../errors.ts";

const FIELDS_BYTES_MAX = 20 * 1024;
const FIELDS_MAX = 200;
const HEADERS_BYTES_MAX = 4 * 1024;
/** Read and thrown away behind the file, so that the connection can go on. */
const REST_BYTES_MAX = 64 * 1024;

export interface PostForm {
  /** By lower-case name; `${filename}` in the key is replaced. */
  readonly fields: ReadonlyMap<string, string>;
  readonly file: {
    /** As the browser told it, without its path; may be empty. */
    readonly name: string;
    readonly contentType: string | undefined;
    /** Throws MalformedPOSTRequest when the form breaks off. */
    readonly content: AsyncIterable<Uint8Array>;
  };
}

/**
 * Resolves when the file begins.
 * @throws InvalidArgument (no file), MalformedPOSTRequest, MaxMessageLengthExceeded (fields), what `source` throws
 */
export async function readForm(
  contentType: string | undefined,
  source: AsyncIterable<Uint8Array>,
): Promise<PostForm> {
  const delimiter = Buffer.from(`\r\n--${boundaryOf(contentType)}`, "latin1");
  const input = new Input(source);
  const fields = new Map<string, string>();
  let fieldBytes = 0;
  await input.until(delimiter, HEADERS_BYTES_MAX);
  for (let count = 0; count <= FIELDS_MAX; count += 1) {
    if ((await input.lineEnd()) === "last") throw withoutFile();
    const part = partOf(await input.until(Buffer.from("\r\n\r\n"), HEADERS_BYTES_MAX));
    if (part.name === "file") {
      const name = (part.filename ?? "").replace(/^.*[/\\]/s, "");
      const key = fields.get("key");
      if (key !== undefined)
        fields.set(
          "key",
          key.replaceAll("${filename}", () => name),
        );
      const content = input.upTo(delimiter);
      return { fields, file: { name, contentType: part.contentType, content } };
    }
    const value = fromUtf8(await input.until(delimiter, FIELDS_BYTES_MAX - fieldBytes));
    if (value === undefined) throw malformed("a field is not UTF-8");
    fieldBytes += part.name.length + value.length;
    if (fields.has(part.name)) throw malformed(`the field ${part.name.slice(0, 100)} stands more than once`);
    fields.set(part.name, value);
  }
  throw malformed(`it has more than ${FIELDS_MAX} fields`);
}

function boundaryOf(contentType: string | undefined): string {
  const match =
    /^multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))\s*(?:;|$)/i.exec(
      contentType ?? "",
    );
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined) throw malformed("Content-Type must be multipart/form-data with a boundary");
  return boundary;
}

function partOf(head: Uint8Array) {
  const text = fromUtf8(head);
  if (text === undefined) throw malformed("the header of a part is not UTF-8");
  const headers = new Map<string, string>();
  for (const line of text.split("\r\n")) {
    const colon = line.indexOf(":");
    if (line !== "" && colon > 0)
      headers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim());
  }
  const disposition = headers.get("content-disposition") ?? "";
  const name = parameterOf(disposition, "name");
  if (!/^form-data\s*(;|$)/i.test(disposition) || name === undefined || name === "") {
    throw malformed("a part lacks Content-Disposition: form-data with a name");
  }
  return {
    name: name.toLowerCase(),
    filename: parameterOf(disposition, "filename"),
    contentType: headers.get("content-type"),
  };
}

function parameterOf(disposition: string, name: string): string | undefined {
  const match = new RegExp(`;\\s*${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^\\s;"]*))`, "i").exec(disposition);
  const quoted = match?.[1];
  // Browsers write a quote as %22, others with a backslash, and Windows paths have backslashes that are none.
  return quoted === undefined ? match?.[2] : quoted.replaceAll(/%22|\\"/g, '"');
}

/** The bytes of a form, with what came but was not taken yet. */
class Input {
  readonly #source: AsyncIterator<Uint8Array>;
  // The first boundary may stand at the very beginning.
  #pending: Buffer = Buffer.from("\r\n");

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** What comes before `mark`, which is taken too. */
  async until(mark: Buffer, bytesMax: number): Promise<Uint8Array> {
    let from = 0;
    for (;;) {
      const at = this.#pending.indexOf(mark, from);
      if (at > bytesMax || (at < 0 && this.#pending.length > bytesMax + mark.length)) {
        throw new S3Error(
          "MaxMessageLengthExceeded",
          `Your POST request fields preceding the upload file were too large.`,
        );
      }
      if (at >= 0) return this.#take(at, at + mark.length);
      from = Math.max(0, this.#pending.length - mark.length + 1);
      await this.#more();
    }
  }

  /** Behind a boundary: whether another part comes. */
  async lineEnd(): Promise<"more" | "last"> {
    while (this.#pending.length < 2) await this.#more();
    const text = this.#take(2, 2).toString();
    if (text === "--") return "last";
    if (text !== "\r\n") throw malformed("a boundary is not followed by a line end");
    return "more";
  }

  async *upTo(mark: Buffer): AsyncGenerator<Uint8Array> {
    for (;;) {
      const at = this.#pending.indexOf(mark);
      if (at >= 0) {
        if (at > 0) yield this.#take(at, at + mark.length);
        else this.#take(0, mark.length);
        break;
      }
      const sure = this.#pending.length - mark.length + 1;
      if (sure > 0) yield this.#take(sure, sure);
      await this.#more();
    }
    await this.lineEnd();
    for (let bytes = 0; bytes < REST_BYTES_MAX; ) {
      const { done, value } = await this.#source.next();
      if (done === true) return;
      bytes += value.length;
    }
    throw malformed("too much stands behind the file");
  }

  #take(end: number, next: number): Buffer {
    const taken = this.#pending.subarray(0, end);
    this.#pending = this.#pending.subarray(next);
    return taken;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#source.next();
    if (done === true) throw malformed("it breaks off");
    this.#pending =
      this.#pending.length === 0
        ? Buffer.from(value.buffer, value.byteOffset, value.length)
        : Buffer.concat([this.#pending, value]);
  }
}

function withoutFile(): S3Error {
  return new S3Error("InvalidArgument", "POST requires exactly one file upload per request.", {
    elements: { ArgumentName: "file" },
  });
}

function malformed(message: string): S3Error {
  return new S3Error(
    "MalformedPOSTRequest",
    `The body of your POST request is not well-formed multipart/form-data: ${message}`,
  );
}
