/** Looks at the requests that a lie is about, and changes them. */
import type { LiarRequest } from "../liar.ts"

/** What is longer is about its length. */
const maxBytes = 100_000

const parsed = new WeakMap<Buffer, Readonly<Record<string, unknown>>>()

/** The members of a body, parsed once for all lies. */
export const json = ({ body }: Pick<LiarRequest, "body">): Readonly<Record<string, unknown>> => {
  const known = parsed.get(body)
  if (known !== undefined) return known
  const members = body.length > maxBytes ? {} : parse(body)
  parsed.set(body, members)
  return members
}

const parse = (body: Buffer): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(body.toString("utf8"))
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {}
  } catch {
    return {}
  }
}

export const member = (request: Pick<LiarRequest, "body">, name: string): string => {
  const value = json(request)[name]
  return typeof value === "string" ? value : ""
}

export const withMembers = (request: LiarRequest, members: Readonly<Record<string, unknown>>) => ({
  body: Buffer.from(JSON.stringify({ ...json(request), ...members })),
})

export const has = (name: string, test: (value: unknown) => boolean) => (request: LiarRequest) =>
  Object.hasOwn(json(request), name) && test(json(request)[name])

export const text = ({ body }: Pick<LiarRequest, "body">): string =>
  body.length > maxBytes ? "" : body.toString("latin1")

export const type = (pattern: RegExp) => (request: LiarRequest) =>
  pattern.test(request.headers["content-type"] ?? "missing")
export const to = (number: string) => (request: LiarRequest) =>
  member(request, "phoneNumber") === `+1500555${number}`

export const scenarioOf = (name: string, number: string): string => `${name} (+1500555${number})`

export const is = (name: string, pattern: RegExp) => (request: LiarRequest) =>
  pattern.test(member(request, name))
