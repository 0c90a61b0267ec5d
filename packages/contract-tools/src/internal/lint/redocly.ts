/** What Redocly says of a document. It is loaded when it is needed: it takes a third of a second. */
import type { RawUniversalConfig } from "@redocly/openapi-core"
import { isObject, type JsonObject } from "./json.ts"

export interface RedoclyProblem {
  readonly rule: string
  readonly isError: boolean
  readonly message: string
  readonly pointer: string
  /** As an absolute path: not always the document's own, which may refer to others. */
  readonly file: string
}

/** The rules beside Redocly's own choice. What it does not look at are rules of ours. */
const rules: RawUniversalConfig = {
  extends: ["recommended-strict"],
  rules: {
    "operation-description": "error",
    "operation-singular-tag": "error",
    "operation-tag-defined": "error",
    "parameter-description": "error",
    "no-http-verbs-in-paths": "error",
    "path-params-defined": "error",
    "component-name-unique": "error",
    "spec-example-values": "error",
    "array-parameter-serialization": "error",
    "request-mime-type": { severity: "error", allowedValues: ["application/json"] },
    "response-mime-type": {
      severity: "error",
      allowedValues: ["application/problem+json", "application/json"],
    },
    "response-contains-header": { severity: "error", names: { "429": ["Retry-After"] } },
  },
}

export interface Redocly {
  readonly lint: (text: string, file: string) => Promise<ReadonlyArray<RedoclyProblem>>
  /** The document with what it refers to in other files put into it. */
  readonly bundle: (file: string) => Promise<JsonObject>
  /** What is wrong with the choice of rules: one whose name it does not know it would skip. */
  readonly problemsOfRules: () => Promise<ReadonlyArray<string>>
}

export const loadRedocly = async (): Promise<Redocly> => {
  const { BaseResolver, bundle, createConfig, lintConfig, lintFromString } =
    await import("@redocly/openapi-core")
  const config = await createConfig(rules)
  // A contract never makes a linter reach into a network.
  class LocalResolver extends BaseResolver {
    override loadExternalRef(reference: string) {
      return /^https?:/.test(reference)
        ? Promise.reject(new Error("references to other hosts are not followed"))
        : super.loadExternalRef(reference)
    }
  }
  const externalRefResolver = new LocalResolver()

  return {
    lint: async (source, file) => {
      const problems = await lintFromString({
        source,
        absoluteRef: file,
        config,
        externalRefResolver,
      })
      return problems.map(({ location, message, ruleId, severity }) => ({
        rule: ruleId,
        isError: severity === "error",
        message,
        pointer: location[0]?.pointer ?? "#/",
        file: location[0]?.source.absoluteRef ?? file,
      }))
    },
    bundle: async (ref) => {
      const { bundle: document } = await bundle({ ref, config, externalRefResolver })
      return isObject(document.parsed) ? document.parsed : {}
    },
    problemsOfRules: async () =>
      (await lintConfig({ config, severity: "error" })).map(({ message }) => message),
  }
}
