/** The rules of lint: Redocly's, and those for what Redocly does not check and a mock, a client or `verify` relies on. */
import type { Oas3Rule, RawUniversalConfig } from "@redocly/openapi-core"
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
  readonly rule: Oas3Rule
}

const error = (title: string, rule: Oas3Rule): OwnRule => ({ title, severity: "error", rule })
const warning = (title: string, rule: Oas3Rule): OwnRule => ({ title, severity: "warning", rule })

/** The rules of this package, by name. */
export const ownRules: Readonly<Record<string, OwnRule>> = {
  "patterns-that-do-not-compile": error("patterns compile", schemas.patternsThatDoNotCompile),
  "unknown-formats": error("formats are validated", schemas.unknownFormats),
  "nonconforming-examples": error("examples match their schema", examples.nonconformingExamples),
  "missing-examples": error("bodies and headers have examples", examples.missingExamples),
  "uneven-error-examples": error(
    "errors have the same named examples under each media type",
    examples.unevenErrorExamples,
  ),
  "unfit-scenarios": error("scenarios can be played", scenarios.unfitScenarios),
  "examples-without-scenario": error(
    "responses and updates have a scenario",
    scenarios.examplesWithoutScenario,
  ),
  "missing-descriptions": error("everything has a description", missingDescriptions),
  "unfit-example-headers": error("headers of examples are declared", examples.unfitExampleHeaders),
  "misused-extensions": error("extensions stand where they belong", extensions.misusedExtensions),
  "missing-required-messages": error(
    "required properties have a message",
    extensions.missingRequiredMessages,
  ),
  "crowded-callbacks": error("callbacks have one POST", crowdedCallbacks),
  "guids-without-pattern": warning("GUIDs have a pattern", schemas.guidsWithoutPattern),
  "awkward-example-names": warning("examples have plain names", examples.awkwardExampleNames),
}

/** Redocly requires the name of the plugin in front of the name of each rule. */
const prefix = "effect-sent/"

/** The name of a rule of this package; undefined for one of Redocly's. */
export const ownName = (rule: string): string | undefined =>
  rule.startsWith(prefix) ? rule.slice(prefix.length) : undefined

/** Some rules of this package. */
export const ruleSetOf = (
  names: ReadonlyArray<string>,
  config: RawUniversalConfig = {},
): RuleSet => {
  const chosen = Object.entries(ownRules).filter(([name]) => names.includes(name))
  const severities = { error: "error", warning: "warn" } as const
  return {
    config: {
      ...config,
      rules: {
        ...config.rules,
        ...Object.fromEntries(
          chosen.map(([name, { severity }]) => [`${prefix}${name}`, severities[severity]] as const),
        ),
      },
    },
    plugins: [
      {
        id: "effect-sent",
        rules: {
          oas3: Object.fromEntries(chosen.map(([name, { rule }]) => [`${prefix}${name}`, rule])),
        },
      },
    ],
  }
}

/** All rules: Redocly's recommended ones, some that it leaves to choice, and those of this package. */
export const allRules: RuleSet = ruleSetOf(Object.keys(ownRules), {
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
