/** Calls the mock like any program, and checks its answers. */
import { assert } from "@effect/vitest"
import { Effect } from "effect"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { Contract } from "@effect-sent/contract"
import { type MockServer } from "@effect-sent/mock-server"
import { bytesOf, type Received } from "@effect-sent/faults/rawClient"

export const path = "/v1/messages/phone"

/** Well-formed credentials, which the mock accepts. */
export const credentials = {
  "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
  "x-api-key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc",
}

/** The request of the API reference. */
export const sample = {
  phoneNumber: "+1234567890",
  templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8",
  messageBody: { name: "John Doe", order_id: "12345" },
  webhookUrl: "https://example.com/webhook/message-status",
}

/** Posts a body, as JSON unless it is a string, by default with valid credentials. */
export const post = (
  { baseUrl }: Pick<MockServer.MockServer["Service"], "baseUrl">,
  body: unknown = sample,
  headers: Readonly<Record<string, string>> = {},
): Effect.Effect<Received> =>
  Effect.promise(async () => {
    const response = await fetch(`${baseUrl}${path}`, {
      method: "POST",
      headers: { ...credentials, "content-type": "application/json", ...headers },
      body: typeof body === "string" ? body : JSON.stringify(body),
    })
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    }
  })

/** The bytes of a valid request. */
export const postBytes = (body: unknown = sample): Buffer => {
  const text = JSON.stringify(body)
  return bytesOf({
    headers: [
      ["host", "localhost"],
      ...Object.entries(credentials),
      ["content-type", "application/json"],
      ["content-length", String(Buffer.byteLength(text))],
    ],
    body: text,
  })
}

/** A body as JSON. */
export const jsonOf = ({ body }: Received): unknown => JSON.parse(body)

/** Asserts that an answer is a problem document (RFC 9457) with this status, and returns its detail. */
export const assertProblem = (answer: Received, status: number): string => {
  assert.strictEqual(answer.status, status, answer.body)
  assert.strictEqual(answer.headers["content-type"], "application/problem+json")
  const { detail, status: repeated, title } = Object(jsonOf(answer))
  assert.strictEqual(repeated, status)
  assert.isString(title)
  assert.isString(detail)
  return String(detail)
}

/** Checks a body against the contract's schema for a status. */
export const contractChecker = Effect.map(Contract.load(), ({ document }) => {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  const at = (...keys: ReadonlyArray<string>): unknown =>
    keys.reduce<unknown>((node, key) => Object(node)[key], document)
  return (status: number, body: unknown): void => {
    const schema = at(
      "paths",
      path,
      "post",
      "responses",
      String(status),
      "content",
      "application/problem+json",
      "schema",
    )
    assert.isObject(schema, `the contract declares no body for ${status}`)
    // Narrowed by the line above.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const validate = ajv.compile(schema as object)
    assert.isTrue(validate(body), ajv.errorsText(validate.errors))
  }
})
