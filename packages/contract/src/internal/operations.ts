/** Reads the operations of a contract from the decoded document. */
import * as Option from "effect/Option"
import type {
  Content,
  CredentialHeader,
  Example,
  Operation,
  RequestBody,
  Response,
  Updates,
} from "../Operation.ts"
import { fromObject } from "../Scenario.ts"
import {
  type ContentObject,
  decodeCallback,
  type Document,
  methods,
  type OperationObject,
} from "./document.ts"

/** Finds the schemes that `security` names but `components.securitySchemes` does not declare, one sentence for each. */
export const undeclaredSchemes = (document: Document): ReadonlyArray<string> => {
  const known = document.components?.securitySchemes ?? {}
  const used = [document, ...operationObjects(document).map(({ operation }) => operation)].flatMap(
    ({ security = [] }) => security.flatMap(Object.keys),
  )
  return [...new Set(used)]
    .filter((name) => !Object.hasOwn(known, name))
    .map((name) => `\`security\` names the scheme ${name}, which is not declared`)
}

const operationObjects = (
  document: Document,
): ReadonlyArray<{ path: string; method: string; operation: OperationObject }> =>
  Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [{ path, method, operation }]
    }),
  )

/** Reads every operation under `paths`. */
export const readOperations = (document: Document): ReadonlyArray<Operation> =>
  operationObjects(document).map(({ path, method, operation }) => ({
    method: method.toUpperCase(),
    path,
    credentials: readCredentials(document, operation),
    requestBody: readRequestBody(operation),
    responses: readResponses(operation),
    scenarios: fromObject(operation["x-sent-scenarios"]),
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
        schema: Object.values(requestBody.content)[0]?.schema,
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
