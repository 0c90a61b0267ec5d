/** Credentials of the application as core's, and core's as those of the application. */
import type * as Facade from "@effect-sent/facade/Credentials"
import { makePairs } from "@effect-sent/facade/Pairs"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { Credentials, CredentialsService } from "../credentials.ts"
import { call } from "./calls.ts"
import { failureOf } from "./facts.ts"
import { runtimeOf } from "./host.ts"
import { runTask } from "./run.ts"

/** An input with its secrets revealed, for core to check. */
export const plainInput = (input: unknown): unknown =>
  Predicate.isRecord(input)
    ? Object.fromEntries(
        Object.entries(input).map(([name, value]) => [
          name,
          Redacted.isRedacted(value) ? Redacted.value(value) : value,
        ]),
      )
    : input

// -----------------------------------------------------------------------------
// Of core
// -----------------------------------------------------------------------------

const ofCore = new WeakMap<CredentialsService, Facade.Credentials>()

/** Credentials of core as a service of the application. */
export const fromFacade = (credentials: Facade.Credentials): CredentialsService => {
  const { invalidate } = credentials
  const service: CredentialsService = {
    get: Effect.map(call(credentials.get), redactedOf),
    invalidate:
      invalidate === undefined
        ? undefined
        : (rejected) => Effect.orDie(call((host) => invalidate(valueOf(rejected), host))),
    issuesForV1: credentials.issuesForV1,
  }
  ofCore.set(service, credentials)
  return service
}

// -----------------------------------------------------------------------------
// Of the application
// -----------------------------------------------------------------------------

/** A service of the application as credentials of core. One that {@link fromFacade} made is core's own. */
export const toFacade = (service: CredentialsService): Facade.Credentials => {
  const { get, invalidate, issuesForV1 } = service
  return (
    ofCore.get(service) ?? {
      get: (host) =>
        runTask(runtimeOf(host), Effect.mapBoth(get, { onSuccess: valueOf, onFailure: failureOf })),
      invalidate:
        invalidate === undefined
          ? undefined
          : (rejected, host) => runTask(runtimeOf(host), invalidate(redactedOf(rejected))),
      issuesForV1,
    }
  )
}

// -----------------------------------------------------------------------------
// Values
// -----------------------------------------------------------------------------

const pairs = /* @__PURE__ */ makePairs<Credentials, Facade.CredentialsValue>({
  toA: ({ apiKey, profileId, senderId }) => ({
    ...(senderId === undefined ? {} : { senderId: Redacted.make(senderId) }),
    apiKey: Redacted.make(apiKey),
    ...(profileId === undefined ? {} : { profileId: Redacted.make(profileId) }),
  }),
  toB: ({ apiKey, profileId, senderId }) => ({
    ...(senderId === undefined ? {} : { senderId: Redacted.value(senderId) }),
    apiKey: Redacted.value(apiKey),
    ...(profileId === undefined ? {} : { profileId: Redacted.value(profileId) }),
  }),
})

/** Credentials of core as those of the application. */
export const redactedOf: (value: Facade.CredentialsValue) => Credentials = pairs.toA

const valueOf = pairs.toB
