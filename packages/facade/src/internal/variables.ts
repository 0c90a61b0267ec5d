/** Variables of the environment, which the application has read. */
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"

/** A provider of these variables, and of no others. */
export const variablesProvider = (
  variables: Readonly<Record<string, string | undefined>>,
): ConfigProvider.ConfigProvider =>
  ConfigProvider.make((path) => {
    const value = path.length === 1 ? variables[String(path[0])] : undefined
    return Effect.succeed(value === undefined ? undefined : ConfigProvider.makeValue(value))
  })
