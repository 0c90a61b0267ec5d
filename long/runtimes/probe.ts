/**
 * The probe: sends one message for each outcome with `fetch`, and reports what core says of it. Only what every runtime has is used.
 */
import { RetryPolicy, SentClient, SentCredentials, type SentError } from "@effect-sent/core"
import { Effect, Layer } from "effect"
import { FetchHttpClient } from "effect/http"
import {
  type Addresses,
  opener,
  type Outcome,
  outcomes,
  type Reports,
  reusing,
  silent,
} from "./outcome.ts"

/** Sends to each address in turn. */
export const probe = (addresses: Addresses): Promise<Reports> =>
  Effect.forEach(outcomes, (outcome) =>
    Effect.map(report(outcome, addresses[outcome]), (said) => [outcome, said] as const),
  ).pipe(
    // `fromEntries` forgets the keys, which are all the outcomes.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    Effect.map((entries) => Object.fromEntries(entries) as Reports),
    Effect.runPromise,
  )

const report = (outcome: Outcome, baseUrl: string): Effect.Effect<string> => {
  // A client takes its connection back only after it has returned the response.
  const opened = Effect.andThen(send(opener), Effect.sleep("100 millis"))
  const sent = outcome === reusing ? Effect.andThen(opened, send(outcome)) : send(outcome)
  return sent.pipe(
    Effect.provide(
      SentClient.layer({
        baseUrl,
        // Otherwise long enough for a busy machine.
        timeout: silent.includes(outcome) ? "1 second" : "20 seconds",
        retryPolicy: RetryPolicy.none,
      }).pipe(
        Layer.provide(
          SentCredentials.layer({
            senderId: "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
            apiKey: "sk_test_1234",
          }),
        ),
        Layer.provide(FetchHttpClient.layer),
      ),
    ),
    Effect.match({ onSuccess: () => "accepted", onFailure: describe }),
    // A defect is reported, and does not end the others.
    Effect.catchCause((cause) => Effect.succeed(`died: ${String(cause)}`)),
  )
}

const send = (message: string) =>
  SentClient.sendToPhone({
    phoneNumber: "+1234567890",
    templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
    messageBody: { message },
  })

const describe = ({ delivery, reason }: SentError.SentError): string => {
  const what = delivery === "not-sent" ? "not sent" : delivery
  // Codes differ from one runtime and system to the next, except for that of the Fetch standard.
  const isBlocked = reason._tag === "ConnectionFailed" && reason.code === "bad port"
  const stage = "stage" in reason ? ` (${isBlocked ? "bad port" : reason.stage})` : ""
  return `${what}: ${reason._tag}${stage}`
}
