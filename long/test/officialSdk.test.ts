/** The provider's published SDK against the mock's v3, by its own methods: what it sends, what it reads, and what it repeats. */
import { startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { Sent } from "@sentdm/sentdm"
import { afterEach, assert, beforeEach, describe, it } from "vitest"

const template = { name: "order_confirmation", parameters: { name: "Jane", order_id: "12345" } }

let mock: StartedMockServer
let client: Sent

beforeEach(async () => {
  mock = await startMockServer({ clock: "manual", realistic: true })
  client = new Sent({ apiKey: "sk_test_anything", baseURL: mock.baseUrl })
})

afterEach(() => mock.stop())

/** The error that a call of the SDK rejects with. */
const failureOf = (call: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(call).then(
    () => assert.fail("the call succeeded"),
    (error: unknown) => error,
  )

describe("@sentdm/sentdm", () => {
  it("sends to several recipients, and looks each message up", async () => {
    const sent = await client.messages.send({
      to: ["+15005552041", "+15005552042"],
      template,
      channel: ["whatsapp"],
    })
    assert.isTrue(sent.success)
    assert.strictEqual(sent.data?.status, "QUEUED")
    assert.strictEqual(sent.data?.template_name, "order_confirmation")
    const ids = (sent.data?.recipients ?? []).map(({ message_id }) => message_id ?? "")
    assert.lengthOf(ids, 2)
    await mock.clock.advance("1 hour")

    const statuses = await Promise.all(ids.map((id) => client.messages.retrieveStatus(id)))
    assert.deepStrictEqual(
      statuses.map(({ data }) => [data?.id, data?.status, data?.channel, data?.phone]),
      [
        [ids[0], "READ", "whatsapp", "+15005552041"],
        [ids[1], "FAILED", "whatsapp", "+15005552042"],
      ],
    )
    const { data } = await client.messages.retrieveActivities(ids[0] ?? "")
    assert.strictEqual(data?.message_id, ids[0])
    assert.deepStrictEqual(
      data?.activities?.map(({ status }) => status),
      ["READ", "DELIVERED", "SENT", "ROUTED", "QUEUED"],
    )
  })

  it("sends a text, and only checks in the sandbox", async () => {
    const sent = await client.messages.send({ to: ["+15005552040"], text: "Hello", sandbox: true })
    assert.isTrue(sent.success)
    assert.deepStrictEqual(
      (await mock.messages()).map(({ accepted, status, text }) => [accepted, status, text]),
      [[false, "SANDBOX", "Hello"]],
    )
  })

  it("repeats a request under the key that it is given, and gets the first answer", async () => {
    const body = { to: ["+15005552040"], template, "Idempotency-Key": "order-12345" }
    const first = await client.messages.send(body)
    const { data, response } = await client.messages.send(body).withResponse()
    assert.strictEqual(response.headers.get("idempotent-replayed"), "true")
    assert.deepStrictEqual(data.data, first.data)
    assert.lengthOf(await mock.messages({ accepted: true }), 1)
  })

  it("puts two messages on the wire when an answer is lost and it has no key", async () => {
    await mock.addFault({ times: 1, reset: "after-acceptance" })
    await client.messages.send({ to: ["+15005552040"], template })
    assert.lengthOf(await mock.messages({ accepted: true }), 2)
  })

  it("puts one on the wire when an answer is lost and it has a key", async () => {
    await mock.addFault({ times: 1, reset: "after-acceptance" })
    await client.messages.send({
      to: ["+15005552040"],
      template,
      "Idempotency-Key": "order-12345",
    })
    assert.lengthOf(await mock.messages({ accepted: true }), 1)
    assert.lengthOf(await mock.messages({ status: "REPLAYED" }), 1)
  })

  it("reads the envelope of an error", async () => {
    const single = new Sent({ apiKey: "sk_test_anything", baseURL: mock.baseUrl, maxRetries: 0 })
    const refused = await failureOf(single.messages.send({ to: ["+15005554220"], template }))
    assert.deepInclude(Object(refused), { status: 422 })
    assert.deepInclude(Object(refused).error.error, { code: "BUSINESS_003" })
    const missing = await failureOf(
      single.messages.retrieveStatus("7ba7b820-9dad-11d1-80b4-00c04fd430c8"),
    )
    assert.deepInclude(Object(missing), { status: 404 })
    assert.deepInclude(Object(missing).error.error, { code: "RESOURCE_003" })
  })
})
