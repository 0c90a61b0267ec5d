/** Causes for the log. */
import * as Cause from "effect/Cause"
import * as Predicate from "effect/Predicate"

/**
 * What a cause says without its messages, which may quote a row, and so a phone number or a text: Postgres adds
 * `Failing row contains (…)`, and a JSON parser what it cannot read. The names and codes of the errors are left, the inner ones
 * too, and where the first was made.
 */
export const causeText = (cause: Cause.Cause<unknown>): string =>
  cause.reasons
    .map((reason) =>
      Cause.isInterruptReason(reason)
        ? "interrupted"
        : errorText(Cause.isFailReason(reason) ? reason.error : reason.defect),
    )
    .join("; ")

const errorText = (error: unknown): string => {
  const names: Array<string> = []
  const seen = new Set<unknown>()
  for (
    let inner = error;
    Predicate.isObject(inner) && !seen.has(inner);
    inner = inner["cause"] ?? inner["reason"]
  ) {
    seen.add(inner)
    names.push([nameOf(inner), codeOf(inner)].filter(Boolean).join(" "))
  }
  const stack = Predicate.isError(error) ? (error.stack ?? "") : ""
  const frames = stack.split("\n").filter((line) => /^\s+at /.test(line))
  return [names.length === 0 ? typeof error : names.join(", caused by "), ...frames].join("\n")
}

const nameOf = (error: { readonly [key: PropertyKey]: unknown }): string =>
  [error["_tag"], error["name"]].find(Predicate.isString) ?? "object"

/** A code, such as `ECONNRESET` or the SQLSTATE `23514`, and nothing else that may be in its place. */
const codeOf = ({ code }: { readonly [key: PropertyKey]: unknown }): string | undefined =>
  Predicate.isString(code) && /^[A-Z0-9_]{1,40}$/.test(code) ? `(${code})` : undefined
