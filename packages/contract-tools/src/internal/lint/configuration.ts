/** Which rules apply to a document: those of Redocly's own configuration, if there is one, and those of this package. */
import type { Config } from "@redocly/openapi-core"
import { dirname, resolve } from "node:path"
import { isObject, objectAt } from "../document/json.ts"
import { configOf } from "../document/redocly.ts"
import {
  allRules,
  type OwnRules,
  ownRules,
  ownRulesOf,
  plugin,
  redoclyName,
  ruleSetOf,
  severities,
} from "./rules.ts"

export interface Choice {
  /** The configuration of Redocly. Default: `redocly.yaml` in the current folder, if there is one. */
  readonly config: string | undefined
  readonly rules: OwnRules
  readonly skipRules: ReadonlyArray<string>
}

/** The keys under which Redocly keeps the rules of the versions that are supported. */
const versions = ["oas3_0", "oas3_1", "oas3_2"] as const

/** Rejects when the configuration cannot be read, or when a rule that is to be skipped does not exist. */
export const configurationFor = async (file: string, choice: Choice): Promise<Config> => {
  const { findConfig, loadConfig } = await import("@redocly/openapi-core")
  const path = choice.config ?? findConfig()
  const config =
    path === undefined
      ? await configOf(choice.rules === "strict" ? allRules : withoutConfiguration(choice.rules))
      : withOwnRules(
          forFile(await loadConfig({ configPath: resolve(path), plugins: [plugin] }), file),
          choice.rules,
        )
  const known = new Set(
    config.plugins.flatMap(({ rules }) => Object.keys(rules?.oas3 ?? {})).map(String),
  )
  const skipped = choice.skipRules.map((name) =>
    Object.hasOwn(ownRules, name) ? redoclyName(name) : name,
  )
  const unknown = skipped.find((name) => !known.has(name))
  if (unknown !== undefined) throw new Error(`there is no rule ${unknown}`)
  config.skipRules(skipped)
  return config
}

/** Redocly's own default. */
const withoutConfiguration = (rules: OwnRules) =>
  ruleSetOf(ownRulesOf(rules), { extends: ["recommended"] })

/** A configuration may have other rules for one of its APIs. */
const forFile = (config: Config, file: string): Config => {
  const folder = dirname(config.configPath ?? ".")
  const [alias] =
    Object.entries(objectAt(config.resolvedConfig, "apis")).find(
      ([, api]) =>
        isObject(api) && typeof api["root"] === "string" && resolve(folder, api["root"]) === file,
    ) ?? []
  return config.forAlias(alias)
}

/** Rules of this package that the configuration does not name have their own severity. */
const withOwnRules = (config: Config, rules: OwnRules): Config => {
  for (const version of versions) {
    const chosen = config.rules[version]
    for (const [name, severity] of ownRulesOf(rules)) {
      chosen[redoclyName(name)] ??= severities[severity]
    }
  }
  return config
}

/** Whether a rule of this package applies. */
export const isOn = (config: Config, name: string): boolean =>
  versions.some((version) => {
    const setting = config.rules[version][redoclyName(name)]
    const severity = typeof setting === "string" ? setting : setting?.severity
    return severity !== undefined && severity !== "off"
  })
