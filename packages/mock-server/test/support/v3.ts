/** Calls of v3, and what their answers say. */
import { MockServer } from "@effect-sent/mock-server"
import { assert } from "@effect/vitest"
import { type Duration, Effect, Fiber } from "effect"

export type Mock = MockServer.MockServer["Service"]

export const key = "sk_test_of_one_account"

export const templateId = "9ba7b840-9dad-11d1-80b4-00c04fd430c8"

export interface Got {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export const call = (mock: Mock, path: string, init: RequestInit): Promise<Got> =>
  fetch(`${mock.baseUrl}${path}`, init).then(async (response) => ({
    status: response.status,
    headers: response.headers,
    body: await response.json(),
  }))

export const initOf = (body: unknown, headers: Readonly<Record<string, string>>): RequestInit => ({
  method: "POST",
  headers: { "x-api-key": key, "content-type": "application/json", ...headers },
  body: JSON.stringify(body),
})

export const send = (
  mock: Mock,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Effect.Effect<Got> => Effect.promise(() => call(mock, "/v3/messages", initOf(body, headers)))

export const look = (mock: Mock, path: string, apiKey = key): Effect.Effect<Got> =>
  Effect.promise(() => call(mock, `/v3/messages/${path}`, { headers: { "x-api-key": apiKey } }))

export const at = (value: unknown, ...names: ReadonlyArray<string | number>): unknown =>
  names.reduce<unknown>((node, name) => Object(node)[name], value)

export const idsIn = ({ body }: Got): ReadonlyArray<string> => {
  const recipients = at(body, "data", "recipients")
  assert.isArray(recipients, JSON.stringify(body))
  return (Array.isArray(recipients) ? recipients : []).map((one: unknown) =>
    String(at(one, "message_id")),
  )
}

export const codeIn = ({ body }: Got): unknown => at(body, "error", "code")

export const to = (digits: string, more: object = {}): object => ({
  to: [`+1500555${digits}`],
  template: { id: templateId, parameters: { name: "Jane" } },
  ...more,
})

export const isReplay = ({ headers }: Got): boolean => headers.get("idempotent-replayed") === "true"

export const manual = (options: MockServer.Options = {}) =>
  MockServer.make({ clock: "manual", realistic: true, ...options })

/** Advances the clock until the work is over. */
export const advancing = <A>(
  mock: Mock,
  step: Duration.Input,
  work: Effect.Effect<A>,
): Effect.Effect<A> =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(work, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) {
      yield* Effect.orDie(mock.clock.advance(step))
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    }
    return yield* Fiber.join(fiber)
  })

export const acceptedOf = (mock: Mock) => mock.messages({ accepted: true })
