/**
 * The contract as the mock needs it: operations, credentials, responses and their examples, read from an
 * OpenAPI 3 document and checked once, when it is loaded.
 */
import $RefParser from "@stoplight/json-schema-ref-parser"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { createRequire } from "node:module"
import { readText, resolvePath } from "./internal/contractFile.ts"
import { brokenPatterns } from "./internal/patterns.ts"
import { readScenarios, ScenariosObject } from "./internal/scenarios.ts"
import { ContractInvalid, MockServerError } from "./MockServerError.ts"
import type { Scenario } from "./Scenario.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

/**
 * A contract that was loaded and checked.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const contract = await Effect.runPromise(Contract.load())
 * for (const { method, path } of contract.operations) console.log(method, path)
 * ```
 */
export interface Contract {
  /** The file it was read from, as an absolute path. */
  readonly path: string
  /** The document's own title. */
  readonly title: string
  /** The document's own version. */
  readonly version: string
  /** Everything that can be called. */
  readonly operations: ReadonlyArray<Operation>
  /** The whole document, its references resolved; it may hold cycles. */
  readonly document: object
}

/**
 * One operation of a contract.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const statuses = (operation: Contract.Operation): ReadonlyArray<number> =>
 *   operation.responses.map((response) => response.status)
 * ```
 */
export interface Operation {
  /** In upper case, e.g. `POST`. */
  readonly method: string
  /** As the document writes it, e.g. `/v1/messages/phone`; may hold `{parameters}`. */
  readonly path: string
  /** Alternatives, each a list of headers that are needed together. Empty: no credentials are needed. */
  readonly credentials: ReadonlyArray<ReadonlyArray<CredentialHeader>>
  /** Undefined for an operation that takes no body. */
  readonly requestBody: RequestBody | undefined
  /** The responses with a status of their own; `default` and ranges such as `4XX` are not among them. */
  readonly responses: ReadonlyArray<Response>
  /** What is played for which phone number: `x-sent-scenarios`. */
  readonly scenarios: ReadonlyArray<Scenario>
  /** The updates that follow an accepted request; undefined when the contract declares none. */
  readonly updates: Updates | undefined
}

/**
 * The updates that follow an accepted request: the operation's first callback whose URL stands in the request's body.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const names = (updates: Contract.Updates): ReadonlyArray<string> =>
 *   updates.examples.map((example) => example.name)
 * ```
 */
export interface Updates {
  /** The member of the request's body that holds the receiver's URL, e.g. `webhookUrl`. */
  readonly urlMember: string
  /** The JSON Schema of an update, its references resolved. */
  readonly schema: unknown
  /** Named examples. */
  readonly examples: ReadonlyArray<Example>
  /** The headers that it declares. */
  readonly headers: ReadonlyArray<UpdateHeader>
}

/**
 * A header of an update.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const header: Contract.UpdateHeader = {
 *   name: "x-webhook-timestamp",
 *   required: false,
 *   schema: { type: "integer", minimum: 0 },
 * }
 * ```
 */
export interface UpdateHeader {
  /** In lower case. */
  readonly name: string
  readonly required: boolean
  /** The JSON Schema of its value, its references resolved. */
  readonly schema: unknown
}

/**
 * A header that carries a credential.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const header: Contract.CredentialHeader = { name: "x-api-key", pattern: /^[\x21-\x7E]+$/u }
 * ```
 */
export interface CredentialHeader {
  /** In lower case, e.g. `x-sender-id`. */
  readonly name: string
  /** What its value must match: `x-sent-pattern` of the security scheme. */
  readonly pattern: RegExp | undefined
}

/**
 * The request body of an operation.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const body: Contract.RequestBody = {
 *   required: true,
 *   mediaTypes: ["application/json"],
 *   schema: { type: "object" },
 *   examples: [],
 * }
 * ```
 */
export interface RequestBody {
  /** Whether a request without a body is invalid. */
  readonly required: boolean
  /** In lower case, e.g. `application/json`. */
  readonly mediaTypes: ReadonlyArray<string>
  /** The JSON Schema of the first media type, its references resolved. */
  readonly schema: unknown
  /** Named examples of the first media type. */
  readonly examples: ReadonlyArray<Example>
}

/**
 * One response of an operation.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const names = (response: Contract.Response): ReadonlyArray<string> =>
 *   response.examples.map((example) => example.name)
 * ```
 */
export interface Response {
  /** The HTTP status. */
  readonly status: number
  /** The media types that a body may have; empty when there is none. */
  readonly mediaTypes: ReadonlyArray<string>
  /** Whether it may also come without a body: `x-sent-empty-body`. */
  readonly mayBeEmpty: boolean
  /** The headers that must be there, in lower case. */
  readonly requiredHeaders: ReadonlyArray<string>
  /** Named examples; one that stands under several media types is listed once. */
  readonly examples: ReadonlyArray<Example>
}

/**
 * A named example.
 *
 * @example
 * ```ts
 * import type { Contract } from "@effect-sent/mock-server"
 *
 * const example: Contract.Example = {
 *   name: "service-unavailable-retry-after",
 *   summary: undefined,
 *   value: { status: 503, title: "Service Unavailable" },
 *   headers: { "Retry-After": "30" },
 * }
 * ```
 */
export interface Example {
  /** The name that `Prefer: example=…` asks for. */
  readonly name: string
  /** What it shows, in words. */
  readonly summary: string | undefined
  /** The body. */
  readonly value: unknown
  /** The headers that go with it: `x-sent-headers`. */
  readonly headers: Readonly<Record<string, string>>
}

// -----------------------------------------------------------------------------
// Loading
// -----------------------------------------------------------------------------

/**
 * The contract that comes with this package, as an absolute path.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/mock-server"
 *
 * console.log(Contract.bundledPath)
 * ```
 */
export const bundledPath: string =
  // Not `import.meta.resolve`: bundlers and test runners that transform modules leave it out.
  createRequire(import.meta.url).resolve("@effect-sent/contracts/sent-v1.openapi.yaml")

/**
 * Loads a contract, by default the bundled one, from a YAML or JSON file and checks that the mock can serve it.
 *
 * References to other files are followed, references to other hosts are not: a contract never makes the mock
 * reach into a network. Fails with `ContractNotFound`, or with `ContractInvalid` for a document that is not
 * OpenAPI 3.0 or 3.1, that declares no operation, or that holds a `pattern` that does not compile.
 *
 * @example
 * ```ts
 * import { Contract } from "@effect-sent/mock-server"
 * import { Effect } from "effect"
 *
 * const contract = await Effect.runPromise(Contract.load())
 * console.log(contract.title, contract.version)
 * ```
 */
export const load: (path?: string | URL) => Effect.Effect<Contract, MockServerError> =
  Effect.fnUntraced(function* (path: string | URL = bundledPath) {
    const file = yield* resolvePath(path)
    const document = yield* readDocument(file)
    const parsed = decodeDocument(document)
    if (Result.isFailure(parsed)) {
      return yield* invalid(file, `it is not OpenAPI 3: ${oneLine(parsed.failure.message)}`)
    }
    const problems = [...brokenPatterns(document), ...unknownSchemes(parsed.success)]
    if (problems.length > 0) return yield* invalid(file, problems.join("; "))
    const operations = readOperations(parsed.success)
    if (operations.length === 0)
      return yield* invalid(file, "it declares no operation under `paths`")
    const unplayable = operations.flatMap(unplayableScenarios)
    if (unplayable.length > 0) return yield* invalid(file, unplayable.join("; "))
    return {
      path: file,
      title: parsed.success.info.title,
      version: parsed.success.info.version,
      operations,
      document,
    }
  })

const readDocument = Effect.fnUntraced(function* (file: string) {
  // For an error that says what is the matter: the parser's own does not tell.
  yield* readText(file)
  const document: unknown = yield* Effect.tryPromise({
    try: () => new $RefParser().dereference(file, { resolve: { http: { canRead: false } } }),
    catch: (cause) =>
      new MockServerError({
        reason: new ContractInvalid({
          path: file,
          problem: oneLine(cause instanceof Error ? cause.message : String(cause)),
        }),
      }),
  })
  if (!Predicate.isObject(document)) return yield* invalid(file, "it is not an object")
  return document
})

const invalid = (path: string, problem: string): MockServerError =>
  new MockServerError({ reason: new ContractInvalid({ path, problem }) })

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

// -----------------------------------------------------------------------------
// The part of OpenAPI that the mock reads
// -----------------------------------------------------------------------------

const ExampleObject = Schema.Struct({
  summary: Schema.optionalKey(Schema.String),
  value: Schema.optionalKey(Schema.Unknown),
  "x-sent-headers": Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
})

const ContentObject = Schema.Record(
  Schema.String,
  Schema.Struct({
    schema: Schema.optionalKey(Schema.Unknown),
    examples: Schema.optionalKey(Schema.Record(Schema.String, ExampleObject)),
  }),
)

const ResponseObject = Schema.Struct({
  headers: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Struct({ required: Schema.optionalKey(Schema.Boolean) })),
  ),
  content: Schema.optionalKey(ContentObject),
  "x-sent-empty-body": Schema.optionalKey(Schema.Boolean),
})

const SecurityRequirements = Schema.Array(Schema.Record(Schema.String, Schema.Array(Schema.String)))

const OperationObject = Schema.Struct({
  security: Schema.optionalKey(SecurityRequirements),
  requestBody: Schema.optionalKey(
    Schema.Struct({ required: Schema.optionalKey(Schema.Boolean), content: ContentObject }),
  ),
  responses: Schema.Record(Schema.String, ResponseObject),
  // By name, and in each by the expression of the URL. What else a callback may hold is of no interest.
  callbacks: Schema.optionalKey(
    Schema.Record(Schema.String, Schema.Record(Schema.String, Schema.Unknown)),
  ),
  "x-sent-scenarios": Schema.optionalKey(ScenariosObject),
})

const ParameterObject = Schema.Struct({
  name: Schema.String,
  in: Schema.String,
  required: Schema.optionalKey(Schema.Boolean),
  schema: Schema.optionalKey(Schema.Unknown),
})

const CallbackObject = Schema.Struct({
  post: Schema.Struct({
    parameters: Schema.optionalKey(Schema.Array(ParameterObject)),
    requestBody: Schema.Struct({ content: ContentObject }),
  }),
})

const SecurityScheme = Schema.Struct({
  type: Schema.String,
  in: Schema.optionalKey(Schema.String),
  name: Schema.optionalKey(Schema.String),
  "x-sent-pattern": Schema.optionalKey(Schema.String),
})

const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const

const Document = Schema.Struct({
  openapi: Schema.String.check(Schema.isPattern(/^3\.[01]\./)),
  info: Schema.Struct({ title: Schema.String, version: Schema.String }),
  security: Schema.optionalKey(SecurityRequirements),
  paths: Schema.Record(
    Schema.String,
    Schema.Struct({
      get: Schema.optionalKey(OperationObject),
      put: Schema.optionalKey(OperationObject),
      post: Schema.optionalKey(OperationObject),
      delete: Schema.optionalKey(OperationObject),
      options: Schema.optionalKey(OperationObject),
      head: Schema.optionalKey(OperationObject),
      patch: Schema.optionalKey(OperationObject),
      trace: Schema.optionalKey(OperationObject),
    }),
  ),
  components: Schema.optionalKey(
    Schema.Struct({
      securitySchemes: Schema.optionalKey(Schema.Record(Schema.String, SecurityScheme)),
    }),
  ),
})

type Document = typeof Document.Type
type OperationObject = typeof OperationObject.Type
type ContentObject = typeof ContentObject.Type

const decodeDocument = Schema.decodeUnknownResult(Document)

const unknownSchemes = (document: Document): ReadonlyArray<string> => {
  const known = document.components?.securitySchemes ?? {}
  const used = [document, ...operationObjects(document).map(({ operation }) => operation)].flatMap(
    ({ security = [] }) => security.flatMap(Object.keys),
  )
  return [...new Set(used)]
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => `\`security\` names the scheme ${name}, which is not declared`)
}

// -----------------------------------------------------------------------------
// From the document to the view
// -----------------------------------------------------------------------------

const operationObjects = (
  document: Document,
): ReadonlyArray<{ path: string; method: string; operation: OperationObject }> =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )

const readOperations = (document: Document): ReadonlyArray<Operation> =>
  operationObjects(document).map(({ path, method, operation }) => ({
    method: method.toUpperCase(),
    path,
    credentials: readCredentials(document, operation),
    requestBody: readRequestBody(operation),
    responses: readResponses(operation),
    scenarios: readScenarios(operation["x-sent-scenarios"]),
    updates: readUpdates(operation),
  }))

const readCredentials = (
  document: Document,
  operation: OperationObject,
): ReadonlyArray<ReadonlyArray<CredentialHeader>> => {
  const schemes = document.components?.securitySchemes ?? {}
  return (operation.security ?? document.security ?? []).map((requirement) =>
    Object.keys(requirement).flatMap((key) => {
      const scheme = schemes[key]
      // The presence of any other kind of credential is checked by Prism.
      if (scheme?.type !== "apiKey" || scheme.in !== "header" || scheme.name === undefined)
        return []
      const pattern = scheme["x-sent-pattern"]
      return [
        {
          name: scheme.name.toLowerCase(),
          pattern: pattern === undefined ? undefined : new RegExp(pattern, "u"),
        },
      ]
    }),
  )
}

const readRequestBody = ({ requestBody }: OperationObject): RequestBody | undefined =>
  requestBody === undefined
    ? undefined
    : {
        required: requestBody.required ?? false,
        mediaTypes: Object.keys(requestBody.content).map((type) => type.toLowerCase()),
        schema: Object.values(requestBody.content)[0]?.schema,
        examples: readExamples(requestBody.content),
      }

const readResponses = ({ responses }: OperationObject): ReadonlyArray<Response> =>
  Object.entries(responses)
    .filter(([status]) => /^[2-5][0-9]{2}$/.test(status))
    .map(([status, response]) => ({
      status: Number(status),
      mediaTypes: Object.keys(response.content ?? {}),
      mayBeEmpty: response["x-sent-empty-body"] ?? false,
      requiredHeaders: Object.entries(response.headers ?? {})
        .filter(([, header]) => header.required ?? false)
        .map(([name]) => name.toLowerCase()),
      examples: readExamples(response.content ?? {}),
    }))

const decodeCallback = Schema.decodeUnknownOption(CallbackObject)

const readUpdates = ({ callbacks = {} }: OperationObject): Updates | undefined => {
  for (const callback of Object.values(callbacks)) {
    for (const [expression, item] of Object.entries(callback)) {
      const [, urlMember] = /^\{\$request\.body#\/(\w+)\}$/.exec(expression) ?? []
      const decoded = decodeCallback(item)
      if (urlMember === undefined || Option.isNone(decoded)) continue
      const { parameters = [], requestBody } = decoded.value.post
      const { content } = requestBody
      const schema = Object.values(content)[0]?.schema
      const headers = parameters
        .filter((parameter) => parameter.in === "header")
        .map(({ name, required = false, schema: own }) => ({
          name: name.toLowerCase(),
          required,
          schema: own,
        }))
      return { urlMember, schema, examples: readExamples(content), headers }
    }
  }
  return undefined
}

/** A scenario that names what the contract does not have would fail only when its number is sent to. */
const unplayableScenarios = ({
  responses,
  scenarios,
  updates,
}: Operation): ReadonlyArray<string> => {
  const problems: Array<string> = []
  for (const { name, answers, updates: follow } of scenarios) {
    for (const { example, status } of answers) {
      const response = responses.find((candidate) => candidate.status === status)
      if (response === undefined) problems.push(`the scenario ${name} has no answer ${status}`)
      else if (example !== undefined && !hasExample(response, example)) {
        problems.push(`the scenario ${name} has no example ${example} of ${status}`)
      }
    }
    for (const { example } of follow) {
      if (updates?.examples.some((candidate) => candidate.name === example) !== true) {
        problems.push(`the scenario ${name} has no update ${example}`)
      }
    }
  }
  return problems
}

const hasExample = ({ examples, mayBeEmpty }: Response, name: string): boolean =>
  name === "empty" ? mayBeEmpty : examples.some((example) => example.name === name)

const readExamples = (content: ContentObject): ReadonlyArray<Example> => {
  const examples = new Map<string, Example>()
  for (const { examples: named = {} } of Object.values(content)) {
    for (const [name, example] of Object.entries(named)) {
      if (!examples.has(name)) {
        examples.set(name, {
          name,
          summary: example.summary,
          value: example.value,
          headers: example["x-sent-headers"] ?? {},
        })
      }
    }
  }
  return [...examples.values()]
}
