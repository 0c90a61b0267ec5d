/**
 * The only file that knows Prism. Prism is CommonJS, speaks fp-ts and has habits that a server must not have;
 * what leaves this file is plain data.
 */
import type { createInstance } from "@stoplight/prism-http"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Contract, Operation } from "../Contract.ts"
import { loadPrism } from "./loadPrism.ts"

type Instance = ReturnType<typeof createInstance>
type Resource = Parameters<Instance["request"]>[1][number]
type Input = Parameters<Instance["request"]>[0]
type Config = NonNullable<Parameters<Instance["request"]>[2]>
type Components = Required<Parameters<typeof createInstance>[1]>
type Result = Awaited<ReturnType<ReturnType<Instance["request"]>>>
type Output = Extract<Result, { readonly _tag: "Right" }>["right"]

/** A request whose body was read and parsed. */
export interface Incoming {
  readonly operation: Operation
  readonly path: string
  readonly query: URLSearchParams
  /** In lower case: Prism finds a credential under no other name. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
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

/** An answer of the contract. It is the same object for every request that gets it. */
export interface Negotiated {
  readonly status: number
  /** As the contract's header objects have them, in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

export interface Prism {
  /** What is wrong with a request. Dies when Prism breaks down. */
  readonly validate: (request: Incoming) => Effect.Effect<ReadonlyArray<Violation>>
  /**
   * The answer to a valid request; without a wish, that of success. Dies when Prism breaks down or when its answer is not
   * what the contract declares.
   */
  readonly answer: (operation: Operation, wanted?: Wanted) => Effect.Effect<Negotiated>
  /** What is wrong with an answer that came from elsewhere. Dies when Prism breaks down. */
  readonly validateAnswer: (
    operation: Operation,
    answer: Foreign,
  ) => Effect.Effect<ReadonlyArray<Violation>>
}

/** An answer of a server that is looked at. */
export interface Foreign {
  readonly status: number
  /** In lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed; undefined when there is none. */
  readonly body: unknown
}

export interface Wanted {
  readonly status: number
  readonly example: string | undefined
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
  const logger = createLogger("prism", { enabled: false })
  const resourceOf = (operation: Operation): Effect.Effect<Resource> => {
    const resource = byOperation.get(key(operation))
    return resource === undefined
      ? Effect.die(`Prism does not have ${key(operation)}`)
      : Effect.succeed(resource)
  }
  // Validates, and answers nothing.
  const validator = createInstance(config, {
    logger,
    route,
    mock: () => () => ({ _tag: "Right", right: { statusCode: 204 } }),
  })
  const validate = Effect.fnUntraced(function* (request: Incoming) {
    const resource = yield* resourceOf(request.operation)
    const input: Input = {
      method: methodOf(resource),
      url: { path: request.path, query: queryOf(request.query) },
      headers: { ...request.headers },
      body: request.body,
    }
    const settings = {
      ...config,
      validateRequest: true,
      checkSecurity: request.isProbe !== true,
    }
    const { validations } = yield* call(validator, input, resource, settings)
    return validations.input.map(toViolation)
  })

  // Answers, and validates nothing but its answers. What it answers depends on nothing of the request, so once will do.
  const negotiator = createInstance(config, { logger, route })
  const answers = new Map<string, Negotiated>()
  const answer = Effect.fnUntraced(function* (operation: Operation, wanted?: Wanted) {
    const name = `${key(operation)} ${wanted?.status ?? ""} ${wanted?.example ?? ""}`
    const known = answers.get(name)
    if (known !== undefined) return known
    const resource = yield* resourceOf(operation)
    const input: Input = { method: methodOf(resource), url: { path: operation.path } }
    const settings = {
      ...config,
      validateResponse: true,
      // Fresh for every call: Prism writes into it, and what one request accepted would leak into the next.
      mock: {
        dynamic: false,
        // Said outright, so that Prism does not take it from `Accept` and miss what only one media type declares.
        mediaTypes: ["application/problem+json", "application/json;q=0.9", "*/*;q=0.1"],
        ...(wanted === undefined ? {} : { code: wanted.status }),
        ...(wanted?.example === undefined ? {} : { exampleKey: wanted.example }),
      },
    }
    const { output, validations } = yield* call(negotiator, input, resource, settings)
    const problems = validations.output.map(({ message }) => message)
    if (wanted !== undefined && output.statusCode !== wanted.status) {
      problems.push(`asked for ${wanted.status}, Prism answered ${output.statusCode}`)
    }
    if (problems.length > 0) {
      return yield* Effect.die(
        new Error(`the answer is not what ${contract.path} declares: ${problems.join("; ")}`),
      )
    }
    const negotiated: Negotiated = {
      status: output.statusCode,
      headers: headersOf(output.headers ?? {}),
      body: output.body,
    }
    answers.set(name, negotiated)
    return negotiated
  })

  // Validates what it seems to have been answered from elsewhere.
  const answered = new WeakMap<Input, Foreign>()
  const observer = createInstance(proxyConfig, {
    logger,
    route,
    forward:
      ({ data }) =>
      () =>
      async () => {
        const { body, headers = {}, status = 0 } = answered.get(data) ?? {}
        return { _tag: "Right", right: { statusCode: status, headers: { ...headers }, body } }
      },
  })
  const validateAnswer = Effect.fnUntraced(function* (operation: Operation, foreign: Foreign) {
    const resource = yield* resourceOf(operation)
    const input: Input = { method: methodOf(resource), url: { path: operation.path } }
    answered.set(input, foreign)
    const { validations } = yield* call(observer, input, resource, proxyConfig)
    return validations.output.map(toViolation)
  })

  for (const operation of contract.operations) {
    const problem = yield* sleepingValidation(validate, operation)
    if (problem !== undefined) return yield* Effect.fail(problem)
  }
  return { validate, answer, validateAnswer }
})

// Which operation it is, is known by then.
const route: Components["route"] = ({ resources: [resource] }) =>
  resource === undefined
    ? { _tag: "Left", left: new Error("no operation") }
    : { _tag: "Right", right: resource }

const call = (
  instance: Instance,
  input: Input,
  resource: Resource,
  settings: Config,
): Effect.Effect<Output> =>
  // It may also throw before it returns the promise; `promise` takes both for a defect.
  Effect.flatMap(
    Effect.promise(async () => instance.request(input, [resource], settings)()),
    (result) => (result._tag === "Left" ? Effect.die(result.left) : Effect.succeed(result.right)),
  )

/** Without it Prism reads the schemas of OpenAPI 3.1 as draft 07. */
const dialect = { jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema" }

const config: Config = {
  isProxy: false,
  checkSecurity: false,
  validateRequest: false,
  validateResponse: false,
  errors: false,
  upstreamProxy: undefined,
  mock: { dynamic: false },
}

const proxyConfig: Config = {
  ...config,
  isProxy: true,
  validateResponse: true,
  // Nothing is sent there.
  upstream: new URL("http://localhost"),
}

// Prism names its methods in lower case and types an operation's as any string.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
const methodOf = (resource: Resource): Input["method"] => resource.method as Input["method"]

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

/**
 * Prism validates nothing, and says nothing, when a schema does not compile. No schema with a `type` takes all of
 * these values, so one that does is asleep. The first call also compiles the schema before anybody waits for it.
 */
const sleepingValidation = Effect.fnUntraced(function* (
  validate: Prism["validate"],
  operation: Operation,
): Effect.fn.Return<string | undefined> {
  const { requestBody } = operation
  const type = Predicate.hasProperty(requestBody?.schema, "type")
    ? requestBody.schema.type
    : undefined
  if (requestBody === undefined || typeof type !== "string") return undefined
  for (const body of [true, 1, "text", {}]) {
    const violations = yield* validate({
      operation,
      path: operation.path,
      query: new URLSearchParams(),
      headers: { "content-type": requestBody.mediaTypes[0] ?? "application/json" },
      body,
      isProbe: true,
    })
    if (violations.some(({ path }) => path[0] === "body")) return undefined
  }
  return `the request schema of ${key(operation)} does not compile, so no request would be validated`
})
