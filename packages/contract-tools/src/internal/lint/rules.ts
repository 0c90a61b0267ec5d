/** The rules of lint: Redocly's, and those for what Redocly does not check and a mock, a client or `verify` relies on. */
import type { Oas3Rule, Plugin, RawUniversalConfig } from "@redocly/openapi-core"
import type { Problem, RuleSet } from "../document/redocly.ts"
import { crowdedCallbacks } from "./callbacks.ts"
import { missingDescriptions } from "./descriptions.ts"
import * as examples from "./examples.ts"
import * as extensions from "./extensions.ts"
import * as scenarios from "./scenarios.ts"
import * as schemas from "./schemas.ts"

interface OwnRule {
  /** What is true when the rule finds nothing. */
  readonly title: string
  readonly severity: Problem["severity"]
  /** Its severity for any document. Undefined for a rule that holds a document to how this repository writes its own. */
  readonly recommended: Problem["severity"] | undefined
  readonly rule: Oas3Rule
}

const ruleOf =
  (severity: Problem["severity"], recommended?: Problem["severity"]) =>
  (title: string, own: Oas3Rule): OwnRule => ({ title, severity, recommended, rule: own })

const mistake = ruleOf("error", "error")
const suspicion = ruleOf("error", "warning")
const error = ruleOf("error")
const warning = ruleOf("warning")

/** The rules of this package, by name. */
export const ownRules: Readonly<Record<string, OwnRule>> = {
  "patterns-that-do-not-compile": mistake("patterns compile", schemas.patternsThatDoNotCompile),
  "unknown-formats": error("formats are validated", schemas.unknownFormats),
  "nonconforming-examples": suspicion(
    "examples match their schema",
    examples.nonconformingExamples,
  ),
  "missing-examples": error("bodies and headers have examples", examples.missingExamples),
  "uneven-error-examples": error(
    "errors have the same named examples under each media type",
    examples.unevenErrorExamples,
  ),
  "unfit-scenarios": mistake("scenarios can be played", scenarios.unfitScenarios),
  "examples-without-scenario": error(
    "responses and updates have a scenario",
    scenarios.examplesWithoutScenario,
  ),
  "missing-descriptions": error("everything has a description", missingDescriptions),
  "unfit-example-headers": mistake(
    "headers of examples are declared",
    examples.unfitExampleHeaders,
  ),
  "misused-extensions": mistake("extensions stand where they belong", extensions.misusedExtensions),
  "missing-required-messages": mistake(
    "required properties have a message",
    extensions.missingRequiredMessages,
  ),
  "crowded-callbacks": error("callbacks have one POST", crowdedCallbacks),
  "guids-without-pattern": warning("GUIDs have a pattern", schemas.guidsWithoutPattern),
  "awkward-example-names": warning("examples have plain names", examples.awkwardExampleNames),
}

/** Which rules of this package apply: those that find mistakes, all, or none. */
export type OwnRules = "recommended" | "strict" | "none"

/** These rules with their severities. */
export const ownRulesOf = (rules: OwnRules): ReadonlyMap<string, Problem["severity"]> =>
  new Map(
    Object.entries(ownRules).flatMap(([name, { recommended, severity }]) => {
      const chosen = { strict: severity, recommended, none: undefined }[rules]
      return chosen === undefined ? [] : [[name, chosen] as const]
    }),
  )

/** Redocly requires the name of the plugin in front of the name of each rule. */
const prefix = "effect-sent/"

/** The name of a rule of this package; undefined for one of Redocly's. */
export const ownName = (rule: string): string | undefined =>
  rule.startsWith(prefix) ? rule.slice(prefix.length) : undefined

/** The name of a rule of this package in a configuration of Redocly. */
export const redoclyName = (name: string): string => `${prefix}${name}`

/** As Redocly writes them. */
export const severities = { error: "error", warning: "warn" } as const

/** The rules of this package, for a configuration of Redocly. */
export const plugin: Plugin = {
  id: "effect-sent",
  rules: {
    oas3: Object.fromEntries(
      Object.entries(ownRules).map(([name, one]) => [redoclyName(name), one.rule]),
    ),
  },
}

/** Rules of this package, in addition to a configuration. */
export const ruleSetOf = (
  rules: ReadonlyMap<string, Problem["severity"]>,
  config: RawUniversalConfig = {},
): RuleSet => ({
  config: {
    ...config,
    rules: {
      ...config.rules,
      ...Object.fromEntries(
        [...rules].map(([name, severity]) => [redoclyName(name), severities[severity]] as const),
      ),
    },
  },
  plugins: [plugin],
})

/** All rules: Redocly's recommended ones, some that it leaves to choice, and those of this package. */
export const allRules: RuleSet = ruleSetOf(ownRulesOf("strict"), {
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
})
