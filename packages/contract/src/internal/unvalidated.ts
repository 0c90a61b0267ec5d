/**
 * Finds schemas that Prism does not validate: when a schema does not compile, Prism accepts everything without an error. So each
 * schema is probed with what it must not accept. That also compiles it before a message needs it.
 */
import * as Effect from "effect/Effect"
import type { MediaTypeContent, Resource } from "./prism.ts"
import type { PrismViolation } from "./prismViolation.ts"

/** Validates a message without headers and query. */
export interface Probing {
  readonly request: (
    resource: Resource,
    body: unknown,
  ) => Effect.Effect<ReadonlyArray<PrismViolation>>
  readonly response: (
    resource: Resource,
    body: unknown,
  ) => Effect.Effect<ReadonlyArray<PrismViolation>>
}

/**
 * Describes the first schema of an operation that would not be validated. Undefined when there is none. Of a server that makes
 * its own responses, only those of requests matter.
 */
export const unvalidated: (
  resource: Resource,
  probing: Probing,
  messages: "requests" | "all",
) => Effect.Effect<string | undefined> = Effect.fnUntraced(function* (resource, probing, which) {
  const probes = [...requestProbes(resource), ...(which === "all" ? otherProbes(resource) : [])]
  for (const { messages, what } of probes) {
    for (const { isResponse, probe, value } of messages) {
      const violations = yield* probing[isResponse ? "response" : "request"](probe, value)
      if (violations.length === 0) return `${what} does not compile, so it would not be validated`
    }
  }
  return undefined
})

interface Message {
  readonly isResponse: boolean
  /** The operation with nothing but what is probed. */
  readonly probe: Resource
  readonly value: unknown
}

interface Probe {
  readonly what: string
  readonly messages: ReadonlyArray<Message>
}

const nameOf = ({ method, path }: Resource): string => `${method.toUpperCase()} ${path}`

const requestProbes = (resource: Resource): ReadonlyArray<Probe> => {
  const { body, headers, path, query } = resource.request ?? {}
  const parameters = [
    ...demanding(path).map((needed) => ["path", { path: needed }] as const),
    ...demanding(query).map((needed) => ["query", { query: needed }] as const),
    ...demanding(headers).map((needed) => ["header", { headers: needed }] as const),
  ]
  return [
    ...(body?.contents ?? []).map((content) => ({
      what: `the request schema of ${nameOf(resource)} for ${content.mediaType}`,
      messages: asRequest(resource, content),
    })),
    ...parameters.map(([place, request]) => ({
      what: `the schema of a ${place} parameter of ${nameOf(resource)}`,
      messages: [{ isResponse: false, probe: { ...resource, request }, value: undefined }],
    })),
  ]
}

const otherProbes = (resource: Resource): ReadonlyArray<Probe> => [
  ...resource.responses.flatMap((response): ReadonlyArray<Probe> => {
    const { code, contents = [], headers } = response
    const as = (only: Partial<typeof response>, value: unknown): Message => ({
      isResponse: true,
      probe: { ...resource, responses: [{ id: "", code: "200", ...only }] },
      value,
    })
    return [
      ...contents.map((content) => ({
        what: `the schema of the response ${code} of ${nameOf(resource)} for ${content.mediaType}`,
        messages: bodies(content).map(({ only, value }) => as({ contents: [only] }, value)),
      })),
      ...demanding(headers).map((needed) => ({
        what: `the schema of a header of the response ${code} of ${nameOf(resource)}`,
        messages: [as({ headers: needed }, undefined)],
      })),
    ]
  }),
  ...(resource.callbacks ?? []).flatMap((callback) =>
    (callback.request?.body?.contents ?? []).map((content) => ({
      what: `the schema of the callback ${callback.key} of ${nameOf(resource)} for ${content.mediaType}`,
      messages: asRequest(resource, content),
    })),
  ),
]

const asRequest = (resource: Resource, content: MediaTypeContent): Probe["messages"] =>
  bodies(content).map(({ only, value }) => ({
    isResponse: false,
    probe: { ...resource, request: { body: { id: "", contents: [only] } } },
    value,
  }))

/** The parameters, and one more that is required: no message without it is valid. */
const demanding = <A extends object>(
  parameters: ReadonlyArray<A> | undefined = [],
): ReadonlyArray<Array<A>> => {
  const [first] = parameters
  return first === undefined
    ? []
    : [[...parameters, { ...first, name: "x-effect-sent-probe", required: true }]]
}

const examples: ReadonlyArray<readonly [type: string, value: unknown]> = [
  ["boolean", true],
  ["string", "text"],
  ["object", {}],
  ["array", []],
]

/** The content as JSON, with a body that its schema cannot accept. */
const bodies = (
  content: MediaTypeContent,
): ReadonlyArray<{ readonly only: MediaTypeContent; readonly value: unknown }> => {
  const { schema } = content
  if (schema === undefined) return []
  const types = schema.type === undefined ? undefined : [schema.type].flat()
  const [, value] = examples.find(([type]) => types?.every((one) => one !== type) === true) ?? []
  const json = { ...content, mediaType: "application/json" }
  if (value !== undefined) return [{ only: json, value }]
  // Its type says nothing, so nothing else may match either.
  const { $id: _, ...own } = schema
  const not = own.not === undefined ? {} : { anyOf: [own.not, {}] }
  return [{ only: { ...json, schema: { ...own, not } }, value: true }]
}
