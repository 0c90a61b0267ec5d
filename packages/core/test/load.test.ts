/**
 * A hundred updates of each message, shuffled, a tenth of them repeated and a tenth forged, 64 at a time over loopback: every state
 * is right, nothing is handled twice, nothing forged is let in, and memory stays flat. In the long form, with a thousand messages.
 */
import { DeliveryStatus, DeliveryTracker, SentClient, SentWebhook } from "@effect-sent/core"
import { NodeHttpServer } from "@effect/platform-node"
import { assert, describe, it } from "@effect/vitest"
import { Context, DateTime, Effect, Layer, References, Stream } from "effect"
import { HttpRouter, HttpServer } from "effect/http"
import { Agent, createServer, request } from "node:http"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { makeRandom } from "@effect-sent/faults/random"

const messages = process.env["EFFECT_SENT_FAR"] === "1" ? 1000 : 100
const updatesInAll = messages * 100
const atOnce = 64

const secret = `whsec_${Buffer.from("a key of the tests, and no other").toString("base64")}`

interface Call {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly expected: number
}

const agent = new Agent({ keepAlive: true, maxSockets: atOnce })

const call = ({ body, headers, url }: Call): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const sending = request(
      url,
      {
        agent,
        method: "POST",
        headers: { "content-type": "application/json", "content-length": body.length, ...headers },
      },
      (response) => {
        response.resume()
        response.once("end", () => resume(Effect.succeed(response.statusCode ?? 0)))
      },
    )
    sending.once("error", (error) => resume(Effect.die(error)))
    sending.end(body)
  })

setFlagsFromString("--expose-gc")
const collectGarbage: unknown = runInNewContext("gc")

/** Bytes in use once what is not used any more is gone. */
const bytesInUse = (): number => {
  if (typeof collectGarbage === "function") collectGarbage()
  return process.memoryUsage().heapUsed
}

/** What is sent is of no interest here: the URL that each send is given is. */
const urls: Array<string> = []
const Client = Layer.succeed(
  SentClient.SentClient,
  SentClient.SentClient.of({
    sendToPhone: ({ webhookUrl = "" }) =>
      Effect.map(DateTime.now, (acceptedAt) => {
        urls.push(webhookUrl)
        return { acceptedAt, attempts: 1, status: 204 }
      }),
  }),
)

const statuses = ["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ", "FAILED"] as const

const bodyOf = (message: number, step: number, status: string): string =>
  JSON.stringify({
    field: "message",
    sub_type: `message.${status.toLowerCase()}`,
    timestamp: new Date(1_700_000_000_000 + step * 1000).toISOString(),
    payload: {
      message_id: `8ba7b830-9dad-11d1-80b4-${String(message).padStart(12, "0")}`,
      message_status: status,
      channel: "sms",
    },
  })

describe("under load", () => {
  it.live(
    "every update is applied once, and no forged one",
    () =>
      Effect.gen(function* () {
        const seed = Date.now() % 2 ** 31
        const random = makeRandom(seed)
        const nodeServer = createServer()
        const server = yield* NodeHttpServer.make(() => nodeServer, { port: 0, host: "127.0.0.1" })
        const address = nodeServer.address()
        const port = address !== null && typeof address === "object" ? address.port : 0
        const origin = `http://127.0.0.1:${port}`

        const handled = new Map<string, number>()
        const states = new Map<string, DeliveryStatus.State>()
        const handle = (event: DeliveryStatus.DeliveryEvent) =>
          Effect.sync(() => {
            assert.strictEqual(event._tag, "MessageStatus")
            if (event._tag !== "MessageStatus") return
            const key = `${event.messageId} ${event.at.epochMilliseconds}`
            handled.set(key, (handled.get(key) ?? 0) + 1)
            const before = states.get(event.messageId) ?? DeliveryStatus.empty
            states.set(event.messageId, DeliveryStatus.reduce(before, event))
          })
        const context = yield* Layer.build(
          DeliveryTracker.layer({
            publicUrl: `${origin}/tracked`,
            secret: "a secret of the tests, long enough to sign with",
          }).pipe(Layer.provide(Client)),
        )
        const tracker = Context.get(context, DeliveryTracker.DeliveryTracker)
        yield* Layer.build(
          HttpRouter.serve(
            Layer.merge(
              DeliveryTracker.route("/tracked"),
              SentWebhook.route("/signed", { secret, handle, dedupeSize: updatesInAll }),
            ),
            { disableLogger: true, disableListenLog: true },
          ).pipe(
            Layer.provide(Layer.succeed(HttpServer.HttpServer, server)),
            Layer.provide(Layer.succeed(DeliveryTracker.DeliveryTracker, tracker)),
          ),
        )

        // Half of the messages are tracked by their URL, the others come signed to one address.
        const sends = yield* Effect.forEach(Array.from({ length: messages / 2 }), () =>
          tracker.sendToPhone({ phoneNumber: "+1234567890", templateId: "any" }),
        )
        const perMessage = updatesInAll / messages
        const calls: Array<Call> = []
        // In the order of their times, as the laws of the state allow.
        const expected: Array<DeliveryStatus.State> = []
        for (let message = 0; message < messages; message++) {
          for (let step = 0; step < perMessage; step++) {
            const isForged = step % 10 === 0
            // Another tenth are those before them once more.
            const own = step % 10 === 9 ? step - 1 : step
            const status = statuses[Math.floor(random() * statuses.length)] ?? "SENT"
            const repeated = own === step ? undefined : calls.at(-1)
            if (repeated !== undefined) {
              calls.push(repeated)
              continue
            }
            const body = bodyOf(
              message,
              isForged ? step + 1000 : step,
              isForged ? "FAILED" : status,
            )
            const event = DeliveryStatus.decode(JSON.parse(body))
            if (!isForged && event._tag === "MessageStatus") {
              const before = expected[message] ?? DeliveryStatus.empty
              expected[message] = DeliveryStatus.reduce(before, event)
            }
            const tracked = urls[message]
            if (tracked === undefined) {
              const signed = yield* SentWebhook.sign(isForged ? "{}" : body, { secret })
              calls.push({
                url: `${origin}/signed`,
                headers: signed,
                body,
                expected: isForged ? 401 : 204,
              })
            } else {
              const forged = `${tracked.slice(0, -8)}AAAAAAAA`
              calls.push({
                url: isForged ? forged : tracked,
                headers: {},
                body,
                expected: isForged ? 401 : 204,
              })
            }
          }
        }
        const shuffled = calls
          .map((one) => [random(), one] as const)
          .toSorted(([a], [b]) => a - b)
          .map(([, one]) => one)

        const run = (from: number, to: number) =>
          Stream.fromIterable(shuffled.slice(from, to)).pipe(
            Stream.mapEffect((one) => Effect.map(call(one), (status) => status === one.expected), {
              concurrency: atOnce,
              unordered: true,
            }),
            Stream.runFold(
              () => 0,
              (wrong, isRight) => (isRight ? wrong : wrong + 1),
            ),
          )
        const half = updatesInAll / 2
        assert.strictEqual(yield* run(0, half), 0, `wrong answers, seed ${seed}`)
        const bytesAtHalf = bytesInUse()
        assert.strictEqual(yield* run(half, updatesInAll), 0, `wrong answers, seed ${seed}`)
        const growth = bytesInUse() - bytesAtHalf

        for (const [index, send] of sends.entries()) {
          const state = yield* send.state
          assert.strictEqual(
            state.status,
            expected[index]?.status,
            `message ${index}, seed ${seed}`,
          )
          assert.lengthOf(state.steps, Math.min((perMessage * 8) / 10, DeliveryStatus.maxSteps))
        }
        assert.strictEqual(states.size, messages / 2)
        for (const [id, { status }] of states) {
          const right = expected[Number(id.slice(-12))]?.status
          assert.strictEqual(status, right, `message ${id}, seed ${seed}`)
        }
        assert.strictEqual(handled.size, ((messages / 2) * perMessage * 8) / 10)
        assert.isTrue(
          [...handled.values()].every((times) => times === 1),
          `seed ${seed}`,
        )
        // What the second half adds is what it is there to add: steps, and events to be remembered.
        assert.isBelow(growth, 32 * 1024 * 1024)
        agent.destroy()
        // Ten thousand refusals are ten thousand warnings.
      }).pipe(Effect.provideService(References.MinimumLogLevel, "None")),
    { timeout: 600_000 },
  )
})
