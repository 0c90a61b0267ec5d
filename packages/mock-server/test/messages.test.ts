/** Messages are stored, listed, awaited, and separated by sender and by server. */
import { type Message, MessageMatch, MockServer, startMockServer } from "@effect-sent/mock-server"
import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { credentials, jsonOf, post, sample } from "./support/calls.ts"
import { makeReceiver, statusesOf } from "./support/receiver.ts"

type Mock = MockServer.MockServer["Service"]

const one = "aaaaaaaa-1111-4111-8111-111111111111"
const other = "bbbbbbbb-1111-4111-8111-111111111111"

const get = (mock: Mock, path: string) =>
  Effect.promise(async () => {
    const response = await fetch(`${mock.inboxUrl}${path}`)
    return { status: response.status, headers: {}, body: await response.text() }
  })

/** Lists messages over HTTP: the numbers on the page, the total, and whether older ones follow. */
const list = (mock: Mock, query = "") =>
  Effect.map(get(mock, `messages${query}`), (answer) => {
    assert.strictEqual(answer.status, 200, answer.body)
    const { messages, more, total } = Object(jsonOf(answer))
    return { numbers: messages.map(({ number }: Message.Message) => number), more, total }
  })

describe("a message", () => {
  it.effect("contains the request, the answer and the scenario", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const { webhookUrl: _, ...body } = { ...sample, templateId: sample.templateId.toUpperCase() }
      yield* post(mock, body, { "x-sender-id": credentials["x-sender-id"].toUpperCase() })
      const [message] = yield* mock.messages()
      assert.isDefined(message)
      const { id, receivedAt, request, ...rest } = message
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4/)
      assert.strictEqual(Date.parse(receivedAt), (yield* mock.clock.now).epochMilliseconds)
      assert.deepStrictEqual(rest, {
        number: 1,
        senderId: credentials["x-sender-id"],
        phoneNumber: sample.phoneNumber,
        templateId: sample.templateId.toUpperCase(),
        variables: sample.messageBody,
        accepted: true,
        status: "ACCEPTED",
        scenario: "delivered",
        answer: { status: 204, headers: {}, delivery: "whole" },
        updates: [],
      })
      assert.strictEqual(request.method, "POST")
      assert.strictEqual(request.target, "/v1/messages/phone")
      assert.strictEqual(request.body, JSON.stringify(body))
      assert.strictEqual(request.headers["content-type"], "application/json")
    }),
  )

  it.effect("contains no key", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      yield* post(mock, sample, { "x-api-key": "short", authorization: "Bearer of-a-secret" })
      const shown = JSON.stringify(yield* mock.messages()) + (yield* get(mock, "messages")).body
      assert.notInclude(shown, credentials["x-api-key"])
      assert.notInclude(shown, "short")
      assert.notInclude(shown, "secret-of")
      assert.notInclude(shown, "of-a-secret")
      assert.include(shown, `••••${credentials["x-api-key"].slice(-4)}`)
    }),
  )

  it.effect("is not stored for a request that is invalid or without credentials", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, {})
      yield* post(mock, "{")
      yield* post(mock, sample, { "x-api-key": "" })
      yield* post(mock, sample, { prefer: "code=999" })
      assert.deepStrictEqual(yield* mock.messages(), [])
      assert.lengthOf(yield* mock.refused, 4)
    }),
  )

  it.effect("is removed when there are more than `maxMessages`", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ maxMessages: 3 })
      for (let sent = 0; sent < 5; sent++) yield* post(mock)
      assert.deepStrictEqual(
        (yield* mock.messages()).map(({ number }) => number),
        [3, 4, 5],
      )
    }),
  )

  it.effect("is removed when the bodies of all messages are too large", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const text = "x".repeat(9 * 1024 * 1024)
      for (let sent = 0; sent < 8; sent++) yield* post(mock, { ...sample, messageBody: { text } })
      assert.lengthOf(yield* mock.messages(), 7, "64 MiB hold seven messages of nine")
    }),
  )
})

const inWords = ({ answer, refusal, request }: Message.Message) => [
  `${request.method} ${request.target}`,
  answer?.status,
  Object.values(refusal?.credentials ?? {}).join(),
]

describe("a request that is refused as invalid", () => {
  it.effect("is kept with method, path, status, reason and the form of the credentials", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, { ...sample, phoneNumber: "12125550101" })
      yield* post(mock, '{"phoneNumber": ')
      yield* post(mock, sample, { "x-api-key": "two words" })
      yield* post(mock, sample, { "x-sender-id": "" })
      yield* post(mock, sample, { prefer: "code=999" })
      yield* Effect.promise(() => fetch(`${mock.baseUrl}/v1/message/phone?api_key=hidden`))
      const found = yield* mock.refused
      assert.deepStrictEqual(found.map(inWords), [
        ["POST /v1/messages/phone", 400, "present,present"],
        ["POST /v1/messages/phone", 400, "present,present"],
        ["POST /v1/messages/phone", 401, "present,malformed"],
        ["POST /v1/messages/phone", 401, "missing,present"],
        ["POST /v1/messages/phone", 400, "present,present"],
        ["GET /v1/message/phone?api_key=••••", 404, ""],
      ])
      const reasons = found.map(({ refusal }) => refusal?.reason ?? "")
      for (const [index, words] of [
        "phoneNumber: Must match the pattern",
        "not valid JSON: unexpected end",
        "Invalid API credentials!",
        "Header x-sender-id not found",
        'no code "999"',
        "No such path; available: POST /v1/messages/phone",
      ].entries()) {
        assert.include(reasons[index], words)
      }
      assert.strictEqual(found[1]?.request.body, '{"phoneNumber": ')
      assert.notInclude(JSON.stringify(found), "two words")
    }),
  )

  it.effect("is listed by the routes, apart from the messages or beside them", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      yield* post(mock, {})
      yield* post(mock)
      assert.deepStrictEqual((yield* list(mock)).numbers, [3, 1])
      assert.deepStrictEqual((yield* list(mock, "?refused=include")).numbers, [3, 2, 1])
      assert.deepStrictEqual((yield* list(mock, "?refused=only")).numbers, [2])
      assert.include((yield* get(mock, "refused")).body, "Phone number is required")
      assert.strictEqual((yield* get(mock, "messages?refused=no")).status, 400)
      yield* mock.clearMessages
      assert.deepStrictEqual(yield* mock.refused, [])
    }),
  )

  it.effect("does not replace a message", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ maxMessages: 2 })
      yield* post(mock)
      for (let sent = 0; sent < 4; sent++) yield* post(mock, {})
      assert.lengthOf(yield* mock.messages(), 1)
      assert.lengthOf(yield* mock.refused, 2)
    }),
  )

  it.effect("is named when no message matches", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, { ...sample, phoneNumber: "12125550101" }, { "x-sender-id": one })
      const { message } = yield* Effect.flip(mock.expectMessage({ phoneNumber: "+12125550101" }))
      assert.match(
        message,
        /; no messages were sent; 1 request was refused as invalid: request 1, POST \/v1\/messages\/phone → 400: phoneNumber: Must match.*\(x-sender-id present, x-api-key present\)$/,
      )
      const mine = yield* Effect.flip(mock.forSender(one).expectMessage({}))
      assert.include(mine.message, "1 request was refused")
      const yours = yield* Effect.flip(mock.forSender(other).expectMessage({}))
      assert.notInclude(yours.message, "refused")
    }),
  )
})

describe("GET /__mock/messages", () => {
  const numbers = ["+15005552040", "+15005552041", "+15005554040"]

  const filled = Effect.gen(function* () {
    const mock = yield* MockServer.make({ clock: "manual" })
    for (const phoneNumber of numbers) {
      for (const [senderId, template] of [
        [one, "7ba7b820-9dad-11d1-80b4-00c04fd430c8"],
        [other, "8ba7b820-9dad-11d1-80b4-00c04fd430c8"],
      ] as const) {
        const body = { phoneNumber, templateId: template, messageBody: { code: `Ab ${senderId}` } }
        yield* post(mock, body, { "x-sender-id": senderId })
        yield* mock.clock.advance("1 minute")
      }
    }
    return mock
  })

  it.effect.each<readonly [query: string, numbers: ReadonlyArray<number>]>([
    ["", [6, 5, 4, 3, 2, 1]],
    ["?phoneNumber=%2B15005552041", [4, 3]],
    ["?phoneNumber=+15005552041", [4, 3]],
    ["?templateId=8BA7B820-9dad-11d1-80b4-00c04fd430c8", [6, 4, 2]],
    [`?senderId=${one.toUpperCase()}`, [5, 3, 1]],
    [`?senderId=${one}&phoneNumber=+15005554040`, [5]],
    ["?search=READ", [4, 3]],
    [`?search=ab%20${other}`, [6, 4, 2]],
    ["?search=not-found", [6, 5]],
    ["?search=nothing-of-this", []],
    ["?search=status:refused", [6, 5]],
    ["?search=status:404", [6, 5]],
    [`?search=is:accepted%20sender:${one}`, [3, 1]],
    ["?search=to:%2B15005552041", [4, 3]],
    ['?search=scenario:"not-found"', [6, 5]],
    ["?search=template:8ba7%20to:4040", [6]],
    ["?search=is:failing", []],
    ["?search=is:invalid", []],
    ["?search=nofield:x", []],
  ])("filters by %s", ([query, expected]) =>
    Effect.gen(function* () {
      const mock = yield* filled
      const found = yield* list(mock, query)
      assert.deepStrictEqual(found, { numbers: expected, more: false, total: expected.length })
    }),
  )

  it.effect("filters by time", () =>
    Effect.gen(function* () {
      const mock = yield* filled
      const [, second, , fourth] = yield* mock.messages()
      const query = `?since=${second?.receivedAt}&until=${fourth?.receivedAt}`
      assert.deepStrictEqual((yield* list(mock, query)).numbers, [3, 2])
    }),
  )

  it.effect("returns one page after the other", () =>
    Effect.gen(function* () {
      const mock = yield* filled
      const first = yield* list(mock, "?limit=4")
      assert.deepStrictEqual(first, { numbers: [6, 5, 4, 3], more: true, total: 6 })
      const second = yield* list(mock, "?limit=4&before=3")
      assert.deepStrictEqual(second, { numbers: [2, 1], more: false, total: 6 })
    }),
  )

  it.effect("returns a message by its id, and 404 when there is none", () =>
    Effect.gen(function* () {
      const mock = yield* filled
      const [message] = yield* mock.messages()
      assert.deepStrictEqual(jsonOf(yield* get(mock, `messages/${message?.id}`)), message)
      assert.strictEqual((yield* get(mock, "messages/none")).status, 404)
    }),
  )

  it.effect("removes one message, and its pending updates", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* post(mock)
      const [message] = yield* mock.messages()
      const remove = Effect.promise(() =>
        fetch(`${mock.inboxUrl}messages/${message?.id}`, { method: "DELETE" }),
      )
      assert.strictEqual((yield* remove).status, 204)
      assert.strictEqual((yield* remove).status, 404)
      assert.deepStrictEqual((yield* list(mock)).numbers, [2])
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(receiver.updates, 0)
    }),
  )

  it.effect("has only the beginning of long texts, unlike the message by its id", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const text = "x".repeat(1_000_000)
      yield* post(mock, { ...sample, messageBody: { text } })
      const page = (yield* get(mock, "messages")).body
      assert.isBelow(page.length, 50_000)
      assert.include(page, '"isCropped":true')
      const [message] = yield* mock.messages()
      assert.strictEqual(message?.variables["text"], text)
      assert.include((yield* get(mock, `messages/${message?.id}`)).body, text)
    }),
  )

  it.effect("removes all messages, or those of one sender", () =>
    Effect.gen(function* () {
      const mock = yield* filled
      const forget = (query: string) =>
        Effect.promise(() =>
          fetch(`${mock.inboxUrl}messages${query}`, {
            method: "DELETE",
            headers: { "content-type": "application/json" },
          }),
        )
      assert.strictEqual((yield* forget(`?senderId=${one.toUpperCase()}`)).status, 204)
      assert.deepStrictEqual((yield* list(mock)).numbers, [6, 4, 2])
      yield* forget("")
      assert.deepStrictEqual((yield* list(mock)).numbers, [])
    }),
  )

  it.effect.each<readonly [query: string, words: string]>([
    ["?limit=0", "limit must be a whole number from 1 to 1000"],
    ["?limit=many", "limit must be"],
    ["?before=-1", "before must be"],
    ["?since=yesterday", "since must be an ISO 8601 time"],
    ["?phone=1", 'Unknown parameter \\"phone\\"; known parameters: phoneNumber'],
  ])("rejects %s", ([query, words]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      const answer = yield* get(mock, `messages${query}`)
      assert.strictEqual(answer.status, 400)
      assert.include(answer.body, words)
    }),
  )
})

describe("awaitMessage", () => {
  it.effect("returns the newest message that already matches", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock)
      yield* post(mock)
      assert.strictEqual((yield* mock.awaitMessage({})).number, 2)
    }),
  )

  it.effect("waits for a message, and for a status of it", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const receiver = yield* makeReceiver()
      const waiting = yield* Effect.forkChild(
        mock.awaitMessage({ phoneNumber: "+15005552042", status: "FAILED" }, "10 seconds"),
        { startImmediately: true },
      )
      yield* post(mock, { ...sample, webhookUrl: receiver.url })
      yield* post(mock, { ...sample, phoneNumber: "+15005552042", webhookUrl: receiver.url })
      yield* mock.clock.advance("1 minute")
      assert.strictEqual((yield* Fiber.join(waiting)).number, 2)
    }),
  )

  it.effect("fails after its time-out and describes the closest message", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, { ...sample, phoneNumber: "+15005554040" })
      const error = yield* Effect.flip(
        mock.awaitMessage({ phoneNumber: "+15005554040", accepted: true }, 10),
      )
      assert.instanceOf(error, MessageMatch.MessageNotFound)
      assert.strictEqual(
        error.message,
        'no message matched phoneNumber "+15005554040" and accepted true; ' +
          "closest of 1: message 1, where accepted is false, not true",
      )
    }),
  )
})

describe("expectMessage", () => {
  it.effect.each<readonly [match: MessageMatch.Match, number: number]>([
    [{}, 3],
    [{ templateId: sample.templateId.toUpperCase() }, 3],
    [{ senderId: one.toUpperCase() }, 2],
    [{ variables: { order_id: "12345" } }, 3],
    [{ variables: { order_id: "other", name: "Jane" } }, 2],
    [{ status: "REFUSED", scenario: "not-found" }, 1],
    [({ number }) => number < 3, 2],
  ])("returns the newest message that matches %j", ([match, number]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, { ...sample, phoneNumber: "+15005554040" })
      const variables = { order_id: "other", name: "Jane", more: "x" }
      yield* post(mock, { ...sample, messageBody: variables }, { "x-sender-id": one })
      yield* post(mock)
      assert.strictEqual((yield* mock.expectMessage(match)).number, number)
    }),
  )

  it.effect.each<readonly [match: MessageMatch.Match, message: string]>([
    [
      { phoneNumber: "+15005552040" },
      'message 2, where phoneNumber is "+1234567890", not "+15005552040"',
    ],
    [
      { phoneNumber: "+15005554040", variables: { name: "Jane", absent: "x" } },
      'message 1, where variables.name is "John Doe", not "Jane" and variables.absent is absent, not "x"',
    ],
    [() => false, "no message matched the function; messages compared: 2"],
  ])("describes the closest message when none matches: %j", ([match, message]) =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make()
      yield* post(mock, { ...sample, phoneNumber: "+15005554040" })
      yield* post(mock)
      assert.include((yield* Effect.flip(mock.expectMessage(match))).message, message)
    }),
  )
})

describe("two senders on one server", () => {
  it.effect("see, clear and time only their own messages", () =>
    Effect.gen(function* () {
      const mock = yield* MockServer.make({ clock: "manual" })
      const mine = mock.forSender(one.toUpperCase())
      const yours = mock.forSender(other)
      const receivers = [yield* makeReceiver(), yield* makeReceiver()] as const
      yield* post(mock, { ...sample, webhookUrl: receivers[0].url }, { "x-sender-id": one })
      yield* post(mock, { ...sample, webhookUrl: receivers[1].url }, { "x-sender-id": other })
      assert.deepStrictEqual(
        (yield* mine.messages()).map(({ senderId }) => senderId),
        [one],
      )

      const before = (yield* yours.clock.now).epochMilliseconds
      yield* mine.clock.advance("1 hour")
      assert.strictEqual((yield* yours.clock.now).epochMilliseconds, before)
      assert.strictEqual((yield* mine.clock.now).epochMilliseconds, before + 3_600_000)
      assert.lengthOf(statusesOf(receivers[0]), 4)
      assert.lengthOf(statusesOf(receivers[1]), 0)

      yield* mine.clearMessages
      assert.deepStrictEqual(yield* mine.messages(), [])
      assert.lengthOf(yield* yours.messages(), 1)
      assert.lengthOf(yield* mock.messages(), 1)
      yield* mock.clock.advance("1 hour")
      assert.lengthOf(statusesOf(receivers[1]), 4)
    }),
  )
})

describe("many servers in one process", () => {
  it.effect("keep their messages to themselves", () =>
    Effect.gen(function* () {
      const mocks = yield* Effect.all(
        Array.from({ length: 10 }, () => MockServer.make()),
        { concurrency: "unbounded" },
      )
      yield* Effect.forEach(mocks, (mock, index) => Effect.repeat(post(mock), { times: index }), {
        concurrency: "unbounded",
      })
      const counts = yield* Effect.forEach(mocks, (mock) =>
        Effect.map(mock.messages(), (messages) => messages.length),
      )
      assert.deepStrictEqual(counts, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    }),
  )
})

describe("startMockServer", () => {
  it.effect("offers the same to a program without Effect", () =>
    Effect.promise(async () => {
      await using mock = await startMockServer({ clock: "manual" })
      const mine = mock.forSender(credentials["x-sender-id"])
      await mine.addFault({ times: 1, answer: { status: 404 } })
      assert.lengthOf(await mock.faults(), 1)
      await Effect.runPromise(post(mock))
      await Effect.runPromise(post(mock))
      assert.strictEqual((await mock.expectMessage({ accepted: false })).number, 1)
      assert.strictEqual((await mine.awaitMessage({ accepted: true })).number, 2)
      const before = await mock.clock.now()
      await mock.clock.advance("1 hour")
      assert.strictEqual(Number(await mock.clock.now()) - Number(before), 3_600_000)
      const { id } = await mock.addFault({ latencyMillis: 1 })
      assert.isTrue(await mock.removeFault(id))
      await mock.clearFaults()
      await mock.clearMessages()
      assert.deepStrictEqual(await mock.messages(), [])
      const error: unknown = await mock.expectMessage({}).catch((cause: unknown) => cause)
      assert.instanceOf(error, MessageMatch.MessageNotFound)
      assert.strictEqual(error.message, "no message matched an empty match; no messages were sent")
    }),
  )
})
