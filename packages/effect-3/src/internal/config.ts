/** Options and variables from the configuration of the application. */
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"

/** Options of which each is a value or a `Config` of it. */
export type Configured<O> = {
  readonly [K in keyof O]: O[K] | Config.Config<Exclude<O[K], undefined>>
}

/** Reads the options that are `Config`s. What is not an object is returned as it is, for the check of the options. */
export const readOptions = (options: unknown): Effect.Effect<unknown, ConfigError.ConfigError> =>
  Predicate.isRecord(options)
    ? Effect.map(
        Effect.forEach(Object.entries(options), ([name, option]) =>
          Effect.map(
            isConfig(option) ? option : Effect.succeed(option),
            (value) => [name, value] as const,
          ),
        ),
        Object.fromEntries,
      )
    : Effect.succeed(options)

/** Whether a value is a `Config`. */
export const isConfig = (value: unknown): value is Config.Config<unknown> =>
  Predicate.hasProperty(value, Config.ConfigTypeId)

/** Reads variables of the environment; undefined for one that is not set. */
export const readVariables = (
  ...names: ReadonlyArray<string>
): Effect.Effect<Readonly<Record<string, string | undefined>>, ConfigError.ConfigError> =>
  Effect.map(
    Effect.forEach(names, (name) =>
      Effect.map(
        Config.option(Config.string(name)),
        (value) => [name, Option.getOrUndefined(value)] as const,
      ),
    ),
    Object.fromEntries,
  )
