/**
 * The types of the public API, as an application sees them: what is handled is gone from the error's type, a reason that is
 * forgotten does not compile, and a layer that is missing is named. The type check of the test run is what tests them.
 */
import {
  DeliveryTracker,
  type RetryPolicy,
  type SendToPhone,
  SentClient,
  SentCredentials,
  type SentError,
} from "@effect-sent/core"
import { describe, it } from "@effect/vitest"
import { Effect, Layer, Match } from "effect"
import type { Config } from "effect"
import type { HttpClient } from "effect/http"
import { expectTypeOf } from "vitest"

const input = { phoneNumber: "+1234567890", templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" }

const send = SentClient.sendToPhone(input)

describe("the types of a send", () => {
  it("name its result, its one error and the service it needs", () => {
    expectTypeOf(send).toEqualTypeOf<
      Effect.Effect<SendToPhone.SendReceipt, SentError.SentError, SentClient.SentClient>
    >()
  })

  it("lose the error that is handled", () => {
    const handled = send.pipe(Effect.catchTag("SentError", () => Effect.succeed("failed" as const)))
    expectTypeOf(handled).toEqualTypeOf<
      Effect.Effect<SendToPhone.SendReceipt | "failed", never, SentClient.SentClient>
    >()
  })

  it("keep the error when one of its reasons is handled, and lose it when all are", () => {
    const one = Effect.catchReason(send, "SentError", "RateLimited", ({ retryAfter }) =>
      Effect.succeed(retryAfter),
    )
    expectTypeOf<Effect.Error<typeof one>>().toEqualTypeOf<SentError.SentError>()
    const all = Effect.catchReasons(
      send,
      "SentError",
      { RateLimited: () => Effect.succeed("later" as const) },
      (_, error) => Effect.succeed(error.delivery),
    )
    expectTypeOf<Effect.Error<typeof all>>().toEqualTypeOf<never>()
    expectTypeOf<Effect.Success<typeof all>>().toEqualTypeOf<
      SendToPhone.SendReceipt | "later" | SentError.Delivery
    >()
  })

  it("refuse a reason that there is not", () => {
    // @ts-expect-error: the tag of a reason, written wrongly.
    void Effect.catchReason(send, "SentError", "RateLimit", () => Effect.void)
    expectTypeOf<"RateLimit">().not.toExtend<SentError.Reason["_tag"]>()
  })

  it("refuse a match that forgets a reason", () => {
    const few = Match.type<SentError.Reason>().pipe(
      Match.tag("RateLimited", () => "later"),
      Match.tag("InvalidPhoneNumber", () => "another number"),
    )
    // @ts-expect-error: there are others.
    void Match.exhaustive(few)
    const words = few.pipe(Match.orElse(() => "nothing to do"))
    expectTypeOf(words).parameter(0).toEqualTypeOf<SentError.Reason>()
  })

  it("refuse input of another form", () => {
    // @ts-expect-error: a number.
    void SentClient.sendToPhone({ ...input, phoneNumber: 1234567890 })
    // @ts-expect-error: no template.
    void SentClient.sendToPhone({ phoneNumber: input.phoneNumber })
    // @ts-expect-error: an unknown option.
    void SentClient.sendToPhone(input, { retries: 3 })
    expectTypeOf<{ phoneNumber: number; templateId: string }>().not.toExtend<SendToPhone.Input>()
    expectTypeOf<{ phoneNumber: string }>().not.toExtend<SendToPhone.Input>()
  })
})

describe("the types of layers", () => {
  it("name what is missing", () => {
    // @ts-expect-error: SentClient is not provided.
    void (() => Effect.runPromise(send))
    const client = SentClient.layer()
    expectTypeOf(client).toEqualTypeOf<
      Layer.Layer<
        SentClient.SentClient,
        SentError.SentError,
        HttpClient.HttpClient | SentCredentials.SentCredentials
      >
    >()
    const withCredentials = Layer.provide(client, SentCredentials.layerConfig())
    expectTypeOf<Layer.Services<typeof withCredentials>>().toEqualTypeOf<HttpClient.HttpClient>()
    // @ts-expect-error: HttpClient is not provided.
    void (() => Effect.runPromise(Effect.provide(send, withCredentials)))
  })

  it("name what is wrong with the configuration", () => {
    expectTypeOf<Layer.Error<typeof SentClient.layerEnv>>().toEqualTypeOf<
      Config.ConfigError | SentError.SentError
    >()
    expectTypeOf<Layer.Services<typeof SentClient.layerEnv>>().toEqualTypeOf<never>()
  })

  it("ask for what the hooks of a tracker need", () => {
    const tracker = DeliveryTracker.layer({
      publicUrl: "https://app.example.com/webhooks/sent",
      secret: "a random secret of at least 32 characters",
      onUpdate: () => Effect.asVoid(SentCredentials.SentCredentials),
    })
    expectTypeOf<Layer.Services<typeof tracker>>().toEqualTypeOf<
      SentClient.SentClient | SentCredentials.SentCredentials
    >()
  })
})

describe("the types of options", () => {
  it("let undefined stand for the default", () => {
    expectTypeOf<SentClient.Options["retryPolicy"]>().toEqualTypeOf<
      RetryPolicy.RetryPolicy | undefined
    >()
  })
})
