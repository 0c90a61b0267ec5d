/** Reads the operations of a contract from the decoded document. */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import { messageOf } from "../ContractError.ts"
import type {
  Content,
  CredentialHeader,
  Example,
  OmittedOperation,
  Operation,
  RequestBody,
  Response,
  Updates,
} from "../Operation.ts"
import { invalidPatterns } from "../Pattern.ts"
import { fromObject } from "../Scenario.ts"
import { acyclic } from "./acyclic.ts"
import {
  type ContentObject,
  decodeUpdate,
  decodeOperation,
  decodeScheme,
  type Document,
  methods,
  type OperationObject,
} from "./document.ts"

/** The operations under `paths`, and those that cannot be used, each with the reason. */
export interface Read {
  readonly operations: ReadonlyArray<Operation>
  readonly omitted: ReadonlyArray<OmittedOperation>
}

/** Reads every operation under `paths`. */
export const readOperations = (document: Document): Read => {
  const operations: Array<Operation> = []
  const omitted: Array<OmittedOperation> = []
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [key, value] of Object.entries(item)) {
      const method = key.toUpperCase()
      if (key === "query" || key === "additionalOperations") {
        const reason = "only the methods of OpenAPI 3.1 are supported"
        omitted.push({ method, path, reason })
      }
      if (!methods.some((known) => known === key)) continue
      const pointer = `#/paths/${path.replaceAll("~", "~0").replaceAll("/", "~1")}/${key}`
      const read = readOperation(document, value, pointer)
      if (Result.isFailure(read)) omitted.push({ method, path, reason: read.failure })
      else operations.push({ method, path, ...read.success })
    }
  }
  return { operations, omitted }
}

/** Fails with the reason why it cannot be used. */
const readOperation = (
  document: Document,
  value: unknown,
  pointer: string,
): Result.Result<Omit<Operation, "method" | "path">, string> => {
  const decoded = decodeOperation(value)
  if (Result.isFailure(decoded)) {
    return Result.fail(`${pointer} is not an operation: ${messageOf(decoded.failure)}`)
  }
  const operation = decoded.success
  const problems = [
    ...invalidPatterns(operation, pointer),
    ...undeclaredSchemes(document, operation),
    ...invalidCredentials(document, operation),
    ...undeclaredWebhook(document, operation),
  ]
  if (problems.length > 0) return Result.fail(problems.join("; "))
  return Result.succeed({
    credentials: readCredentials(document, operation),
    requestBody: readRequestBody(operation),
    responses: readResponses(operation),
    scenarios: fromObject(operation["x-sent-scenarios"]),
    updates: readUpdates(document, operation),
  })
}

const schemeNames = (document: Document, { security }: OperationObject): ReadonlyArray<string> => [
  ...new Set((security ?? document.security ?? []).flatMap(Object.keys)),
]

/** Finds the schemes that `security` names but `components.securitySchemes` does not declare, one sentence for each. */
const undeclaredSchemes = (
  document: Document,
  operation: OperationObject,
): ReadonlyArray<string> => {
  const known = document.components?.securitySchemes ?? {}
  return schemeNames(document, operation)
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => `\`security\` names the scheme ${name}, which is not declared`)
}

const undeclaredWebhook = (
  document: Document,
  { "x-sent-webhook": webhook }: OperationObject,
): ReadonlyArray<string> =>
  webhook === undefined || Option.isSome(decodeUpdate(document.webhooks?.[webhook]))
    ? []
    : [
        `\`x-sent-webhook\` names ${webhook}, and the document has no such webhook with a POST and a body`,
      ]

const invalidCredentials = (
  document: Document,
  operation: OperationObject,
): ReadonlyArray<string> => {
  const schemes = document.components?.securitySchemes ?? {}
  return schemeNames(document, operation).flatMap((name) => {
    const scheme = schemes[name]
    return Predicate.isObject(scheme)
      ? invalidPatterns(scheme, `#/components/securitySchemes/${name}`)
      : []
  })
}

const readCredentials = (
  document: Document,
  operation: OperationObject,
): ReadonlyArray<ReadonlyArray<CredentialHeader>> => {
  const schemes = document.components?.securitySchemes ?? {}
  return (operation.security ?? document.security ?? []).map((requirement) =>
    Object.keys(requirement).flatMap((key) => {
      const scheme = Option.getOrUndefined(decodeScheme(schemes[key]))
      // Prism checks the presence of all other kinds of credentials.
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
        contents: readContents(requestBody.content),
        mediaTypes: Object.keys(requestBody.content).map((type) => type.toLowerCase()),
        schema: acyclic(Object.values(requestBody.content)[0]?.schema),
        examples: readExamples(requestBody.content),
      }

const readResponses = ({ responses }: OperationObject): ReadonlyArray<Response> =>
  Object.entries(responses)
    .filter(([status]) => /^[2-5][0-9]{2}$/.test(status))
    .map(([status, response]) => ({
      status: Number(status),
      contents: readContents(response.content ?? {}),
      mediaTypes: Object.keys(response.content ?? {}),
      mayBeEmpty: response["x-sent-empty-body"] ?? false,
      requiredHeaders: Object.entries(response.headers ?? {})
        .filter(([, header]) => header.required ?? false)
        .map(([name]) => name.toLowerCase()),
      examples: readExamples(response.content ?? {}),
    }))

/** The first callback whose URL is taken from the request body; without one, the webhook that the operation names. */
const readUpdates = (
  document: Document,
  { callbacks = {}, "x-sent-webhook": webhook }: OperationObject,
): Updates | undefined => {
  for (const callback of Object.values(callbacks)) {
    for (const [expression, item] of Object.entries(callback)) {
      const [, urlMember] = /^\{\$request\.body#\/(\w+)\}$/.exec(expression) ?? []
      const updates = urlMember === undefined ? undefined : readUpdate(item, urlMember)
      if (updates !== undefined) return updates
    }
  }
  return webhook === undefined ? undefined : readUpdate(document.webhooks?.[webhook], undefined)
}

const readUpdate = (item: unknown, urlMember: string | undefined): Updates | undefined => {
  const decoded = decodeUpdate(item)
  if (Option.isNone(decoded)) return undefined
  const { parameters = [], requestBody } = decoded.value.post
  const { content } = requestBody
  const headers = parameters
    .filter((parameter) => parameter.in === "header")
    .map(({ name, required = false, schema: own }) => ({
      name: name.toLowerCase(),
      required,
      schema: acyclic(own),
    }))
  const schema = acyclic(Object.values(content)[0]?.schema)
  return { urlMember, schema, examples: readExamples(content), headers }
}

const readContents = (content: ContentObject): ReadonlyArray<Content> =>
  Object.entries(content).map(([mediaType, one]) => ({
    mediaType: mediaType.toLowerCase(),
    schema: one.schema,
    examples: readExamples({ [mediaType]: one }),
  }))

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
