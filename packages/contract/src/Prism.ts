/**
 * Prism with plain data: validates requests and responses against a contract, and picks the contract's response to a request.
 *
 * **Details**
 *
 * Prism is CommonJS, returns fp-ts values, writes into its arguments and sends callbacks on its own. This module hides all of
 * that.
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
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isJson } from "./Body.ts"
import type { Contract } from "./Contract.ts"
import { ContractError, ContractInvalid, messageOf } from "./ContractError.ts"
import { methods } from "./internal/document.ts"
import { loadPrism } from "./internal/loadPrism.ts"
import type { Components, Config, Input, Instance, Output, Resource } from "./internal/prism.ts"
import type { PrismViolation } from "./internal/prismViolation.ts"
import { isLargerThan } from "./internal/size.ts"
import { type Probing, unvalidated } from "./internal/unvalidated.ts"
import { reasonsOf } from "./internal/omitted.ts"
import type { Content, OmittedOperation, Operation } from "./Operation.ts"

/** A request with a parsed body. */
export interface PlainRequest {
  readonly operation: Operation
  readonly path: string
  readonly query: URLSearchParams
  /** The headers by name. Names must be in lower case, or Prism does not find the credentials. */
  readonly headers: Readonly<Record<string, string>>
  /** The content that the contract declares for the body's media type. Undefined when the request has no body. */
  readonly content: Content | undefined
  /** Undefined when the request has no body. */
  readonly body: unknown
  /** Whether to skip the check of the credentials. Default: false. */
  readonly skipsCredentials?: boolean
}

/** A response with a parsed body. */
export interface PlainResponse {
  readonly status: number
  /** The headers by name. Names are in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Undefined when the response has no body. */
  readonly body: unknown
}

export type { PrismViolation } from "./internal/prismViolation.ts"

/** Selects a response of the contract. */
export interface Wanted {
  readonly status: number
  /** The name of an example. Undefined selects the first one. */
  readonly example: string | undefined
}

/** Prism for one contract. Each effect dies when Prism itself fails. */
export interface Prism {
  /** The contract, without the operations whose requests Prism would not validate: they are `omitted`, with the reason. */
  readonly contract: Contract
  /** Returns the violations of a request. */
  readonly validateRequest: (request: PlainRequest) => Effect.Effect<ReadonlyArray<PrismViolation>>
  /**
   * Returns the contract's response to a valid request: the wanted one, by default the success response. With `mediaType`, its
   * body has this media type of the contract. Equal calls return the same object. Dies when the contract's example does not
   * conform to the contract.
   */
  readonly respond: (
    operation: Operation,
    wanted?: Wanted,
    mediaType?: string,
  ) => Effect.Effect<PlainResponse>
  /** Returns the violations of another server's response. */
  readonly validateResponse: (
    operation: Operation,
    response: PlainResponse,
  ) => Effect.Effect<ReadonlyArray<PrismViolation>>
}

/** What Prism is used for. */
export interface PrismOptions {
  /**
   * The schemas that must compile, or their operation is omitted: those of requests, or also those of responses and callbacks,
   * which takes longer. Default: `requests`, enough for a server that makes the responses itself.
   */
  readonly checks?: "requests" | "all" | undefined
}

/**
 * Starts Prism for a contract. Operations that Prism cannot read, whose schemas it would not validate, or whose schemas refer to
 * each other in so many ways that it would take minutes, are `omitted`. Fails with `ContractInvalid` when no operation is left.
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
export const make = (
  contract: Contract,
  { checks = "requests" }: PrismOptions = {},
): Effect.Effect<Prism, ContractError> =>
  Effect.mapError(
    makePrism(contract, checks),
    (problem) =>
      new ContractError({ reason: new ContractInvalid({ path: contract.path, problem }) }),
  )

/** Fails with a description of the problem. */
const makePrism = Effect.fnUntraced(function* (
  contract: Contract,
  checks: "requests" | "all",
): Effect.fn.Return<Prism, string> {
  // Loaded late: Prism takes longer to load than everything else, and help texts and early errors do not need it.
  const { core, http, json, spec } = yield* Effect.promise(loadPrism)
  const { createLogger } = core
  const { createInstance } = http
  const omitted: Array<OmittedOperation> = []
  const omit = ({ method, path }: Operation, reason: string): void => {
    omitted.push({ method, path, reason })
  }
  const usable = contract.operations.filter((operation) => {
    const isLarge = isLargerThan(onlyPath(contract.document, operation), maxValues)
    if (isLarge) omit(operation, `its schemas expand to more than ${maxValues} values`)
    return !isLarge
  })
  const document = withoutParts(contract.document)
  const read = (paths: object): Effect.Effect<ReadonlyArray<Resource>, string> =>
    Effect.try({
      // As Prism's `getHttpOperationsFromSpec` does it, which would also follow what looks like a reference in an example, over
      // the network if it says so.
      try: () => {
        const tree = json.decycle({ ...document, ...dialect, paths })
        return spec.transformOas3Operations(tree).map((operation) =>
          json.bundleTarget<Resource>({
            document: { ...tree, __target__: operation },
            path: "#/__target__",
            cloneDocument: false,
          }),
        )
      },
      catch: (cause) => `Prism cannot read it: ${messageOf(cause)}`,
    })
  const paths = usable.map((operation) => onlyPath(contract.document, operation))
  const all = yield* Effect.result(read(merged(paths)))
  const resources: ReadonlyArray<Resource> =
    all._tag === "Success"
      ? all.success
      : // One operation that Prism cannot read does not cost the others.
        (yield* Effect.forEach(usable, (operation) =>
          read(onlyPath(contract.document, operation)).pipe(
            Effect.catch((reason) => {
              omit(operation, reason)
              return Effect.succeed<ReadonlyArray<Resource>>([])
            }),
          ),
        )).flat()
  const byOperation = new Map<string, Resource>()
  for (const resource of resources) byOperation.set(key(resource), resource)
  const logger = createLogger("prism", { enabled: false })
  const resourceOf = (operation: Operation): Effect.Effect<Resource> => {
    const resource = byOperation.get(key(operation))
    return resource === undefined
      ? Effect.die(`Prism does not have ${key(operation)}`)
      : Effect.succeed(resource)
  }
  // This instance only validates; its response is discarded.
  const validator = createInstance(config, {
    logger,
    route,
    mock: () => () => ({ _tag: "Right", right: { statusCode: 204 } }),
  })
  // Prism takes `application/problem+json` for `application/json`, and parses forms only in part. So it gets one content alone,
  // and a parsed body, as JSON.
  const alone = new Map<Content, Resource>()
  const withContentAlone = (resource: Resource, content: Content): Resource => {
    const known = alone.get(content)
    if (known !== undefined) return known
    const body = resource.request?.body
    const only = body?.contents?.find((one) => isOf(one, content.mediaType))
    const made =
      body === undefined || only === undefined
        ? resource
        : {
            ...resource,
            request: {
              ...resource.request,
              body: { ...body, contents: [{ ...only, mediaType: "application/json" }] },
            },
          }
    alone.set(content, made)
    return made
  }
  const validateRequest = Effect.fnUntraced(function* (request: PlainRequest) {
    const { content } = request
    const whole = yield* resourceOf(request.operation)
    const resource = content === undefined ? whole : withContentAlone(whole, content)
    const input: Input = {
      method: methodOf(resource),
      url: { path: request.path, query: queryOf(request.query) },
      headers: {
        ...request.headers,
        ...(content === undefined ? {} : { "content-type": "application/json" }),
      },
      body: request.body,
    }
    const settings = {
      ...config,
      validateRequest: true,
      checkSecurity: request.skipsCredentials !== true,
    }
    const { validations } = yield* call(validator, input, resource, settings)
    return violationsOf(validations.input)
  })

  // This instance picks a response and validates it. The response does not depend on the request, so it is cached.
  const negotiator = createInstance(config, { logger, route })
  const responses = new Map<string, PlainResponse>()
  const respond: Prism["respond"] = Effect.fnUntraced(function* (operation, wanted, mediaType) {
    const name = `${key(operation)} ${wanted?.status ?? ""} ${wanted?.example ?? ""} ${mediaType ?? ""}`
    const known = responses.get(name)
    if (known !== undefined) return known
    const whole = yield* resourceOf(operation)
    const resource = mediaType === undefined ? whole : answeringIn(whole, mediaType)
    const input: Input = { method: methodOf(resource), url: { path: operation.path } }
    const settings = {
      ...config,
      // An example that is not JSON, such as XML, is a text, which its schema does not describe.
      validateResponse: mediaType === undefined || isJson(mediaType) || mediaType.includes("*"),
      // A new object for every call: Prism writes into it, and the media types of one request would leak into the next.
      mock: {
        dynamic: false,
        // Explicit, so that Prism does not derive them from `Accept` and miss examples that only one media type declares.
        mediaTypes: ["application/problem+json", "application/json;q=0.9", "*/*;q=0.1"],
        ...(wanted === undefined ? {} : { code: wanted.status }),
        ...(wanted?.example === undefined ? {} : { exampleKey: wanted.example }),
      },
    }
    const { output, validations } = yield* call(negotiator, input, resource, settings)
    const problems = validations.output.map(({ message }) => message)
    if (wanted !== undefined && output.statusCode !== wanted.status) {
      problems.push(`Prism picked ${output.statusCode} instead of ${wanted.status}`)
    }
    if (problems.length > 0) {
      return yield* Effect.die(
        new Error(
          `the response does not conform to the contract ${contract.path}: ${problems.join("; ")}`,
        ),
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

  // Prism validates the response of its upstream, so this instance takes the other server's response as the upstream's.
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
  const validateResponse: Prism["validateResponse"] = (operation, response) =>
    Effect.flatMap(resourceOf(operation), (resource) => validateAs(resource, response))
  const validateAs = Effect.fnUntraced(function* (resource: Resource, response: PlainResponse) {
    const input: Input = { method: methodOf(resource), url: { path: resource.path } }
    upstream.set(input, response)
    const { validations } = yield* call(observer, input, resource, proxyConfig)
    return violationsOf(validations.output)
  })

  const probing: Probing = {
    request: (resource, body) => {
      const input: Input = { method: methodOf(resource), url: { path: resource.path }, body }
      return Effect.map(
        call(validator, input, resource, { ...config, validateRequest: true }),
        ({ validations }) => violationsOf(validations.input),
      )
    },
    response: (resource, body) =>
      validateAs(resource, { status: 200, headers: { "content-type": "application/json" }, body }),
  }
  const operations: Array<Operation> = []
  for (const operation of usable) {
    const resource = byOperation.get(key(operation))
    if (resource === undefined) continue
    const reason = yield* unvalidated(resource, probing, checks)
    // Prism would send callbacks after every response, even after a 401, unsigned and out of order.
    delete resource.callbacks
    if (reason === undefined) operations.push(operation)
    else omit(operation, reason)
  }
  if (operations.length === 0) return yield* Effect.fail(reasonsOf(omitted))
  return {
    contract: { ...contract, operations, omitted: [...contract.omitted, ...omitted] },
    validateRequest,
    respond,
    validateResponse,
  }
})

// The operation has been found by the time Prism asks for it.
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
  // Prism may also throw before it returns the promise; `Effect.promise` turns both into a defect.
  Effect.flatMap(
    Effect.promise(async () => instance.request(input, [resource], settings)()),
    (result) => (result._tag === "Left" ? Effect.die(result.left) : Effect.succeed(result.right)),
  )

/** Larger operations would take Prism minutes: no other public document of those that are tested has a tenth. */
const maxValues = 50_000

/** What paths refer to is part of them: the parts by their names would only be expanded once more. */
const withoutParts = (document: object): object => {
  const components: unknown = Predicate.hasProperty(document, "components")
    ? document.components
    : undefined
  const securitySchemes: unknown = Predicate.hasProperty(components, "securitySchemes")
    ? components.securitySchemes
    : {}
  return { ...document, components: { securitySchemes }, webhooks: {} }
}

/** Path items by their paths, each with all of its operations. */
const merged = (paths: ReadonlyArray<object>): object => {
  const items: Record<string, object> = {}
  for (const [path, item] of paths.flatMap((one) => Object.entries(one))) {
    items[path] = { ...items[path], ...item }
  }
  return items
}

const pathsOf = (document: object): Readonly<Record<string, unknown>> =>
  Predicate.hasProperty(document, "paths") && Predicate.isObject(document.paths)
    ? { ...document.paths }
    : {}

/** The paths with one operation. */
const onlyPath = (document: object, { method, path }: Operation): object => {
  const item = pathsOf(document)[path]
  const others = methods.filter((one) => one !== method.toLowerCase())
  return {
    [path]: Object.fromEntries(
      Object.entries(Predicate.isObject(item) ? item : {}).filter(
        ([name]) => !others.some((other) => other === name),
      ),
    ),
  }
}

/**
 * Without an explicit dialect, Prism reads the schemas of OpenAPI 3.1 as draft 07. It does not know 3.2, whose schemas are those
 * of 3.1.
 */
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
  // Required, but never called.
  upstream: new URL("http://localhost"),
}

/** The operation without the other media types of its responses, if it has this one. */
const answeringIn = (resource: Resource, mediaType: string): Resource => {
  const only = (response: Resource["responses"][number]): typeof response => {
    const contents = (response.contents ?? []).filter((content) => isOf(content, mediaType))
    return contents.length === 0 ? response : { ...response, contents }
  }
  return { ...resource, responses: resource.responses.map(only) }
}

const isOf = (content: { readonly mediaType: string }, mediaType: string): boolean =>
  content.mediaType.toLowerCase() === mediaType

// Prism names methods in lower case, but types the method of an operation as `string`.
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
      // Prism sets a content type even without a body, and returns numbers in spite of its types.
      .filter(([name, value]) => value !== null && name.toLowerCase() !== "content-type")
      .map(([name, value]) => [name.toLowerCase(), String(value)]),
  )

interface Diagnostic {
  readonly path?: ReadonlyArray<string | number>
  readonly code?: string | number
  readonly message: string
}

/** That a parameter is deprecated is not a violation. */
const violationsOf = (diagnostics: ReadonlyArray<Diagnostic>): ReadonlyArray<PrismViolation> =>
  diagnostics.filter(({ code }) => code !== "deprecated").map(toViolation)

const toViolation = ({ path = [], code = "", message }: Diagnostic): PrismViolation => ({
  path: path.map(String),
  code: String(code),
  message,
})
