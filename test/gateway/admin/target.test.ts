/** The target of a request: decoded strictly, so that a name means one thing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ROUTES, targetOf } from "../../../src/api/routes.ts";
import { bucketOfObjectPath, parseQuery, parseTarget } from "../../../src/gateway/admin/target.ts";

describe("a request's target", () => {
  it("carries any well-formed name through encoding and back", () => {
    const name = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(
      fc.property(name, name, (object, prefix) => {
        const { query } = parseTarget(
          targetOf(ROUTES.listObjects, { cluster: "c" }, { name: object, prefix }),
        );
        expect({ ...query }).toEqual({ name: object, prefix });
      }),
      { seed: 1, numRuns: 2000 },
    );
  });

  it("takes + as a space and %2B as a plus", () => {
    expect({ ...parseQuery("name=a+b%2Bc") }).toEqual({ name: "a b+c" });
  });

  it.each(["name=%", "name=%f", "name=%FF", "name=%C3%28", "name=%ED%A0%80", "%=a"])("refuses %s", (text) => {
    expect(() => parseQuery(text)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });

  it("refuses a parameter that is given twice, and keeps names of prototypes apart", () => {
    expect(() => parseQuery("name=a&name=b")).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
    expect(Object.keys(parseQuery("constructor=b"))).toEqual(["constructor"]);
    expect(() => parseQuery("__proto__=a")).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }));
  });

  it("finds the bucket of an object path and of no other", () => {
    const path = "/clusters/Hawaii/tenants/C%C3%B6la/buckets/bk%251/object";
    expect(bucketOfObjectPath(path)).toEqual({ cluster: "Hawaii", tenant: "Cöla", bucket: "bk%1" });
    expect(bucketOfObjectPath("/clusters/a/tenants/b/buckets/c/object/info")).toBeUndefined();
    expect(bucketOfObjectPath("/x/clusters/a/tenants/b/buckets/c/object")).toBeUndefined();
    expect(bucketOfObjectPath("/clusters/a/tenants/b/object")).toBeUndefined();
  });

  it.each(["..", ".", "%2e%2e", "a%2Fb", "a%20b", "a%00"])("refuses %s as a name in the path", (text) => {
    expect(() => bucketOfObjectPath(`/clusters/${text}/tenants/b/buckets/c/object`)).toThrow(
      expect.objectContaining({ code: "BAD_NAME" }),
    );
  });
});
