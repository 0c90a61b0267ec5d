/**
 * Rates the changes that Redocly found. Its own verdict applies where no rule here does. The rules here know that the
 * service writes an update and a receiver reads it, and what a mock does with the contract.
 */
import type { Direction } from "./change.ts"
import { isArray, type Json, type JsonObject, keysOf, textOf } from "../document/json.ts"
import { anotherDefault, requiredWithDefault } from "./defaults.ts"
import type { RedoclyChange } from "./redocly.ts"
import { isReadByService, type Judged, type Rule, type Seen, type Verdict } from "./verdict.ts"

export type { Judged } from "./verdict.ts"

/** Undefined for a change that is compared elsewhere. `next` is the new document. */
export const judge = (change: RedoclyChange, next: JsonObject): Judged | undefined => {
  if (isElsewhere(change)) return undefined
  const seen = { ...change, next, direction: directionOf(change.path) }
  const verdict = rules.map((rule) => rule(seen)).find((found) => found !== undefined)
  return {
    direction: seen.direction,
    pointer: (change.revision ?? change.base)?.pointer ?? change.path,
    ...(verdict === undefined
      ? byRedocly(seen)
      : { ...verdict, decidedBy: "effect-sent", message: `${inWords(seen)}: ${verdict.message}` }),
  }
}

const impactOf = { major: "breaking", minor: "addition", patch: "harmless" } as const

const byRedocly = (change: Seen): Pick<Judged, "impact" | "rule" | "decidedBy" | "message"> => ({
  impact: impactOf[change.impact],
  rule: change.verdicts[0]?.ruleId ?? `${change.kind}-${inKebabCase(change.typeName)}`,
  decidedBy: "redocly",
  message: change.verdicts.map(({ message }) => message).join(" ") || inWords(change),
})

/** The version is compared with what the changes require, and named examples as a mock serves them. */
const isElsewhere = ({ kind, path, property, typeName }: RedoclyChange): boolean =>
  (path === "#/info" && property === "version") ||
  /\/x-sent-(?:headers|scenarios)(?:\/|$)/.test(path) ||
  (/^Examples?(?:Map)?$/.test(typeName) &&
    kind !== "modified" &&
    ["response", "update"].includes(directionOf(path)))

// -----------------------------------------------------------------------------
// Directions
// -----------------------------------------------------------------------------

/** The path from the root tells the direction, since no component is shared between directions. */
const directionOf = (path: string): Direction => {
  const keys = keysOf(path).filter((key) => key !== "$ref")
  const callback = keys.indexOf("callbacks")
  const [root = "", , method = "", part = ""] = keys
  if (root === "webhooks") return part === "responses" ? "update-response" : "update"
  if (root === "paths" && callback === 3)
    return keys[7] === "responses" ? "update-response" : "update"
  if (root === "paths")
    return method !== "parameters" && part === "responses" ? "response" : "request"
  // These say where a request goes and which credentials it needs.
  return ["servers", "security", "components"].includes(root) ? "request" : "document"
}

// -----------------------------------------------------------------------------
// Rules: the first that applies decides
// -----------------------------------------------------------------------------

/** Under these keywords, a looser constraint accepts less. Redocly does not reverse its verdict there. */
const negated: Rule = ({ kind, path, property = "", typeName }) =>
  kind === "modified" &&
  constraints[typeName]?.has(property) === true &&
  /\/(?:not|if)(?:\/|$)/.test(path)
    ? {
        rule: "negated-schema-changed",
        impact: "breaking",
        message: "under `not` or `if`, a looser constraint may accept less",
      }
    : undefined

/** Which of two patterns accepts more is not decided: in each direction, someone relies on the old one. */
const anotherPattern: Rule = ({ base, property, revision }) =>
  isPattern(property) && typeof base?.value === "string" && typeof revision?.value === "string"
    ? {
        rule: "pattern-changed",
        impact: "breaking",
        message: "values that matched may not match now, and the reverse",
      }
    : undefined

const isPattern = (property: string | undefined): boolean =>
  property === "pattern" || property === "x-sent-pattern"

/** Redocly does not know this keyword. */
const patternOfCredential: Rule = ({ base, property, revision }) => {
  if (property !== "x-sent-pattern") return undefined
  if (base?.value === undefined) {
    const message = "credentials that do not match are now rejected"
    return { rule: "credential-pattern-added", impact: "breaking", message }
  }
  return revision?.value === undefined
    ? {
        rule: "credential-pattern-removed",
        impact: "addition",
        message: "credentials of any form are accepted",
      }
    : undefined
}

/** A service grows by new statuses and channels: receivers should ignore values that they do not know. */
const newValueInUpdate: Rule = ({ direction, revision, verdicts }) =>
  direction === "update" &&
  verdicts.some(({ ruleId }) => ruleId === "enum-values-added") &&
  revision?.value !== undefined
    ? {
        rule: "update-enum-value-added",
        impact: "addition",
        message: "receivers may get a value that they do not know",
      }
    : undefined

/** Likewise a new form. */
const newFormOfUpdate: Rule = ({ direction, kind, path }) =>
  direction === "update" && kind === "added" && /\/(?:anyOf|oneOf)\/\d+$/.test(path)
    ? {
        rule: "update-form-added",
        impact: "addition",
        message: "receivers may get a form that they do not know",
      }
    : undefined

/** The key of a callback says which member of the request has its URL. */
const urlOfUpdate: Rule = ({ direction, property, typeName }) =>
  direction === "update" && typeName === "PathItem" && property === "key"
    ? {
        rule: "update-url-moved",
        impact: "breaking",
        message: "requests with the URL in the old member get no updates",
      }
    : undefined

const headerOfUpdate: Rule = ({ base, direction, kind, property, revision, typeName }) => {
  if (direction !== "update" || (typeName !== "Parameter" && typeName !== "ParameterList")) {
    return undefined
  }
  if (kind === "removed") {
    const message = "receivers that read it no longer find it"
    return { rule: "update-header-removed", impact: "breaking", message }
  }
  // The receiver does not send these headers, so a new one cannot break it.
  if (kind === "added") {
    const message = "receivers may ignore it"
    return { rule: "update-header-added", impact: "addition", message }
  }
  const isOther = textOf(base?.value).toLowerCase() !== textOf(revision?.value).toLowerCase()
  if ((property === "name" || property === "in") && isOther) {
    const message = "receivers that read the old name no longer find it"
    return { rule: "update-header-renamed", impact: "breaking", message }
  }
  return property === "required" ? mayBeMissing("update-header", base?.value === true) : undefined
}

const bodyOfUpdate: Rule = ({ base, direction, kind, property, typeName }) => {
  if (direction !== "update" || typeName !== "RequestBody") return undefined
  if (kind === "removed") {
    const message = "receivers that read it no longer find it"
    return { rule: "update-body-removed", impact: "breaking", message }
  }
  return property === "required" ? mayBeMissing("update-body", base?.value === true) : undefined
}

/** A caller negotiates the media type of a response. A receiver cannot negotiate that of an update. */
const mediaTypeOfUpdate: Rule = ({ direction, kind, typeName }) =>
  direction === "update" && kind === "added" && typeName === "MediaType"
    ? {
        rule: "update-media-type-added",
        impact: "breaking",
        message: "receivers may get a body that they cannot read",
      }
    : undefined

const headerOfResponse: Rule = ({ base, direction, property, typeName }) =>
  direction === "response" && typeName === "Header" && property === "required"
    ? mayBeMissing("response-header", base?.value === true)
    : undefined

const emptyBody: Rule = ({ direction, property, revision }) => {
  if (direction !== "response" || property !== "x-sent-empty-body") return undefined
  return revision?.value === true
    ? {
        rule: "response-body-optional",
        impact: "breaking",
        message: "the response may now have no body",
      }
    : {
        rule: "response-body-required",
        impact: "harmless",
        message: "the response now always has a body",
      }
}

const mayBeMissing = (what: string, wasRequired: boolean): Verdict =>
  wasRequired
    ? { rule: `${what}-optional`, impact: "breaking", message: "it may now be missing" }
    : { rule: `${what}-required`, impact: "harmless", message: "it is now always present" }

/** An example of a request constrains nothing. */
const exampleOfRequest: Rule = ({ direction, kind, typeName }) =>
  isReadByService(direction) && kind !== "modified" && /^Examples?(?:Map)?$/.test(typeName)
    ? { rule: `example-${kind}`, impact: "harmless", message: "an example constrains nothing" }
    : undefined

/** Redocly rates new parts as additions, but not parts that accept more than before. */
const acceptsMore: Rule = ({
  base,
  direction,
  kind,
  property = "",
  revision,
  typeName,
  verdicts,
}) =>
  isReadByService(direction) &&
  kind === "modified" &&
  verdicts.length === 0 &&
  constraints[typeName]?.has(property) === true &&
  !isSameSet(base?.value, revision?.value)
    ? { rule: "loosened", impact: "addition", message: "more is accepted than before" }
    : undefined

const constraints: Readonly<Record<string, ReadonlySet<string>>> = {
  Schema: new Set([
    "type",
    "nullable",
    "enum",
    "const",
    "format",
    "pattern",
    "required",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "items",
    "uniqueItems",
    "multipleOf",
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
  ]),
  Parameter: new Set(["required"]),
  RequestBody: new Set(["required"]),
}

const isSameSet = (one: Json | undefined, other: Json | undefined): boolean =>
  isArray(one) && isArray(other)
    ? one.every((item) => other.includes(item)) && other.every((item) => one.includes(item))
    : one === other

const rules: ReadonlyArray<Rule> = [
  anotherDefault,
  requiredWithDefault,
  negated,
  anotherPattern,
  patternOfCredential,
  newValueInUpdate,
  newFormOfUpdate,
  urlOfUpdate,
  headerOfUpdate,
  bodyOfUpdate,
  mediaTypeOfUpdate,
  headerOfResponse,
  emptyBody,
  exampleOfRequest,
  acceptsMore,
]

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

const inWords = (change: RedoclyChange): string => {
  const { base, kind, property, revision, typeName } = change
  const name = nameOf(change)
  if (kind !== "modified") return `${inKebabCase(typeName)} ${quoted(name)} was ${kind}`
  if (property === "key") return `${quoted(base?.value)} became ${quoted(revision?.value)}`
  const what = `\`${property}\` of ${quoted(name)}`
  if (base?.value === undefined) return `${what} was set to ${quoted(revision?.value)}`
  if (revision?.value === undefined) return `${what} was removed`
  if (isArray(base.value) && isArray(revision.value)) {
    return `${what} changed: ${listed(base.value, revision.value)}`
  }
  // A shortened pattern is not that pattern.
  return isPattern(property)
    ? `${what} changed from ${textOf(base.value)} to ${textOf(revision.value)}`
    : `${what} changed from ${quoted(base.value)} to ${quoted(revision.value)}`
}

/** A part without a name of its own gets the name of what contains it. */
const nameOf = ({ base, path, property, revision }: RedoclyChange): string => {
  const [last = ""] = keysOf(path).slice(-1)
  if (!isUnnamed(last)) return last
  const holders = keysOf((revision ?? base)?.pointer ?? path)
  return holders.findLast((key) => key !== property && !isUnnamed(key)) ?? last
}

/** An index of a list, not a status. */
const isUnnamed = (key: string): boolean =>
  /^\d{1,2}$/.test(key) || ["schema", "items", "anyOf", "oneOf", "allOf"].includes(key)

const listed = (old: ReadonlyArray<Json>, next: ReadonlyArray<Json>): string => {
  const gone = old.filter((item) => !next.includes(item))
  const come = next.filter((item) => !old.includes(item))
  return [
    ...(gone.length > 0 ? [`without ${gone.map(quoted).join(", ")}`] : []),
    ...(come.length > 0 ? [`with ${come.map(quoted).join(", ")}`] : []),
    ...(gone.length + come.length === 0 ? ["in another order"] : []),
  ].join(" and ")
}

const inKebabCase = (name: string): string =>
  name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase()

const longest = 60

const quoted = (value: Json | undefined): string => {
  const text = JSON.stringify(value)?.replaceAll(/\s+/g, " ") ?? "nothing"
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
