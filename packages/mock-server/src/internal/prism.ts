/**
 * The only file that knows Prism. Prism is CommonJS, speaks fp-ts and has habits that a server must not have;
 * what leaves this file is plain data.
 */
import type { createInstance } from "@stoplight/prism-http"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { createRequire, Module } from "node:module"
import type { Contract, Operation } from "../Contract.ts"

type Instance = ReturnType<typeof createInstance>
type Resource = Parameters<Instance["request"]>[1][number]
type Input = Parameters<Instance["request"]>[0]
type Config = NonNullable<Parameters<Instance["request"]>[2]>

/** A request whose body was read and parsed. */
export interface Exchange {
  readonly operation: Operation
  readonly path: string
  readonly query: URLSearchParams
  /** In lower case: Prism finds a credential under no other name. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
  /** The response to give to a valid request; undefined for success. */
  readonly wanted: { readonly status: number; readonly example: string | undefined } | undefined
  /** Not to ask for credentials, so that a request without them is validated too. */
  readonly isProbe?: boolean
}

/** One thing that is wrong with a request, as Prism says it. */
export interface Violation {
  /** From the part of the request inwards, e.g. `["body", "messageBody", "name"]`. */
  readonly path: ReadonlyArray<string>
  /** The JSON Schema keyword, or 401 for a credential that is not there. */
  readonly code: string
  readonly message: string
}

export type Outcome =
  | { readonly _tag: "Invalid"; readonly violations: ReadonlyArray<Violation> }
  | {
      readonly _tag: "Answered"
      readonly status: number
      /** As the contract's header objects have them, in lower case. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: unknown
    }

export interface Prism {
  /** Dies when Prism breaks down or when its answer is not what the contract declares. */
  readonly exchange: (exchange: Exchange) => Effect.Effect<Outcome>
}

/** Fails with what is wrong in words. */
export const makePrism = Effect.fnUntraced(function* (
  contract: Contract,
): Effect.fn.Return<Prism, string> {
  // Only now, since Prism takes longer to load than all the rest: a help text or an error need not wait for it.
  const [{ createLogger }, { createInstance, getHttpOperationsFromSpec }] =
    yield* Effect.promise(loadPrism)
  const resources = yield* Effect.tryPromise({
    // A copy, because Prism writes into what it is given.
    try: () => getHttpOperationsFromSpec({ ...structuredClone(contract.document), ...dialect }),
    catch: (cause) => `Prism cannot read it: ${String(cause)}`,
  })
  const byOperation = new Map<string, Resource>()
  for (const resource of resources) {
    // Prism would send them for every answer, a 401 too, unsigned and out of order.
    delete resource.callbacks
    byOperation.set(key(resource), resource)
  }
  const instance = createInstance(config(true, { dynamic: false }), {
    logger: createLogger("prism", { enabled: false }),
  })

  const exchange = Effect.fnUntraced(function* (request: Exchange) {
    const resource = byOperation.get(key(request.operation))
    if (resource === undefined) {
      return yield* Effect.die(`Prism does not have ${key(request.operation)}`)
    }
    const { wanted } = request
    const input: Input = {
      // Prism names its methods in lower case and types an operation's as any string.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      method: resource.method as Input["method"],
      url: { path: request.path, query: queryOf(request.query) },
      headers: { ...request.headers },
      body: request.body,
    }
    const settings = config(request.isProbe !== true, {
      dynamic: false,
      // Said outright, so that Prism does not take it from `Accept` and miss what only one media type declares.
      mediaTypes: ["application/problem+json", "application/json;q=0.9", "*/*;q=0.1"],
      ...(wanted === undefined ? {} : { code: wanted.status }),
      ...(wanted?.example === undefined ? {} : { exampleKey: wanted.example }),
    })
    // The call may also throw before it returns the promise; `promise` takes both for a defect.
    const result = yield* Effect.promise(async () =>
      instance.request(input, [resource], settings)(),
    )
    if (result._tag === "Left") return yield* refused(result.left)

    const { output, validations } = result.right
    const violations = validations.input.map(toViolation)
    if (violations.length > 0) return { _tag: "Invalid", violations } satisfies Outcome
    const problems = validations.output.map(({ message }) => message)
    if (wanted !== undefined && output.statusCode !== wanted.status) {
      problems.push(`asked for ${wanted.status}, Prism answered ${output.statusCode}`)
    }
    if (problems.length > 0) {
      return yield* Effect.die(
        new Error(`the answer is not what ${contract.path} declares: ${problems.join("; ")}`),
      )
    }
    return {
      _tag: "Answered",
      status: output.statusCode,
      headers: headersOf(output.headers ?? {}),
      body: output.body,
    } satisfies Outcome
  })

  for (const operation of contract.operations) {
    const problem = yield* sleepingValidation(exchange, operation)
    if (problem !== undefined) return yield* Effect.fail(problem)
  }
  return { exchange }
})

/**
 * Loads Prism without `@faker-js/faker`, a third of the time and 30 MB of what loading takes: it is for dynamic answers and
 * for callbacks, and here is neither. Whoever needs it loads it as usual.
 */
const loadPrism = async () => {
  const own = createRequire(import.meta.url)
  const faker = createRequire(own.resolve("@stoplight/prism-http")).resolve("@faker-js/faker")
  const isLoaded = faker in own.cache
  if (!isLoaded) {
    const stub = new Module(faker)
    stub.exports = { faker: {} }
    stub.loaded = true
    own.cache[faker] = stub
  }
  try {
    return await Promise.all([import("@stoplight/prism-core"), import("@stoplight/prism-http")])
  } finally {
    if (!isLoaded) delete own.cache[faker]
  }
}

/** Without it Prism reads the schemas of OpenAPI 3.1 as draft 07. */
const dialect = { jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema" }

// A fresh `mock` for every call: Prism writes into it, and what one request accepted would leak into the next.
const config = (checkSecurity: boolean, mock: Config["mock"]): Config => ({
  isProxy: false,
  checkSecurity,
  validateRequest: true,
  validateResponse: true,
  errors: false,
  upstreamProxy: undefined,
  mock,
})

const key = ({ method, path }: { readonly method: string; readonly path: string }): string =>
  `${method.toUpperCase()} ${path}`

const queryOf = (query: URLSearchParams): Record<string, string | Array<string>> => {
  const result: Record<string, string | Array<string>> = {}
  for (const name of new Set(query.keys())) {
    const [first = "", ...others] = query.getAll(name)
    result[name] = others.length === 0 ? first : [first, ...others]
  }
  return result
}

const headersOf = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers)
      // Prism states a type even for an answer without a body. Its numbers are numbers, whatever its types say.
      .filter(([name, value]) => value !== null && name.toLowerCase() !== "content-type")
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  )

interface Diagnostic {
  readonly path?: ReadonlyArray<string | number>
  readonly code?: string | number
  readonly message: string
}

const toViolation = ({ path = [], code = "", message }: Diagnostic): Violation => ({
  path: path.map(String),
  code: String(code),
  message,
})

/** Where a contract declares no answer for an invalid request, Prism fails with the violations inside. */
const refused = (error: Error): Effect.Effect<Outcome> => {
  const additional = Predicate.hasProperty(error, "additional") ? error.additional : undefined
  if (Predicate.hasProperty(error, "status") && error.status === 401) {
    return Effect.succeed({
      _tag: "Invalid",
      violations: [{ path: [], code: "401", message: error.message }],
    })
  }
  if (Predicate.hasProperty(additional, "validation") && Array.isArray(additional.validation)) {
    const violations = additional.validation.map((entry: unknown) =>
      toViolation({
        path:
          Predicate.hasProperty(entry, "location") && Array.isArray(entry.location)
            ? entry.location.map(String)
            : [],
        code: Predicate.hasProperty(entry, "code") ? String(entry.code) : "",
        message: Predicate.hasProperty(entry, "message") ? String(entry.message) : "is invalid",
      }),
    )
    return Effect.succeed({ _tag: "Invalid", violations })
  }
  return Effect.die(error)
}

/**
 * Prism validates nothing, and says nothing, when a schema does not compile. No schema with a `type` takes all of
 * these values, so one that does is asleep. The first call also compiles the schema before anybody waits for it.
 */
const sleepingValidation = Effect.fnUntraced(function* (
  exchange: Prism["exchange"],
  operation: Operation,
): Effect.fn.Return<string | undefined> {
  const { requestBody } = operation
  const type = Predicate.hasProperty(requestBody?.schema, "type")
    ? requestBody.schema.type
    : undefined
  if (requestBody === undefined || typeof type !== "string") return undefined
  for (const body of [true, 1, "text", {}]) {
    const outcome = yield* exchange({
      operation,
      path: operation.path,
      query: new URLSearchParams(),
      headers: { "content-type": requestBody.mediaTypes[0] ?? "application/json" },
      body,
      wanted: undefined,
      isProbe: true,
    })
    const inBody = ({ path }: Violation): boolean => path[0] === "body"
    if (outcome._tag === "Invalid" && outcome.violations.some(inBody)) return undefined
  }
  return `the request schema of ${key(operation)} does not compile, so no request would be validated`
})
