/** Credentials: where core gets them from. */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Core from "@effect-sent/core/SentCredentials"
import type { SentError } from "@effect-sent/core/SentError"
import type { Credentials, CredentialsValue } from "../Credentials.ts"
import type { Host } from "../Host.ts"
import { makePairs } from "../Pairs.ts"
import type { Task } from "../Task.ts"
import type { Failure } from "../Value.ts"
import { contextOf } from "./context.ts"
import { ofCall } from "./ofCall.ts"
import { fromTask, toTask } from "./tasks.ts"
import { errorOf, failureOf, optionsOf } from "./values.ts"
import { variablesProvider } from "./variables.ts"

type Service = Core.SentCredentials["Service"]

// -----------------------------------------------------------------------------
// Of core
// -----------------------------------------------------------------------------

/** Validates credentials, whatever they are. */
export const validate = (input: unknown, host: Host): Task<CredentialsValue, Failure> =>
  toTask(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Core.make(input as Core.CredentialsInput),
    contextOf(host),
    { onFailure: failureOf, onSuccess: valueOf },
  )

/** Credentials that stay the same. */
export const fixed = (input: unknown, host: Host): Task<Credentials, Failure> =>
  build(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Core.layer(input as Core.CredentialsInput),
    host,
  )

/**
 * Credentials from the configuration. `given` has the values that the application's own configuration has; what is not a
 * configuration is `wrong` and reported.
 */
export const configured = (
  {
    given,
    variables,
    wrong,
  }: {
    readonly given: Readonly<Record<string, string>>
    readonly wrong: Readonly<Record<string, unknown>>
    readonly variables: Readonly<Record<string, string | undefined>>
  },
  host: Host,
): Task<Credentials, Failure> => {
  const configs = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, Config.succeed(value)]),
  )
  return build(
    Core.layerConfig({ ...configs, ...wrong }).pipe(
      Layer.provide(Layer.succeed(ConfigProvider.ConfigProvider, variablesProvider(variables))),
      // The provider does not fail.
      Layer.catchTag("ConfigError", (error) => Layer.effectContext(Effect.die(error))),
    ),
    host,
  )
}

/** Credentials that are loaded. `load` is not a function if the application has given something else. */
export const rotating = (
  {
    load,
    ...options
  }: {
    readonly load: ((host: Host) => Task<unknown, unknown>) | { readonly wrong: unknown }
    readonly timeToLive?: unknown
  },
  host: Host,
): Task<Credentials, Failure> => {
  const given = {
    ...optionsOf(options),
    load: typeof load === "function" ? ofCall((current) => fromTask(load(current))) : load.wrong,
  }
  return build(
    // Checked by core.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Core.layerEffect(given as Core.RotatingOptions),
    host,
  )
}

const build = (
  layer: Layer.Layer<Core.SentCredentials, SentError>,
  host: Host,
): Task<Credentials, Failure> =>
  toTask(
    // They keep nothing that a scope would have to close.
    Effect.suspend(() => Layer.buildWithScope(layer, Scope.makeUnsafe())),
    contextOf(host),
    {
      onFailure: failureOf,
      onSuccess: (built) => fromService(Context.get(built, Core.SentCredentials)),
    },
  )

const services = new WeakMap<Credentials, Service>()

const fromService = (service: Service): Credentials => {
  const { invalidate } = service
  const credentials: Credentials = {
    get: (host) =>
      toTask(service.get, contextOf(host), { onFailure: failureOf, onSuccess: valueOf }),
    invalidate:
      invalidate === undefined
        ? undefined
        : (rejected, host) =>
            toTask(invalidate(credentialsOf(rejected)), contextOf(host), {
              onFailure: (never) => never,
              onSuccess: () => undefined,
            }),
    issuesForV1: service.issuesForV1,
  }
  services.set(credentials, service)
  return credentials
}

// -----------------------------------------------------------------------------
// Of the application
// -----------------------------------------------------------------------------

/** The service of core that credentials are of. */
export const serviceOf = (credentials: Credentials): Service => {
  const known = services.get(credentials)
  if (known !== undefined) return known
  const { get, invalidate, issuesForV1 } = credentials
  return Core.SentCredentials.of({
    get: ofCall((host) =>
      Effect.matchEffect(fromTask(get(host)), {
        onSuccess: (value) => Effect.succeed(credentialsOf(value)),
        onFailure: (failure) => Effect.fail(errorOf(failure)),
      }),
    ),
    invalidate:
      invalidate === undefined
        ? undefined
        : (rejected) => ofCall((host) => fromTask(invalidate(valueOf(rejected), host))),
    issuesForV1,
  })
}

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

const { toA: credentialsOf, toB: valueOf } = /* @__PURE__ */ makePairs<
  Core.Credentials,
  CredentialsValue
>({
  toA: (value) => Effect.runSync(Core.make(value)),
  toB: ({ apiKey, profileId, senderId }) => ({
    ...(senderId === undefined ? {} : { senderId: Redacted.value(senderId) }),
    apiKey: Redacted.value(apiKey),
    ...(profileId === undefined ? {} : { profileId: Redacted.value(profileId) }),
  }),
})
