/** The worker: what it sends, when, and what the row becomes. */
import {
  CallbackUrl,
  DeliveryStore,
  type SentClient,
  SentError,
  type SendToPhone,
} from "@effect-sent/core"
import { DurableSender, SqlDeliveryStore } from "@effect-sent/durable"
import { assert, describe, it } from "@effect/vitest"
import {
  Clock,
  Context,
  DateTime,
  Deferred,
  Duration,
  Effect,
  Exit,
  Fiber,
  Layer,
  Logger,
  Metric,
  Scope,
  Stream,
} from "effect"
import { SqlClient } from "effect/sql"
import { TestClock } from "effect/testing"
import { newFile } from "./support/folder.ts"
import { recordSpans } from "@effect-sent/faults/spans"
import { statementsOf } from "./support/statements.ts"
import { accepted, failure, makeClient, message, secret, senderIn } from "./support/sender.ts"

/** The worker ends before its database does. */
const scopedIn =
  <A, E>(layer: Layer.Layer<A, E>) =>
  <B, E2, R>(effect: Effect.Effect<B, E2, R>) =>
    Effect.provide(Effect.scoped(effect), layer)

const inMemory = scopedIn(senderIn())

/** Runs an effect in real time. */
const inRealTime = Effect.provideService(Clock.Clock, Context.get(Context.empty(), Clock.Clock))

const key = "order 12345 shipped"

const refusedConnection = failure(
  new SentError.ConnectionFailed({ stage: "connect", code: "ECONNREFUSED" }),
)

/** A service that certainly gets nothing. */
const nobodyListens = () => Effect.fail(refusedConnection)

/** Runs a worker until the scope closes. */
const work = (
  client: Layer.Layer<SentClient.SentClient>,
  options: DurableSender.WorkerOptions = {},
) =>
  DurableSender.DurableSender.use((sender) =>
    sender.work({ pollInterval: "20 millis", ...options }),
  ).pipe(Effect.provide(client))

/** Waits until a send has a state, in real time. */
const untilState = (name: string, state: DurableSender.State) =>
  DurableSender.DurableSender.use((sender) => sender.find(name)).pipe(
    Effect.delay("2 millis"),
    Effect.repeat({ until: (send) => send?.state === state }),
    Effect.timeout("10 seconds"),
    inRealTime,
  )

const untilCount = (list: ReadonlyArray<unknown>, count: number) =>
  Effect.sleep("2 millis").pipe(
    Effect.repeat({ until: () => list.length >= count }),
    Effect.timeout("10 seconds"),
    inRealTime,
  )

/** Lets what runs in other fibers, and in the database, go on until it waits. */
const settled = inRealTime(Effect.sleep("20 millis"))

describe("a worker", () => {
  it.live("sends what is enqueued, once, and keeps nothing of the text", () => {
    const client = makeClient()
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      yield* work(client.layer, { pollInterval: "1 hour" })
      // A worker of the same process is woken, also by a transaction.
      yield* sql.withTransaction(sender.enqueue(message, { key }))
      const send = yield* sender.awaitFinal(key)
      assert.strictEqual(send.state, "accepted")
      assert.strictEqual(send.attempts, 1)
      assert.deepStrictEqual(client.inputs, [message])
      const [row] = yield* sql`select * from effect_sent_queue`
      assert.notInclude(JSON.stringify(row), "John Doe")
      assert.strictEqual(yield* sender.enqueue(message, { key }), "known")
      assert.strictEqual(yield* sender.cancel(key), "accepted")
      assert.include((yield* Effect.flip(sender.requeue(key))).message, "accepted")
    }).pipe(inMemory)
  })

  it.live("is not the only one: many of them send each message once", () => {
    const client = makeClient()
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const keys = Array.from({ length: 60 }, (_, i) => `order ${i}`)
      for (let i = 0; i < 3; i++) yield* work(client.layer, { concurrency: 4 })
      yield* Effect.forEach(keys, (name) =>
        sender.enqueue({ ...message, messageBody: { name } }, { key: name }),
      )
      yield* Effect.forEach(keys, (name) => sender.awaitFinal(name), { concurrency: 10 })
      assert.lengthOf(client.inputs, keys.length)
      const names = new Set(client.inputs.map(({ messageBody }) => messageBody?.["name"]))
      assert.deepStrictEqual(names, new Set(keys))
    }).pipe(inMemory)
  })

  it.live("sends the urgent first, and no more at once than it may", () => {
    let atOnce = 0
    let most = 0
    const client = makeClient(() =>
      Effect.gen(function* () {
        most = Math.max(most, ++atOnce)
        yield* Effect.sleep("5 millis")
        atOnce--
        return yield* accepted
      }),
    )
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      for (const priority of ["low", "normal", "high"] as const) {
        for (let i = 0; i < 4; i++) {
          const name = `${priority} ${i}`
          yield* sender.enqueue({ ...message, messageBody: { name } }, { key: name, priority })
        }
      }
      yield* work(client.layer, { concurrency: 2 })
      yield* untilState("low 3", "accepted")
      const order = client.inputs.map(({ messageBody }) => messageBody?.["name"]?.split(" ")[0])
      assert.deepStrictEqual(order, [
        ...Array.from({ length: 4 }, () => "high"),
        ...Array.from({ length: 4 }, () => "normal"),
        ...Array.from({ length: 4 }, () => "low"),
      ])
      assert.strictEqual(most, 2)
    }).pipe(inMemory)
  })

  it.live.each([
    ["refused", new SentError.InvalidPhoneNumber()],
    ["refused", new SentError.TemplateNotFound()],
    ["unknown", new SentError.ConnectionLost({})],
    ["unknown", new SentError.ServerFailed({ status: 500 })],
  ] as const)("leaves a send that is %s alone: %j", ([state, reason]) => {
    const client = makeClient(() => Effect.fail(failure(reason)))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      yield* sender.enqueue(message, { key })
      yield* sender.enqueue(message, { key: "another" })
      yield* work(client.layer)
      const send = yield* untilState(key, state)
      assert.strictEqual(send?.reason, reason._tag)
      yield* untilState("another", state)
      assert.lengthOf(client.inputs, 2)
      const rows = yield* sql`select message_body from effect_sent_queue`
      for (const row of rows) assert.include(row["message_body"], "John Doe")
    }).pipe(inMemory)
  })

  it.effect("sends again what was certainly not sent, later and later", () => {
    const times: Array<number> = []
    const client = makeClient(() =>
      Effect.gen(function* () {
        times.push((yield* DateTime.now).epochMilliseconds)
        return times.length < 4 ? yield* refusedConnection : yield* accepted
      }),
    )
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer, { pollInterval: "1 second" })
      for (let second = 0; second < 12 && times.length < 4; second++) {
        yield* settled
        yield* TestClock.adjust("1 second")
      }
      yield* untilState(key, "accepted")
      const waits = times.slice(1).map((time, i) => time - (times[i] ?? 0))
      assert.lengthOf(waits, 3)
      for (const [i, wait] of waits.entries()) {
        assert.isAtLeast(wait, 800 * 2 ** i)
        assert.isAtMost(wait, 1200 * 2 ** i + 1000)
      }
      assert.strictEqual((yield* sender.find(key))?.attempts, 4)
    }).pipe(inMemory)
  })

  it.effect("stops when the account cannot send, loses nothing, and goes on when it can", () => {
    let isBroken = true
    const lines: Array<string> = []
    const client = makeClient(() =>
      Effect.suspend(() =>
        isBroken ? Effect.fail(failure(new SentError.CredentialsRejected({}))) : accepted,
      ),
    )
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const keys = Array.from({ length: 20 }, (_, i) => `order ${i}`)
      yield* Effect.forEach(keys, (name) => sender.enqueue(message, { key: name }))
      yield* work(client.layer, { concurrency: 3, pollInterval: "1 second" })
      yield* untilCount(client.inputs, 3)
      yield* settled
      // In 5 minutes: one message at a time, after 1, 2, 4, … 60 seconds.
      for (let second = 0; second < 300; second++) yield* TestClock.adjust("1 second")
      yield* settled
      assert.isAtMost(client.inputs.length, 3 + 12)
      assert.isAbove(client.inputs.length, 3)
      for (const name of keys) assert.strictEqual((yield* sender.find(name))?.state, "pending")
      isBroken = false
      for (let second = 0; second < 400; second++) {
        yield* TestClock.adjust("1 second")
        yield* Effect.yieldNow
      }
      for (const name of keys) yield* untilState(name, "accepted")
      assert.include(lines.join("\n"), "on hold")
      assert.include(lines.join("\n"), "go on")
      assert.notInclude(lines.join("\n"), "+1234567890")
    }).pipe(
      inMemory,
      Effect.provide(
        Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
      ),
    )
  })

  it.live("lets what is on the wire end when it stops, and sends nothing more", () => {
    const answer = Deferred.makeUnsafe<void>()
    const client = makeClient(() => Effect.andThen(Deferred.await(answer), accepted))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* sender.enqueue(message, { key: "another" })
      const scope = yield* Scope.make()
      yield* work(client.layer, { concurrency: 1 }).pipe(Scope.provide(scope))
      yield* untilCount(client.inputs, 1)
      const closing = yield* Effect.forkChild(Scope.close(scope, Exit.void))
      yield* Effect.sleep("20 millis")
      assert.isUndefined(closing.pollUnsafe())
      Deferred.doneUnsafe(answer, Exit.void)
      yield* Fiber.join(closing)
      const states = [(yield* sender.find(key))?.state, (yield* sender.find("another"))?.state]
      assert.deepStrictEqual(new Set<unknown>(states), new Set<unknown>(["accepted", "pending"]))
      assert.lengthOf(client.inputs, 1)
    }).pipe(inMemory)
  })

  it.live("gives a send that dies no second chance", () => {
    const client = makeClient(() => Effect.die(new Error("a defect")))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer)
      yield* untilState(key, "unknown")
      assert.lengthOf(client.inputs, 1)
    }).pipe(inMemory, Effect.provide(Logger.layer([])))
  })
})

describe("a database without space", () => {
  it.live(
    "takes no message, and what was accepted meanwhile is recorded when there is some",
    () => {
      const answer = Deferred.makeUnsafe<void>()
      const client = makeClient(() => Effect.andThen(Deferred.await(answer), accepted))
      return Effect.gen(function* () {
        const sender = yield* DurableSender.DurableSender
        const sql = yield* SqlClient.SqlClient
        // It makes a file of this size appear full: every statement that needs another page fails.
        const limit = (pages: number) => sql`pragma max_page_count = ${sql.literal(String(pages))}`
        yield* sender.enqueue(message, { key })
        yield* work(client.layer)
        yield* untilCount(client.inputs, 1)
        yield* sql`create trigger full before update on effect_sent_queue when new.state = 'accepted'
        begin insert into filler values (zeroblob(100000)); end`
        yield* sql`create table filler (bytes blob)`
        yield* limit(1)
        const large = { ...message, messageBody: { name: "x".repeat(20_000) } }
        const error = yield* Effect.flip(sender.enqueue(large, { key: "another" }))
        assert.strictEqual(error._tag, "DurableSenderError")
        assert.isUndefined(yield* sender.find("another"))
        Deferred.doneUnsafe(answer, Exit.void)
        // It cannot be written, and is tried again.
        yield* Effect.sleep("150 millis")
        assert.strictEqual((yield* sender.find(key))?.state, "attempting")
        yield* limit(1_000_000)
        assert.strictEqual((yield* sender.awaitFinal(key)).state, "accepted")
        assert.lengthOf(client.inputs, 1)
      }).pipe(inMemory)
    },
  )
})

describe("no statement", () => {
  it.live("reads the whole table", () => {
    const client = makeClient(() => Effect.fail(failure(new SentError.ConnectionLost({}))))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      const statements = yield* statementsOf(
        Effect.gen(function* () {
          yield* sender.enqueue(message, { key })
          yield* Effect.scoped(Effect.andThen(work(client.layer), untilState(key, "unknown")))
          yield* Effect.ignore(sender.requeue(key))
          yield* sender.cancel(key)
          yield* sender.findBySendId("none")
          yield* Effect.provide(Effect.ignore(sender.sendOnce(message, { key })), client.layer)
          yield* Stream.runDrain(sender.unknown)
        }),
      )
      const asked = statements.filter((text) => /^\s*(?:select|update|delete|with)/i.test(text))
      assert.isAtLeast(asked.length, 12)
      for (const text of asked) {
        const plan = yield* sql.unsafe<{ readonly detail: string }>(
          `explain query plan ${text}`,
          Array.from(text.matchAll(/\?/g), () => null),
        )
        for (const { detail } of plan) {
          // This index has only the rows that are asked for.
          assert.notMatch(
            detail,
            /^SCAN effect_sent_queue(?! USING (?:COVERING )?INDEX effect_sent_queue_unknown)/,
            text,
          )
        }
      }
    }).pipe(scopedIn(senderIn(":memory:", { keepKeys: "1 day" })))
  })
})

describe("a send's time", () => {
  it.effect("is up at notAfter, also for the client", () => {
    const deadlines: Array<number> = []
    const client = makeClient((_, options) => {
      deadlines.push(Duration.toMillis(Duration.fromInputUnsafe(options?.deadline ?? 0)))
      return accepted
    })
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key: "soon", notAfter: 30_000 })
      yield* sender.enqueue(message, { key: "much later", notAfter: 3_600_000 })
      yield* sender.enqueue(message, { key: "late", notBefore: 3_600_000, notAfter: 3_660_000 })
      yield* work(client.layer, { lease: "3 minutes", pollInterval: "7 minutes" })
      yield* untilState("soon", "accepted")
      yield* untilState("much later", "accepted")
      assert.deepStrictEqual(
        deadlines.toSorted((one, other) => one - other),
        [30_000, 120_000],
      )
      // No worker looked at it in its minute.
      yield* TestClock.setTime(3_800_000)
      yield* untilState("late", "expired")
      assert.lengthOf(deadlines, 2)
    }).pipe(inMemory)
  })

  it.effect(
    "does not come in the quiet hours of the recipient, nor does a send last into them",
    () => {
      const times: Array<string> = []
      const deadlines: Array<number> = []
      const client = makeClient((_, options) =>
        Effect.gen(function* () {
          times.push(DateTime.formatIso(yield* DateTime.now))
          deadlines.push(Duration.toMillis(Duration.fromInputUnsafe(options?.deadline ?? 0)))
          return yield* accepted
        }),
      )
      const quietHours = { zone: "Europe/Berlin", from: "21:00", to: "08:00" }
      return Effect.gen(function* () {
        const sender = yield* DurableSender.DurableSender
        // 20:59 in Berlin.
        yield* TestClock.setTime(DateTime.makeUnsafe("2030-01-01T19:59:00Z").epochMilliseconds)
        yield* sender.enqueue(message, { key: "just in time", quietHours })
        yield* sender.enqueue(message, { key: "late", quietHours })
        yield* sender.requeue("none").pipe(Effect.ignore)
        const sql = yield* SqlClient.SqlClient
        yield* sql`update effect_sent_queue set due_at = due_at + 61000 where key = 'late'`
        yield* work(client.layer, { pollInterval: "1 minute" })
        yield* untilState("just in time", "accepted")
        assert.deepStrictEqual(deadlines, [60_000])
        yield* TestClock.adjust("2 minutes")
        yield* settled
        assert.lengthOf(times, 1)
        assert.strictEqual(
          DateTime.formatIso((yield* sender.find("late"))?.dueAt ?? DateTime.makeUnsafe(0)),
          "2030-01-02T07:00:00.000Z",
        )
        yield* TestClock.setTime(DateTime.makeUnsafe("2030-01-02T07:00:00Z").epochMilliseconds)
        yield* untilState("late", "accepted")
        assert.deepStrictEqual(times, ["2030-01-01T19:59:00.000Z", "2030-01-02T07:00:00.000Z"])
      }).pipe(inMemory)
    },
  )
})

describe("a lease", () => {
  it.effect("that is over makes the send unknown, and a late answer settles it", () => {
    const answers: Array<Deferred.Deferred<SendToPhone.SendReceipt, SentError.SentError>> = []
    const client = makeClient(() => {
      const answer = Deferred.makeUnsafe<SendToPhone.SendReceipt, SentError.SentError>()
      answers.push(answer)
      return Deferred.await(answer)
    })
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      for (const name of ["accepted", "refused", "never"])
        yield* sender.enqueue(message, { key: name })
      yield* work(client.layer, { lease: "1 minute", pollInterval: "10 seconds" })
      yield* untilCount(answers, 3)
      yield* TestClock.adjust("2 minutes")
      for (const name of ["accepted", "refused", "never"]) yield* untilState(name, "unknown")
      const sql = yield* SqlClient.SqlClient
      const rows = yield* sql`select state from effect_sent_queue`
      assert.deepStrictEqual(
        rows.map(({ state }) => state),
        ["unknown", "unknown", "unknown"],
      )
      const [first, second, third] = answers
      if (first && second && third) {
        Deferred.doneUnsafe(first, Exit.succeed(yield* accepted))
        Deferred.doneUnsafe(second, Exit.fail(failure(new SentError.InvalidPhoneNumber())))
      }
      yield* untilState("accepted", "accepted")
      yield* untilState("refused", "refused")
      assert.strictEqual((yield* sender.find("never"))?.state, "unknown")
      assert.lengthOf(client.inputs, 3)
      if (third) Deferred.doneUnsafe(third, Exit.succeed(yield* accepted))
    }).pipe(inMemory)
  })
})

describe("an update", () => {
  const publicUrl = "https://app.example.com/webhooks/sent"

  it.live("comes to a URL that is signed with the tracker's secret, if it has another one", () => {
    const client = makeClient(() => accepted)
    const callbackSecret = "y".repeat(32)
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer)
      yield* untilState(key, "accepted")
      const url = client.inputs[0]?.webhookUrl
      const urls = yield* CallbackUrl.make({ publicUrl, secret: callbackSecret })
      assert.isObject(yield* urls.read(url))
      const others = yield* CallbackUrl.make({ publicUrl, secret })
      assert.strictEqual(yield* others.read(url), "forged")
    }).pipe(scopedIn(senderIn(":memory:", { publicUrl, callbackSecret })))
  })

  it.live("goes to the caller's own URL, if the message was enqueued with one", () => {
    const client = makeClient(() => accepted)
    const webhookUrl = "https://shop.example.com/updates"
    return Effect.gen(function* () {
      const filename = yield* newFile
      yield* Effect.gen(function* () {
        const sender = yield* DurableSender.DurableSender
        yield* sender.enqueue({ ...message, webhookUrl }, { key })
      }).pipe(Effect.provide(senderIn(filename)))
      yield* Effect.gen(function* () {
        yield* work(client.layer)
        yield* untilState(key, "accepted")
      }).pipe(scopedIn(senderIn(filename, { publicUrl })))
      assert.deepStrictEqual(
        client.inputs.map((input) => input.webhookUrl),
        [webhookUrl],
      )
    }).pipe(Effect.scoped)
  })

  const callbacks = scopedIn(
    SqlDeliveryStore.layer().pipe(Layer.provideMerge(senderIn(":memory:", { publicUrl }))),
  )

  /** Appends an update to the store, as the tracker does with that of a callback URL. */
  const update = Effect.fnUntraced(function* (webhookUrl: string | undefined) {
    const urls = yield* CallbackUrl.make({ publicUrl, secret })
    const token = yield* urls.read(webhookUrl)
    if (token === "forged" || token === "expired") return assert.fail(token)
    const store = yield* DeliveryStore.DeliveryStore
    const receivedAt = yield* DateTime.now
    yield* store.append({
      id: token.id,
      expiresAt: DateTime.makeUnsafe(token.expiresAt),
      steps: [{ messageId: "m", status: "SENT", receivedAt }],
    })
    return token.id
  })

  it.live("settles an unknown send, by the callback URL that was stored before the wire", () => {
    const client = makeClient(() => Effect.fail(failure(new SentError.ConnectionLost({}))))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      yield* sender.enqueue(message, { key })
      yield* work(client.layer)
      yield* untilState(key, "unknown")
      const id = yield* update(client.inputs[0]?.webhookUrl)
      const send = yield* sender.find(key)
      assert.strictEqual(send?.state, "accepted")
      assert.strictEqual(send?.sendId, id)
      assert.strictEqual((yield* sender.findBySendId(id))?.key, key)
      const [row] = yield* sql`select * from effect_sent_queue`
      assert.isNull(row?.["message_body"])
      assert.isNull(row?.["callback_url"])
      assert.lengthOf(client.inputs, 1)
    }).pipe(callbacks)
  })

  it.live("about a send that is to be repeated keeps it from being repeated", () => {
    const client = makeClient(nobodyListens)
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer, { pollInterval: "1 hour" })
      yield* untilState(key, "pending")
      yield* untilCount(client.inputs, 1)
      yield* update(client.inputs[0]?.webhookUrl)
      assert.strictEqual((yield* sender.awaitFinal(key)).state, "accepted")
      assert.lengthOf(client.inputs, 1)
    }).pipe(callbacks)
  })

  it.effect("comes to one URL, however often a send was certainly not sent", () => {
    const client = makeClient(nobodyListens)
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer, { pollInterval: "1 second" })
      for (let second = 0; second < 10 && client.inputs.length < 2; second++) {
        yield* settled
        yield* TestClock.adjust("1 second")
      }
      yield* untilCount(client.inputs, 2)
      assert.isDefined(client.inputs[0]?.webhookUrl)
      assert.strictEqual(client.inputs[1]?.webhookUrl, client.inputs[0]?.webhookUrl)
    }).pipe(callbacks)
  })

  it.live("to the URL of a send that was requeued does not keep it from being sent", () => {
    const client = makeClient(() => Effect.fail(failure(new SentError.ConnectionLost({}))))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* Effect.scoped(Effect.andThen(work(client.layer), untilState(key, "unknown")))
      yield* sender.requeue(key, { acceptDuplicate: true })
      yield* update(client.inputs[0]?.webhookUrl)
      assert.strictEqual((yield* sender.find(key))?.state, "pending")
    }).pipe(callbacks)
  })

  it.live("to the first URL of a send that was requeued says nothing about the second", () => {
    const client = makeClient(() => Effect.fail(failure(new SentError.ConnectionLost({}))))
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* sender.enqueue(message, { key })
      yield* work(client.layer)
      yield* untilState(key, "unknown")
      yield* sender.requeue(key, { acceptDuplicate: true })
      yield* untilCount(client.inputs, 2)
      yield* untilState(key, "unknown")
      yield* update(client.inputs[0]?.webhookUrl)
      assert.strictEqual((yield* sender.find(key))?.state, "unknown")
      yield* update(client.inputs[1]?.webhookUrl)
      assert.strictEqual((yield* sender.find(key))?.state, "accepted")
    }).pipe(callbacks)
  })

  it.effect("needs a message without a callback URL of its own", () =>
    Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const webhookUrl = "https://example.com/"
      const error = yield* Effect.flip(sender.enqueue({ ...message, webhookUrl }, { key }))
      assert.include(error.message, "the sender sets it")
    }).pipe(callbacks),
  )
})

describe("personal data", () => {
  it.effect("is blanked after its time, and the key stays", () => {
    const client = makeClient(() => Effect.fail(failure(new SentError.InvalidPhoneNumber())))
    const options = { keepBodies: "1 day", keepNumbers: "2 days", keepKeys: "3 days" } as const
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      const sql = yield* SqlClient.SqlClient
      yield* sender.enqueue(message, { key })
      yield* work(client.layer, { pollInterval: "1 hour" })
      yield* untilState(key, "refused")
      const until = (of: (row: Readonly<Record<string, unknown>> | undefined) => boolean) =>
        sql`select * from effect_sent_queue`.pipe(
          Effect.delay("2 millis"),
          Effect.repeat({ until: ([row]) => of(row) }),
          Effect.timeout("10 seconds"),
          inRealTime,
        )
      yield* TestClock.adjust("23 hours")
      yield* settled
      yield* until((row) => row?.["message_body"] !== null)
      yield* TestClock.adjust("2 hours")
      yield* until((row) => row?.["message_body"] === null && row?.["phone_number"] !== null)
      assert.include((yield* Effect.flip(sender.requeue(key))).message, "no longer kept")
      yield* TestClock.adjust("1 day")
      yield* until((row) => row?.["phone_number"] === null)
      assert.strictEqual(yield* sender.enqueue(message, { key }), "known")
      yield* TestClock.adjust("1 day")
      yield* until((row) => row === undefined)
      assert.strictEqual(yield* sender.enqueue(message, { key }), "enqueued")
    }).pipe(scopedIn(senderIn(":memory:", options)))
  })

  it.live("is in no log, span or metric", () => {
    const lines: Array<string> = []
    const { spans, tracer } = recordSpans()
    let isBroken = true
    const client = makeClient(() => {
      if (!isBroken) return accepted
      isBroken = false
      return Effect.fail(failure(new SentError.InsufficientBalance({})))
    })
    return Effect.gen(function* () {
      const sender = yield* DurableSender.DurableSender
      yield* Effect.withSpan(sender.enqueue(message, { key, reference: "a reference" }), "order")
      yield* Effect.flip(sender.enqueue({ ...message, messageBody: { name: "X" } }, { key }))
      yield* work(client.layer)
      yield* sender.awaitFinal(key)
      const sent = spans.filter(({ name }) => name === "DurableSender.send")
      const enqueued = spans.find(({ name }) => name === "DurableSender.enqueue")
      assert.lengthOf(sent, 2)
      for (const span of sent) {
        assert.deepStrictEqual(
          span.links.map((link) => link.span.spanId),
          [enqueued?.spanId],
        )
      }
      const metrics = yield* Metric.dump
      for (const name of ["sent.durable.sends", "sent.durable.oldest", "sent.durable.changes"]) {
        assert.include(metrics, name)
      }
      const attributes = spans.map((span) => JSON.stringify([span.name, ...span.attributes]))
      const all = [...lines, ...attributes, metrics].join("\n")
      assert.include(all, "on hold")
      for (const text of ["1234567890", "John", "12345", "a reference", secret]) {
        assert.notInclude(all, text)
      }
    }).pipe(
      Effect.withTracer(tracer),
      inMemory,
      Effect.provide(
        Logger.layer([Logger.map(Logger.formatJson, (line) => void lines.push(line))]),
      ),
    )
  })
})
