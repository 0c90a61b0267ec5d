/** Reads options from the configuration, by default from the environment. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"

/**
 * Reads a variable. Undefined if it is not set, and empty if it is set to nothing, as by the line `NAME=` of a file: most
 * providers read that as not set.
 */
export const readVariable: (name: string) => Effect.Effect<string | undefined, Config.ConfigError> =
  /* @__PURE__ */ Effect.fnUntraced(function* (name) {
    const provider = yield* ConfigProvider.ConfigProvider
    // Not as a `Config.String`, which brings the decoders of all schemas with it.
    const node = yield* Effect.mapError(
      provider.load([name]),
      (error) => new Config.ConfigError(error),
    )
    if (node?.value !== undefined) return node.value
    // As the provider of the environment splits names, and as those of objects and files do not.
    for (const path of [name.split("_"), [name]]) {
      const parent = yield* load(provider, path.slice(0, -1))
      const isNamed = parent?._tag === "Record" && parent.keys.has(path.at(-1) ?? "")
      if (isNamed && (yield* load(provider, path)) === undefined) return ""
    }
    return undefined
  })

const load = (provider: ConfigProvider.ConfigProvider, path: ConfigProvider.Path) =>
  Effect.orElseSucceed(provider.load(path), () => undefined)

/** Options of which each is a value or a `Config` of it. */
export type Configured<O> = {
  readonly [K in keyof O]: O[K] | Config.Config<Exclude<O[K], undefined>>
}

/** Reads the options that are `Config`s. What is not an object is returned as it is, for the check of the options. */
export const readOptions = <O extends object>(
  options: Configured<O>,
): Effect.Effect<O, Config.ConfigError> => {
  const given: unknown = options
  return Effect.map(
    Effect.forEach(Predicate.isObject(given) ? Object.entries(given) : [], ([name, option]) =>
      Effect.map(Config.isConfig(option) ? option : Effect.succeed(option), (value) => [
        name,
        value,
      ]),
    ),
    (entries) =>
      // Each option has its own name again, with the value of its type.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      (Predicate.isObject(given) ? Object.fromEntries(entries) : given) as O,
  )
}
