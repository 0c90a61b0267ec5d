/** Options that are values or `Config`s. */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"

/** Options of which each is a value or a `Config` of it. */
export type Configured<Options> = {
  readonly [K in keyof Options]: Options[K] | Config.Config<Exclude<Options[K], undefined>>
}

/** Reads each `Config` among the options. */
export const readConfigured = <Options extends object>(
  options: Configured<Options>,
): Effect.Effect<Options, Config.ConfigError> =>
  Effect.map(
    Effect.forEach(Object.entries<unknown>(options), ([name, option]) =>
      Config.isConfig(option)
        ? Effect.map(option, (value) => [name, value] as const)
        : Effect.succeed([name, option] as const),
    ),
    // Each name has the value of its option, which the types of entries do not say.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    (entries) => Object.fromEntries(entries) as Options,
  )
