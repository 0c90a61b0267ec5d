/** The client of core, for one application. */
import type * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as SentClient from "@effect-sent/core/SentClient"
import * as SentCredentials from "@effect-sent/core/SentCredentials"
import { CurrentRetryPolicy } from "@effect-sent/core/RetryPolicy"
import type * as SendToPhone from "@effect-sent/core/SendToPhone"
import type { Credentials } from "./Credentials.ts"
import type { Host, SendingHost } from "./Host.ts"
import { contextOf } from "./internal/context.ts"
import { serviceOf } from "./internal/credentials.ts"
import { coreOptions, corePolicy } from "./internal/policy.ts"
import { toTask } from "./internal/tasks.ts"
import { transport } from "./internal/transport.ts"
import { failureOf } from "./internal/values.ts"
import { variablesProvider } from "./internal/variables.ts"
import type { RetryPolicy } from "./RetryPolicy.ts"
import type { Task } from "./Task.ts"
import type { Failure } from "./Value.ts"

export { describe, wordsOf } from "./internal/values.ts"

/** A client. */
export interface Client {
  /** Sends a message. */
  readonly send: (
    input: unknown,
    options: unknown,
    policy: RetryPolicy | undefined,
    host: SendingHost,
  ) => Task<Receipt, Failure>
  /** Ends what the client has begun. */
  readonly close: Task<void>
}

/** The proof that the service accepted a message. */
export interface Receipt {
  /** Milliseconds since the epoch. */
  readonly acceptedAt: number
  readonly status: number
  readonly attempts: number
}

/** How a client is made. */
export interface ClientOptions {
  readonly options: unknown
  readonly credentials: Credentials
  /** The values of variables by their names, if what is absent of the options is read from the environment. */
  readonly variables: Readonly<Record<string, string | undefined>> | undefined
}

/** Makes a client. */
export const makeClient = (
  { credentials, options, variables }: ClientOptions,
  host: Host,
): Task<Client, Failure> => {
  const scope = Scope.makeUnsafe()
  const services = contextOf(host).pipe(
    Context.add(HttpClient.HttpClient, transport),
    Context.add(SentCredentials.SentCredentials, serviceOf(credentials)),
    Context.add(Scope.Scope, scope),
  )
  // Checked by core, whatever they are.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const given = coreOptions(options) as SentClient.Options
  const made =
    variables === undefined
      ? SentClient.make(given)
      : Effect.map(
          Layer.build(SentClient.layerConfig(given)),
          Context.get(SentClient.SentClient),
        ).pipe(
          Effect.provideService(ConfigProvider.ConfigProvider, variablesProvider(variables)),
          // The provider does not fail.
          Effect.catchIf((error): error is Config.ConfigError => !isSentError(error), Effect.die),
        )
  return toTask(Effect.provideContext(made, services), contextOf(host), {
    onFailure: failureOf,
    onSuccess: (client) => ({
      send: (input, sendOptions, policy, sendingHost) =>
        toTask(
          Effect.suspend(() =>
            client.sendToPhone(
              // Checked by core.
              // oxlint-disable-next-line typescript/no-unsafe-type-assertion
              input as SendToPhone.Input,
              // oxlint-disable-next-line typescript/no-unsafe-type-assertion
              coreOptions(sendOptions) as SentClient.SendOptions | undefined,
            ),
          ),
          sendingContext(sendingHost, policy),
          { onFailure: failureOf, onSuccess: receiptOf },
        ),
      close: toTask(Scope.close(scope, Exit.void), Context.empty(), {
        onFailure: (never) => never,
        onSuccess: () => undefined,
      }),
    }),
  })
}

const isSentError = (error: { readonly _tag: string }): boolean => error._tag === "SentError"

const receiptOf = ({ acceptedAt, attempts, status }: SendToPhone.SendReceipt): Receipt => ({
  acceptedAt: DateTime.toEpochMillis(acceptedAt),
  status,
  attempts,
})

const sendingContext = (
  host: SendingHost,
  policy: RetryPolicy | undefined,
): Context.Context<never> => {
  const context = contextOf(host)
  const regional =
    policy === undefined ? context : Context.add(context, CurrentRetryPolicy, corePolicy(policy))
  return host.fetch === undefined
    ? regional
    : Context.add(regional, FetchHttpClient.Fetch, host.fetch)
}
