/**
 * A service of an application that sends messages. It depends on `SentClient` and does not know where messages go: the program
 * provides a client of the real service, and a test one of the mock (see `test/signup.test.ts`).
 */
import { SentClient, type SentError } from "@effect-sent/core"
import { Context, Effect, Layer } from "effect"

const welcomeTemplate = "7ba7b820-9dad-11d1-80b4-00c04fd430c8"

export class Signup extends Context.Service<
  Signup,
  {
    /** Sends a welcome message. Returns false when the phone number is invalid. */
    readonly welcome: (
      name: string,
      phoneNumber: string,
    ) => Effect.Effect<boolean, SentError.SentError>
  }
>()("examples/Signup") {
  static readonly layer: Layer.Layer<Signup, never, SentClient.SentClient> = Layer.effect(
    Signup,
    Effect.gen(function* () {
      const sent = yield* SentClient.SentClient
      return Signup.of({
        welcome: (name, phoneNumber) =>
          sent
            .sendToPhone({ phoneNumber, templateId: welcomeTemplate, messageBody: { name } })
            .pipe(
              Effect.as(true),
              Effect.catchIf(
                // Only the person who gave the number can fix it.
                (error) => error.mendedBy === "recipient",
                () => Effect.succeed(false),
              ),
            ),
      })
    }),
  )
}
