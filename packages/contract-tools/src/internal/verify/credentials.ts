/** The credentials of a run, and the requests that lack one or have a wrong one. */
import { randomUUID } from "node:crypto"
import type { Credential, Declared } from "./declared.ts"
import type { SentRequest } from "./exchange.ts"
import { spell } from "./values/pattern.ts"
import { editsOf } from "./values/text.ts"

/** A credential with the value that a request carries. */
export interface Held extends Credential {
  readonly value: string
}

export interface CredentialSource {
  /** By header name, in lower case. */
  readonly given: Readonly<Record<string, string>> | undefined
  /** Whether values that nobody gave are made up, as a mock accepts them. */
  readonly isMock: boolean
}

/**
 * The alternatives for which there are values. A made-up sender is another one in each run: a mock may count its answers by
 * sender, and others may use it at the same time.
 */
export const heldBy = (
  security: Declared["security"],
  { given, isMock }: CredentialSource,
): ReadonlyArray<ReadonlyArray<Held>> =>
  security.flatMap((alternative) => {
    const held = alternative.map((credential): Held | undefined => {
      const { name, pattern, place, prefix } = credential
      const own = place === "header" ? given?.[name] : undefined
      if (own !== undefined) return { ...credential, value: own }
      const value = isMock && place !== undefined ? madeUp(pattern, prefix) : undefined
      return value === undefined ? undefined : { ...credential, value }
    })
    return held.every((one) => one !== undefined) ? [held] : []
  })

const madeUp = (pattern: string | undefined, prefix: string): string | undefined => {
  if (pattern === undefined) {
    const secret = "effect-sent-contract"
    return prefix === "Basic " ? `Basic ${btoa(`effect-sent:${secret}`)}` : prefix + secret
  }
  const test = new RegExp(pattern, "u")
  return [randomUUID(), "effect-sent-contract", spell(pattern)?.base].find(
    (text) => text !== undefined && test.test(text),
  )
}

/** The request with these credentials. */
export const withCredentials = (
  request: SentRequest,
  held: ReadonlyArray<Pick<Held, "name" | "place" | "value">>,
): SentRequest => {
  const cookies = held.filter(({ place }) => place === "cookie")
  const query = held.filter(({ place }) => place === "query")
  const headers = held.filter(({ place }) => place === "header")
  const pairs = (of: typeof held): ReadonlyArray<string> =>
    of.map(({ name, value }) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
  const added = pairs(query).join("&")
  return {
    ...request,
    target:
      added === ""
        ? request.target
        : `${request.target}${request.target.includes("?") ? "&" : "?"}${added}`,
    headers: {
      ...request.headers,
      ...Object.fromEntries(headers.map(({ name, value }) => [name, value])),
      ...(cookies.length === 0 ? {} : { cookie: pairs(cookies).join("; ") }),
    },
  }
}

/** A request whose credentials are wrong. */
export interface Wrong {
  readonly name: string
  readonly scheme: string
  readonly what: "missing" | "empty" | "malformed" | "misplaced"
  readonly held: ReadonlyArray<Pick<Held, "name" | "place" | "value">>
  /** Whether it may be sent to a live service, which may lock who fails too often. */
  readonly isForLive: boolean
}

export const wrongCredentials = (
  needed: ReadonlyArray<Held>,
  isMadeUp: boolean,
): ReadonlyArray<Wrong> => {
  // Beside a wrong credential, nothing of an account is sent: several failures may lock it.
  const others = isMadeUp ? needed : needed.map((one) => ({ ...one, value: ofNobody(one) }))
  const except = ({ name }: Held): ReadonlyArray<Held> => others.filter((one) => one.name !== name)
  return [
    ...needed.flatMap((one): ReadonlyArray<Wrong> => {
      const { name, pattern, place, scheme } = one
      const wrong = (
        what: Wrong["what"],
        words: string,
        added: ReadonlyArray<Pick<Held, "name" | "place" | "value">>,
        isForLive = true,
      ): Wrong => ({
        name: `${name} ${words}`,
        scheme,
        what,
        held: [...except(one), ...added],
        isForLive,
      })
      const value = others.find((other) => other.name === name)?.value ?? ""
      return [
        wrong("missing", "is missing", []),
        wrong("empty", "is empty", [{ ...one, value: "" }]),
        ...(place === "header"
          ? [wrong("misplaced", "is in the query", [{ name, place: "query" as const, value }])]
          : []),
        ...malformed(pattern, value).map(({ isUsual, text, what }) =>
          wrong("malformed", what, [{ ...one, value: text }], isUsual),
        ),
      ]
    }),
    ...(needed.length > 1
      ? [
          {
            name: "all credentials are missing",
            scheme: needed[0]?.scheme ?? "",
            what: "missing" as const,
            held: [],
            isForLive: true,
          },
        ]
      : []),
  ]
}

/** Made-up credentials that must be accepted: each with one that is at a bound of its pattern, or of another form. */
export const otherCredentials = (
  needed: ReadonlyArray<Held>,
): ReadonlyArray<{ readonly name: string; readonly held: ReadonlyArray<Held> }> =>
  needed.flatMap((one) => {
    const { name, pattern } = one
    if (pattern === undefined) return []
    const test = new RegExp(pattern, "u")
    return (spell(pattern)?.variants ?? [])
      .filter(({ text }) => test.test(text) && isHeaderValue(text))
      .map(({ text, what }) => ({
        name: `${name} ${what}`,
        held: needed.map((other) => (other === one ? { ...other, value: text } : other)),
      }))
  })

/** A well-formed value that belongs to no account. */
const ofNobody = ({ pattern, prefix, value }: Held): string => {
  const uuid = "00000000-0000-4000-8000-000000000000"
  return pattern !== undefined && new RegExp(pattern, "u").test(uuid) && uuid !== value
    ? uuid
    : (madeUp(pattern, prefix) ?? "")
}

interface Malformed {
  readonly what: string
  readonly text: string
  readonly isUsual: boolean
}

/** The mistakes that people make. */
const usual = new Set([
  "is malformed",
  "has no hyphens",
  "is in braces",
  "lacks its last character",
])

/** Only a pattern says which values are malformed. */
const malformed = (pattern: string | undefined, value: string): ReadonlyArray<Malformed> => {
  if (pattern === undefined) return []
  const test = new RegExp(pattern, "u")
  const texts = [
    { what: "is malformed", text: "no such credential" },
    ...(spell(pattern)?.variants ?? []),
    ...editsOf(value),
  ]
  return texts
    .filter(({ text }) => !test.test(text) && isHeaderValue(text))
    .map(({ text, what }) => ({ what, text, isUsual: usual.has(what) }))
    .filter(({ what }, index, all) => all.findIndex((one) => one.what === what) === index)
}

/** Of what HTTP cannot carry in a header, or trims, no server sees anything: RFC 9110, section 5.5. */
export const isHeaderValue = (text: string): boolean =>
  // oxlint-disable-next-line no-control-regex -- those are the ones that a header must not have.
  /^[!-~\u0080-\u00ff](?:[\t -~\u0080-\u00ff]*[!-~\u0080-\u00ff])?$/.test(text)
