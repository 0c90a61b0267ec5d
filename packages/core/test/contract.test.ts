/**
 * Core and the contract read one request alike over the wire too, with each HTTP client: what core refuses, the mock
 * refuses, and what core sends arrives as it is and is accepted. `parity.test.ts` holds many more bodies against each
 * other, without a wire.
 */
import { SentClient, type SendToPhone } from "@effect-sent/core"
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { changedRequests, requestsOfCore } from "./support/bodies.ts"
import { clients } from "@effect-sent/faults/clients"
import { clientLayer } from "@effect-sent/faults/program"
import { credentials, sample } from "@effect-sent/faults/sample"

/** What the contract says of a body, whatever core thinks of it. */
const contractAccepts = Effect.fn(function* (body: unknown) {
  const { baseUrl } = yield* MockServer.MockServer
  const http = yield* HttpClient.HttpClient
  const response = yield* HttpClientRequest.post(`${baseUrl}/v1/messages/phone`).pipe(
    HttpClientRequest.setHeaders({
      "x-sender-id": credentials.senderId,
      "x-api-key": credentials.apiKey,
    }),
    HttpClientRequest.bodyText(JSON.stringify(body), "application/json"),
    http.execute,
  )
  assert.include([204, 400], response.status)
  return response.status === 204
})

/** What core says of it, and then the mock. */
const coreAccepts = Effect.fn(function* (body: unknown) {
  return yield* SentClient.sendToPhone(
    // Anything may be in it.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    body as SendToPhone.Input,
  ).pipe(
    Effect.as(true),
    // Had core sent what the mock refuses, the reason would be another one.
    Effect.catchReason("SentError", "InvalidRequest", () => Effect.succeed(false)),
  )
})

const agree = Effect.fn(function* (body: unknown) {
  const [core, contract] = [yield* coreAccepts(body), yield* contractAccepts(body)]
  assert.strictEqual(core, contract, `core, then the contract, of ${JSON.stringify(body)}`)
  return core
})

/** The mock, and core as its client. */
const againstMock = (http: Layer.Layer<HttpClient.HttpClient>) =>
  Layer.unwrap(
    MockServer.MockServer.useSync(({ baseUrl }) =>
      Layer.merge(http, clientLayer(http, { baseUrl })),
    ),
  ).pipe(Layer.provideMerge(MockServer.layer()))

const runs = { arbitrary: { runs: 100 }, timeout: 60_000 }

for (const [name, http] of clients) {
  layer(againstMock(http))(`core and the contract, over ${name}`, (it) => {
    it.effect("agree on the page's sample", () =>
      Effect.map(agree(sample), (accepted) => {
        assert.isTrue(accepted)
      }),
    )

    it.effect.prop(
      "agree that what the schema generates is valid",
      { request: requestsOfCore },
      ({ request }) =>
        Effect.gen(function* () {
          const mock = yield* MockServer.MockServer
          yield* mock.clearMessages
          assert.isTrue(yield* agree(request))
          // From core, and from without it, what arrives is what was meant.
          for (const message of yield* mock.messages()) {
            assert.deepStrictEqual(
              JSON.parse(message.request.body),
              JSON.parse(JSON.stringify(request)),
            )
          }
        }),
      runs,
    )

    it.effect.prop(
      "agree on requests with one thing changed",
      { body: changedRequests },
      ({ body }) => Effect.asVoid(agree(body)),
      runs,
    )
  })
}
