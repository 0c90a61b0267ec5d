/**
 * Prism as plain data: it validates requests and responses against a contract, and picks the contract's own response to a
 * request. Prism is CommonJS, uses fp-ts and has habits that a server must not have; none of that leaves this module.
 *
 * @example
 * ```ts
 * import { Contract, Prism } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const program = Effect.gen(function* () {
 *   const contract = yield* Contract.load()
 *   const prism = yield* Prism.make(contract)
 *   return yield* Effect.forEach(contract.operations, (operation) => prism.respond(operation))
 * })
 *
 * const [response] = await Effect.runPromise(program)
 * console.assert(response?.status === 204)
 * ```
 */
import type { createInstance } from "@stoplight/prism-http"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { Contract } from "./Contract.ts"
import { ContractError, ContractInvalid } from "./ContractError.ts"
import { loadPrism } from "./internal/loadPrism.ts"
import type { Operation } from "./Operation.ts"

/** A request whose body was read and parsed. */
export interface PlainRequest {
  readonly operation: Operation
  readonly path: string
  readonly query: URLSearchParams
  /** Names in lower case: Prism finds a credential under no other spelling. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
  /** Whether to skip the check of credentials. Default: false. */
  readonly skipsCredentials?: boolean
}

/** A response whose body is parsed. */
export interface PlainResponse {
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined when there is none. */
  readonly body: unknown
}

/** One thing that is wrong with a request or a response, in Prism's words. */
export interface PrismViolation {
  /** From the part of the message inwards, for example `["body", "messageBody", "name"]`. */
  readonly path: ReadonlyArray<string>
  /** The JSON Schema keyword, or 401 for a missing credential. */
  readonly code: string
  readonly message: string
}

/** A response that is asked for. */
export interface Wanted {
  readonly status: number
  /** The name of an example. Undefined: the first one. */
  readonly example: string | undefined
}

/** Prism for one contract. Each effect dies when Prism itself breaks down. */
export interface Prism {
  /** What is wrong with a request. */
  readonly validateRequest: (request: PlainRequest) => Effect.Effect<ReadonlyArray<PrismViolation>>
  /**
   * The contract's response to a valid request: the one that is wanted, or that of success. Equal calls return the same
   * object. Dies when the contract's example is not what the contract declares.
   */
  readonly respond: (operation: Operation, wanted?: Wanted) => Effect.Effect<PlainResponse>
  /** What is wrong with a response of another server. */
  readonly validateResponse: (
    operation: Operation,
    response: PlainResponse,
  ) => Effect.Effect<ReadonlyArray<PrismViolation>>
}

type Instance = ReturnType<typeof createInstance>
type Resource = Parameters<Instance["request"]>[1][number]
type Input = Parameters<Instance["request"]>[0]
type Config = NonNullable<Parameters<Instance["request"]>[2]>
type Components = Required<Parameters<typeof createInstance>[1]>
type Result = Awaited<ReturnType<ReturnType<Instance["request"]>>>
type Output = Extract<Result, { readonly _tag: "Right" }>["right"]

/**
 * Prism for a contract. Fails with `ContractInvalid` for a contract that Prism cannot read, or whose request schema it would
 * not validate.
 *
 * @example
 * ```ts
 * import { Contract, Prism } from "@effect-sent/contract"
 * import { Effect } from "effect"
 *
 * const prism = await Effect.runPromise(Effect.flatMap(Contract.load(), Prism.make))
 * console.assert(typeof prism.validateRequest === "function")
 * ```
 */
export const make = (contract: Contract): Effect.Effect<Prism, ContractError> =>
  Effect.mapError(
    makePrism(contract),
    (problem) =>
      new ContractError({ reason: new ContractInvalid({ path: contract.path, problem }) }),
  )

/** Fails with what is wrong in words. */
const makePrism = Effect.fnUntraced(function* (
  contract: Contract,
): Effect.fn.Return<Prism, string> {
  // Loaded late: Prism takes longer to load than everything else, and a help text or an error need not wait for it.
  const [{ createLogger }, { createInstance, getHttpOperationsFromSpec }] =
    yield* Effect.promise(loadPrism)
  const resources = yield* Effect.tryPromise({
    // A copy, because Prism writes into what it is given.
    try: () => getHttpOperationsFromSpec({ ...structuredClone(contract.document), ...dialect }),
    catch: (cause) => `Prism cannot read it: ${String(cause)}`,
  })
  const byOperation = new Map<string, Resource>()
  for (const resource of resources) {
    // Prism would send them for every response, a 401 too, unsigned and out of order.
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
  // Validates only; its response is not used.
  const validator = createInstance(config, {
    logger,
    route,
    mock: () => () => ({ _tag: "Right", right: { statusCode: 204 } }),
  })
  const validateRequest = Effect.fnUntraced(function* (request: PlainRequest) {
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
      checkSecurity: request.skipsCredentials !== true,
    }
    const { validations } = yield* call(validator, input, resource, settings)
    return validations.input.map(toViolation)
  })

  // Picks a response and validates only that. It depends on nothing of the request, so each is picked once.
  const negotiator = createInstance(config, { logger, route })
  const responses = new Map<string, PlainResponse>()
  const respond = Effect.fnUntraced(function* (operation: Operation, wanted?: Wanted) {
    const name = `${key(operation)} ${wanted?.status ?? ""} ${wanted?.example ?? ""}`
    const known = responses.get(name)
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
        new Error(`the response is not what ${contract.path} declares: ${problems.join("; ")}`),
      )
    }
    const response: PlainResponse = {
      status: output.statusCode,
      headers: headersOf(output.headers ?? {}),
      body: output.body,
    }
    responses.set(name, response)
    return response
  })

  // Prism validates what its upstream answers, so the response of the other server takes that place.
  const upstream = new WeakMap<Input, PlainResponse>()
  const observer = createInstance(proxyConfig, {
    logger,
    route,
    forward:
      ({ data }) =>
      () =>
      async () => {
        const { body, headers = {}, status = 0 } = upstream.get(data) ?? {}
        return { _tag: "Right", right: { statusCode: status, headers: { ...headers }, body } }
      },
  })
  const validateResponse = Effect.fnUntraced(function* (
    operation: Operation,
    response: PlainResponse,
  ) {
    const resource = yield* resourceOf(operation)
    const input: Input = { method: methodOf(resource), url: { path: operation.path } }
    upstream.set(input, response)
    const { validations } = yield* call(observer, input, resource, proxyConfig)
    return validations.output.map(toViolation)
  })

  for (const operation of contract.operations) {
    const problem = yield* sleepingValidation(validateRequest, operation)
    if (problem !== undefined) return yield* Effect.fail(problem)
  }
  return { validateRequest, respond, validateResponse }
})

// The operation is known by then.
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
      // Prism sets a type even for a response without a body. Its numbers are numbers, whatever its types say.
      .filter(([name, value]) => value !== null && name.toLowerCase() !== "content-type")
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  )

interface Diagnostic {
  readonly path?: ReadonlyArray<string | number>
  readonly code?: string | number
  readonly message: string
}

const toViolation = ({ path = [], code = "", message }: Diagnostic): PrismViolation => ({
  path: path.map(String),
  code: String(code),
  message,
})

/**
 * When a schema does not compile, Prism validates nothing and says nothing. No schema with a `type` accepts all of these
 * values, so one that does is not validated. The first call also compiles the schema before a request waits for it.
 */
const sleepingValidation = Effect.fnUntraced(function* (
  validateRequest: Prism["validateRequest"],
  operation: Operation,
): Effect.fn.Return<string | undefined> {
  const { requestBody } = operation
  const type = Predicate.hasProperty(requestBody?.schema, "type")
    ? requestBody.schema.type
    : undefined
  if (requestBody === undefined || typeof type !== "string") return undefined
  for (const body of [true, 1, "text", {}]) {
    const violations = yield* validateRequest({
      operation,
      path: operation.path,
      query: new URLSearchParams(),
      headers: { "content-type": requestBody.mediaTypes[0] ?? "application/json" },
      body,
      skipsCredentials: true,
    })
    if (violations.some(({ path }) => path[0] === "body")) return undefined
  }
  return `the request schema of ${key(operation)} does not compile, so no request would be validated`
})
