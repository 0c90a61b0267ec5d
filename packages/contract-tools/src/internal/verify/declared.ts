/** What a document declares of an operation beyond what a mock needs of it. */
import type { Contract, Operation } from "@effect-sent/contract/Contract"
import { isJsonObject, type JsonObject, listOf } from "./values/sample.ts"

export interface Declared {
  /** The alternatives of `security`: each is a list of credentials that are needed together. Empty when none are needed. */
  readonly security: ReadonlyArray<ReadonlyArray<Credential>>
  /** The values that the document gives for parameters. */
  readonly parameters: ReadonlyArray<Parameter>
  /** The headers of each response, by status. */
  readonly responseHeaders: ReadonlyMap<number, ReadonlyArray<string>>
  /** Undefined for an operation without a callback and without a webhook. */
  readonly callback: Callback | undefined
}

export interface Credential {
  /** The name of the security scheme. */
  readonly scheme: string
  /** Undefined for a scheme that a request cannot carry, such as mutual TLS. */
  readonly place: "header" | "query" | "cookie" | undefined
  /** Headers are in lower case. */
  readonly name: string
  /** What comes before the secret, e.g. `Bearer `. */
  readonly prefix: string
  readonly pattern: string | undefined
}

export interface Parameter {
  readonly place: string
  readonly name: string
  readonly required: boolean
  /** Undefined when the document has no example. */
  readonly value: unknown
  readonly schema: unknown
}

export interface Callback {
  /** The media types of an update, in lower case. */
  readonly mediaTypes: ReadonlyArray<string>
  /** What the receiver may answer: `2XX`, `404`, `default`. */
  readonly answers: ReadonlyArray<CallbackAnswer>
}

export interface CallbackAnswer {
  readonly status: string
  /** Whether the update is sent again after this answer, as its description says: OpenAPI has no word for it. */
  readonly isRepeated: boolean
}

export const declaredBy = ({ document }: Contract, { method, path }: Operation): Declared => {
  const item = at(document, "paths", path)
  const operation = at(item, method.toLowerCase())
  const parameters = [item, operation].flatMap((owner) => listOf(at(owner, "parameters")))
  return {
    security: securityOf(document, operation),
    parameters: parameters.filter(isJsonObject).map(parameterOf),
    responseHeaders: new Map(
      entriesOf(at(operation, "responses")).map(([status, response]) => [
        Number(status),
        entriesOf(at(response, "headers")).map(([name]) => name.toLowerCase()),
      ]),
    ),
    callback: callbackOf(operation) ?? webhookOf(document, operation),
  }
}

const at = (value: unknown, ...names: ReadonlyArray<string>): unknown =>
  names.reduce<unknown>(
    (node, name) => (isJsonObject(node) && Object.hasOwn(node, name) ? node[name] : undefined),
    value,
  )

const entriesOf = (value: unknown): ReadonlyArray<readonly [name: string, value: unknown]> =>
  isJsonObject(value) ? Object.entries(value) : []

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined

const securityOf = (document: unknown, operation: unknown): Declared["security"] =>
  listOf(at(operation, "security") ?? at(document, "security"))
    .filter(isJsonObject)
    .map((requirement) =>
      Object.keys(requirement).map((scheme) =>
        credentialOf(scheme, at(document, "components", "securitySchemes", scheme)),
      ),
    )

const credentialOf = (scheme: string, declared: unknown): Credential => {
  const pattern = textOf(at(declared, "x-sent-pattern"))
  const type = at(declared, "type")
  const name = textOf(at(declared, "name")) ?? ""
  if (type === "apiKey") {
    const place = at(declared, "in")
    if (place === "query" || place === "cookie") return { scheme, place, name, prefix: "", pattern }
    return { scheme, place: "header", name: name.toLowerCase(), prefix: "", pattern }
  }
  const isHeader = type === "http" || type === "oauth2" || type === "openIdConnect"
  const isBasic = String(at(declared, "scheme")).toLowerCase() === "basic"
  return {
    scheme,
    place: isHeader ? "header" : undefined,
    name: "authorization",
    prefix: isBasic ? "Basic " : "Bearer ",
    pattern: undefined,
  }
}

const parameterOf = (parameter: JsonObject): Parameter => {
  const [example] = entriesOf(parameter["examples"]).map(([, one]) => at(one, "value"))
  const schema = parameter["schema"]
  const [allowed] = listOf(at(schema, "enum"))
  const [first] = listOf(at(schema, "examples"))
  return {
    place: String(parameter["in"]),
    name: String(parameter["name"]),
    required: parameter["required"] === true,
    schema,
    value:
      parameter["example"] ??
      example ??
      at(schema, "example") ??
      first ??
      at(schema, "default") ??
      allowed,
  }
}

/** The callback whose URL is taken from the request body: the one that the mock plays. */
const callbackOf = (operation: unknown): Callback | undefined => {
  for (const [, callback] of entriesOf(at(operation, "callbacks"))) {
    for (const [expression, item] of entriesOf(callback)) {
      const post = at(item, "post")
      if (/^\{\$request\.body#\/\w+\}$/.test(expression) && post !== undefined)
        return readPost(post)
    }
  }
  return undefined
}

/** The webhook that an operation names. */
const webhookOf = (document: unknown, operation: unknown): Callback | undefined => {
  const name = textOf(at(operation, "x-sent-webhook"))
  const post = name === undefined ? undefined : at(document, "webhooks", name, "post")
  return post === undefined ? undefined : readPost(post)
}

const readPost = (post: unknown): Callback => ({
  mediaTypes: entriesOf(at(post, "requestBody", "content")).map(([type]) => type.toLowerCase()),
  answers: entriesOf(at(post, "responses")).map(([status, answer]) => ({
    status,
    isRepeated: /\bsent again\b|\bretr(?:y|ies|ied)\b|\bredeliver/i.test(
      (textOf(at(answer, "description")) ?? "").replaceAll(/\bnot sent again\b/gi, ""),
    ),
  })),
})
