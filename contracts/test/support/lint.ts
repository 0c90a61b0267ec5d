import { fileURLToPath } from "node:url"
import { lintConfig, lintFromString, loadConfig } from "@redocly/openapi-core"
import { contractPath } from "./contract.ts"

const config = await loadConfig({
  configPath: fileURLToPath(new URL("../../redocly.yaml", import.meta.url)),
})

/** What Redocly says of a document, by the rules of `redocly.yaml`. */
export const lint = async (yaml: string): Promise<ReadonlyArray<string>> => {
  const problems = await lintFromString({ source: yaml, absoluteRef: contractPath, config })
  return problems.map(({ ruleId, message, location }) =>
    [ruleId, location[0]?.pointer ?? "", message].join(" "),
  )
}

/** What Redocly says of `redocly.yaml` itself: it skips a rule whose name it does not know. */
export const lintRules = async (): Promise<ReadonlyArray<string>> =>
  (await lintConfig({ config, severity: "error" })).map(({ message }) => message)
