/**
 * The credentials of the API, and where they come from: `x-api-key`; for v1 also `x-sender-id`; for v3 also `x-profile-id`,
 * where an organisation sends for one of its profiles.
 *
 * @example
 * ```ts
 * import { SentClient, SentCredentials } from "@effect-sent/core"
 * import { Layer } from "effect"
 * import { FetchHttpClient } from "effect/http"
 *
 * // SENT_SENDER_ID and SENT_API_KEY
 * const SentLive = SentClient.layer().pipe(
 *   Layer.provide(SentCredentials.layerConfig()),
 *   Layer.provide(FetchHttpClient.layer),
 * )
 * ```
 */
import type * as Brand from "effect/Brand"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { readVariable } from "./internal/environment.ts"
import { guid, matching } from "./internal/patterns.ts"
import * as Kind from "./internal/options.ts"
import { CredentialsUnavailable, type Issue, SentError } from "./SentError.ts"

// -----------------------------------------------------------------------------
// Types
// -----------------------------------------------------------------------------

const rightProfileId = "must be a UUID, e.g. 0f8fad5b-d9cb-469f-a165-70867728950e"

const rightSenderId = "must be a GUID, e.g. 3f2504e0-4f89-41d3-9a0c-0305e82c3301"

const rightApiKey =
  "must be visible ASCII characters, without spaces or line breaks, and not be empty"

/**
 * The GUID of the sender, the value of `x-sender-id`.
 *
 * Source: the API page's header parameter `x-sender-id` (format `guid`).
 */
export const SenderId: Schema.brand<Schema.String, "SenderId"> = /* @__PURE__ */ matching(
  guid,
  rightSenderId,
).pipe(/* @__PURE__ */ Schema.brand("SenderId"))

/** A string that {@link SenderId} accepted. */
export type SenderId = string & Brand.Brand<"SenderId">

const visibleAscii = /^[\x21-\x7E]+$/u

/**
 * The value of `x-api-key`: visible ASCII characters.
 *
 * **Gotchas**
 *
 * Spaces and line breaks, which files and copied lines often end with, are rejected: a header cannot contain them, and
 * runtimes print the header when they say so.
 */
export const ApiKey: Schema.brand<Schema.String, "ApiKey"> = /* @__PURE__ */ matching(
  visibleAscii,
  rightApiKey,
).pipe(/* @__PURE__ */ Schema.brand("ApiKey"))

/** A string that {@link ApiKey} accepted. */
export type ApiKey = string & Brand.Brand<"ApiKey">

/**
 * The UUID of a profile, the value of `x-profile-id`: an organisation's key sends for this profile.
 *
 * Source: the provider's SDK, the header parameter `x-profile-id`.
 */
export const ProfileId: Schema.brand<Schema.String, "ProfileId"> = /* @__PURE__ */ matching(
  guid,
  rightProfileId,
).pipe(/* @__PURE__ */ Schema.brand("ProfileId"))

/** A string that {@link ProfileId} accepted. */
export type ProfileId = string & Brand.Brand<"ProfileId">

/** The credentials of a request. All of them are `Redacted`: they print as `<redacted>`. */
export interface Credentials {
  /** v1 needs it, v3 does not send it. */
  readonly senderId?: Redacted.Redacted<SenderId> | undefined
  readonly apiKey: Redacted.Redacted<ApiKey>
  /** v3 sends it, v1 refuses it. */
  readonly profileId?: Redacted.Redacted<ProfileId> | undefined
}

/** Credentials before validation: plain strings, or already `Redacted`. */
export interface CredentialsInput {
  /** v1 needs it, v3 does not send it. */
  readonly senderId?: string | Redacted.Redacted<string> | undefined
  readonly apiKey: string | Redacted.Redacted<string>
  /** v3 sends it, v1 refuses it. */
  readonly profileId?: string | Redacted.Redacted<string> | undefined
}

// -----------------------------------------------------------------------------
// Service
// -----------------------------------------------------------------------------

/** The service that the client gets its credentials from, once for every attempt, so that they can rotate. */
export class SentCredentials extends Context.Service<
  SentCredentials,
  {
    /** The credentials for the next request. Fails with the reason `CredentialsUnavailable`. */
    readonly get: Effect.Effect<Credentials, SentError>
    /**
     * Reports that the service rejected these credentials, so that the next `get` loads them again. Absent if they
     * cannot change.
     */
    readonly invalidate?: ((rejected: Credentials) => Effect.Effect<void>) | undefined
    /**
     * What is wrong with them for v1, by where they come from, so that it is found when `SentClient` is built. Absent if
     * that is known only once they are loaded.
     */
    readonly issuesForV1?: ReadonlyArray<Issue> | undefined
  }
>()("@effect-sent/core/SentCredentials") {}

// -----------------------------------------------------------------------------
// Construction
// -----------------------------------------------------------------------------

const credentialKinds = {
  senderId: /* @__PURE__ */ Kind.secret(rightSenderId, (text) =>
    guid.test(text) ? undefined : "",
  ),
  apiKey: /* @__PURE__ */ Kind.required(
    /* @__PURE__ */ Kind.secret(rightApiKey, (text) => (visibleAscii.test(text) ? undefined : "")),
  ),
  profileId: /* @__PURE__ */ Kind.secret(rightProfileId, (text) =>
    guid.test(text) ? undefined : "",
  ),
}

const credentialsInput: Kind.Kind = /* @__PURE__ */ Kind.struct<CredentialsInput>(credentialKinds)

/**
 * Validates credentials. Fails with the reason `CredentialsUnavailable`, which says what is malformed without showing
 * its value. Use it where credentials are loaded.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Effect } from "effect"
 *
 * const error = await SentCredentials.make({ senderId: "me", apiKey: "sk_live_1234" }).pipe(
 *   Effect.flip,
 *   Effect.runPromise,
 * )
 * console.assert(error.message.includes("senderId must be a GUID"))
 * ```
 */
export const make = (input: CredentialsInput): Effect.Effect<Credentials, SentError> => {
  // A vault may return more than these.
  const issues = Predicate.isObject(input)
    ? credentialsInput({
        senderId: input.senderId,
        apiKey: input.apiKey,
        profileId: input.profileId,
      })
    : credentialsInput(input)
  return issues.length === 0
    ? Effect.succeed(redact(input))
    : Effect.fail(
        unavailable(
          issues.map(({ message, path }) => [...path, message].join(" ").trim()).join("; "),
        ),
      )
}

/** Makes validated credentials `Redacted`. */
// All were validated.
/* oxlint-disable typescript/no-unsafe-type-assertion */
const redact = ({ apiKey, profileId, senderId }: CredentialsInput): Credentials => ({
  ...(senderId === undefined
    ? {}
    : { senderId: Redacted.make(reveal(senderId) as SenderId, { label: "x-sender-id" }) }),
  apiKey: Redacted.make(reveal(apiKey) as ApiKey, { label: "x-api-key" }),
  ...(profileId === undefined
    ? {}
    : { profileId: Redacted.make(reveal(profileId) as ProfileId, { label: "x-profile-id" }) }),
})

const reveal = (value: string | Redacted.Redacted<string>): string =>
  Redacted.isRedacted(value) ? Redacted.value(value) : value

const unavailable = (description: string): SentError =>
  new SentError({ reason: new CredentialsUnavailable({ description }), attempts: 0 })

// -----------------------------------------------------------------------------
// Layers
// -----------------------------------------------------------------------------

/**
 * Provides fixed credentials. The layer fails with the reason `InvalidOptions` if they are malformed.
 *
 * **Gotchas**
 *
 * v3 needs the key alone. Without a `senderId`, or with a `profileId`, it is `SentClient` over v1 that cannot be built.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Redacted } from "effect"
 *
 * const CredentialsLive = SentCredentials.layer({
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: Redacted.make("sk_live_1234"),
 * })
 * ```
 */
export const layer = (input: CredentialsInput): Layer.Layer<SentCredentials, SentError> =>
  Layer.effect(
    SentCredentials,
    Effect.map(Kind.checkOptions(credentialsInput, input), () =>
      fixed(input, [
        ...(input.senderId === undefined
          ? [{ path: ["senderId"], message: `${rightSenderId} (it is undefined)` }]
          : []),
        ...(input.profileId === undefined ? [] : Kind.at("profileId", onlyV3)),
      ]),
    ),
  )

const fixed = (
  input: CredentialsInput,
  issuesForV1: ReadonlyArray<Issue>,
): SentCredentials["Service"] => ({ get: Effect.succeed(redact(input)), issuesForV1 })

const onlyV3: ReadonlyArray<Issue> = [
  { path: [], message: "is for v3, which SentMessages sends to; v1 has no profiles" },
]

/**
 * Provides credentials from the configuration: by default `SENT_API_KEY`, and `SENT_SENDER_ID` and `SENT_PROFILE_ID` if they
 * are set.
 *
 * The layer fails with the reason `InvalidOptions` if `SENT_API_KEY` is missing, or if a value is malformed. A missing
 * `SENT_SENDER_ID` fails the layer of `SentClient` over v1, which needs it. If a `Config` of your own is missing, it fails
 * with a `ConfigError`.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Config } from "effect"
 *
 * const FromEnvironment = SentCredentials.layerConfig()
 * const ForMarketing = SentCredentials.layerConfig({
 *   senderId: Config.Redacted("MARKETING_SENDER_ID"),
 *   apiKey: Config.Redacted("MARKETING_API_KEY"),
 * })
 * ```
 */
export const layerConfig = (
  options: {
    /** Default: the variable `SENT_SENDER_ID`. */
    readonly senderId?: Config.Config<string | Redacted.Redacted<string>> | undefined
    /** Default: the variable `SENT_API_KEY`. */
    readonly apiKey?: Config.Config<string | Redacted.Redacted<string>> | undefined
    /** Default: the variable `SENT_PROFILE_ID`, if it is set. */
    readonly profileId?: Config.Config<string | Redacted.Redacted<string>> | undefined
  } = {},
): Layer.Layer<SentCredentials, Config.ConfigError | SentError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      yield* Kind.checkOptions(configKinds, options)
      const senderId = yield* options.senderId ?? readVariable("SENT_SENDER_ID")
      const apiKey = yield* options.apiKey ?? readVariable("SENT_API_KEY")
      const profileId = yield* options.profileId ?? readVariable("SENT_PROFILE_ID")
      const kinds = credentialKinds
      const ofSender =
        options.senderId === undefined
          ? variableIssues("SENT_SENDER_ID", kinds.senderId, senderId)
          : []
      const ofKey =
        options.apiKey === undefined ? variableIssues("SENT_API_KEY", kinds.apiKey, apiKey) : []
      const ofProfile =
        options.profileId === undefined && profileId !== undefined
          ? Kind.at("SENT_PROFILE_ID", kinds.profileId(profileId))
          : []
      // If neither is set, the error names both. With the key alone, v3 can send.
      const isKeyAlone = senderId === undefined && ofKey.length === 0
      yield* Kind.rejectInvalid([...(isKeyAlone ? [] : ofSender), ...ofKey, ...ofProfile])
      const input = { senderId, apiKey: apiKey ?? "", profileId }
      yield* Kind.checkOptions(credentialsInput, input)
      return Layer.succeed(
        SentCredentials,
        fixed(input, [
          ...ofSender,
          ...(profileId === undefined ? [] : Kind.at("SENT_PROFILE_ID", onlyV3)),
        ]),
      )
    }),
  )

const configKinds: Kind.Kind = /* @__PURE__ */ Kind.struct<
  NonNullable<Parameters<typeof layerConfig>[0]>
>({
  senderId: /* @__PURE__ */ Kind.where("must be a Config", Config.isConfig),
  apiKey: /* @__PURE__ */ Kind.where("must be a Config", Config.isConfig),
  profileId: /* @__PURE__ */ Kind.where("must be a Config", Config.isConfig),
})

/** What is wrong with the value of a variable, by the name of the variable. */
const variableIssues = (
  name: "SENT_SENDER_ID" | "SENT_API_KEY",
  isRight: Kind.Kind,
  value: unknown,
): ReadonlyArray<Issue> =>
  Kind.at(
    name,
    value === undefined || value === ""
      ? [
          {
            path: [],
            message:
              `is ${value === "" ? "empty" : "not set"}: copy the value from your Sent dashboard, see ` +
              "https://docs.sent.dm/docs/api-reference/authentication",
          },
        ]
      : isRight(value),
  )

/**
 * Provides credentials that rotate, loaded by an effect.
 *
 * **Details**
 *
 * The credentials are loaded for the first send, and again once they are older than `timeToLive` or the service has
 * rejected them (401). Sends that need them at the same time share one load. After three rejections in a row, nothing is
 * sent with them, and sends load them again at a bounded rate: after a second, and then at most every 2, 4, 8, 16 and 30
 * seconds.
 *
 * **Gotchas**
 *
 * If `load` fails or returns malformed credentials, the sends that wait for it fail with the reason
 * `CredentialsUnavailable`, and the next send loads again. Of the error of `load`, only the tag is shown, since it may
 * contain a secret.
 *
 * @example
 * ```ts
 * import { SentCredentials } from "@effect-sent/core"
 * import { Effect, Redacted } from "effect"
 *
 * const fromVault = Effect.sync(() => ({
 *   senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
 *   apiKey: Redacted.make("sk_live_1234"),
 * }))
 *
 * const CredentialsLive = SentCredentials.layerEffect({
 *   load: fromVault,
 *   timeToLive: "10 minutes",
 * })
 * ```
 */
export const layerEffect = <E, R>(
  options: RotatingOptions<E, R>,
): Layer.Layer<SentCredentials, SentError, R> =>
  Layer.effect(SentCredentials, makeRotating(options))

/** The options of credentials that rotate. */
export interface RotatingOptions<E = never, R = never> {
  /** Loads the credentials. The deadline of the send ends it too; give it its own time-out if it can hang. */
  readonly load: Effect.Effect<CredentialsInput, E, R>
  /** How long loaded credentials are used; it may be infinite. Default: 5 minutes. */
  readonly timeToLive?: Duration.Input | undefined
}

const rotatingKinds: Kind.Kind = /* @__PURE__ */ Kind.struct<RotatingOptions>({
  load: /* @__PURE__ */ Kind.required(
    /* @__PURE__ */ Kind.where("must be an Effect", Effect.isEffect),
  ),
  timeToLive: /* @__PURE__ */ Kind.duration({ infinite: true }),
})

const makeRotating = /* @__PURE__ */ Effect.fnUntraced(function* <E, R>(
  options: RotatingOptions<E, R>,
) {
  yield* Kind.checkOptions(rotatingKinds, options)
  const { load, timeToLive = "5 minutes" } = options
  const lifetime = Duration.fromInputUnsafe(timeToLive)
  const context = yield* Effect.context<R>()
  // Weak references: only credentials that a send still holds can be rejected again.
  const rejectedBefore = new WeakSet<Credentials>()
  const [get, forget] = yield* load.pipe(
    Effect.mapError((error) => unavailable(`they could not be loaded${tagOf(error)}`)),
    Effect.flatMap(make),
    Effect.provide(context),
    Effect.cachedInvalidateWithTTL((exit) => (Exit.isSuccess(exit) ? lifetime : Duration.zero)),
  )
  return SentCredentials.of({
    get,
    invalidate: (rejected) =>
      Effect.suspend(() => {
        // Of many sends that were rejected together, only the first one makes it load again.
        if (rejectedBefore.has(rejected)) return Effect.void
        rejectedBefore.add(rejected)
        return forget
      }),
  })
})

const tagOf = (error: unknown): string =>
  Predicate.hasProperty(error, "_tag") && Predicate.isString(error._tag) ? ` (${error._tag})` : ""
