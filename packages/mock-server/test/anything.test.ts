/**
 * Whatever bytes arrive, the mock sends an answer that conforms to the contract, or a problem document. A property that fails
 * prints its input and the token that replays it.
 */
import { Contract } from "@effect-sent/contract"
import { MockServer } from "@effect-sent/mock-server"
import { assert, layer } from "@effect/vitest"
import { Ajv2020 } from "ajv/dist/2020.js"
import addFormats from "ajv-formats"
import { Arbitrary, Effect, Predicate, Schema } from "effect"
import { credentials, sample } from "./support/calls.ts"
import {
  answersIn,
  bytesOf,
  open,
  type Received,
  received,
  talk,
} from "@effect-sent/faults/rawClient"

const { document } = await Effect.runPromise(Contract.load())

const ajv = new Ajv2020({ strict: false })
// CommonJS in an ES module: the plugin is a member of the import.
addFormats.default(ajv)

const at = (...keys: ReadonlyArray<string>): object => {
  const found = keys.reduce<unknown>(
    (holder, key) => (Predicate.hasProperty(holder, key) ? holder[key] : undefined),
    document,
  )
  return Predicate.isObject(found) ? found : {}
}

const responses = ["paths", "/v1/messages/phone", "post", "responses"]

/** Whether an answer conforms to the contract: a declared status with a valid body. */
const isOfContract = ({ body, headers, status }: Received): boolean => {
  const response = at(...responses, String(status))
  const type = headers["content-type"]
  if (body === "") return type === undefined && (status === 204 || "x-sent-empty-body" in response)
  const schema = at(...responses, String(status), "content", type ?? "", "schema")
  return Object.keys(schema).length > 0 && ajv.validate(schema, JSON.parse(body))
}

const isProblem = ({ body, headers, status }: Received): boolean => {
  if (!/^application\/(?:problem\+)?json$/.test(headers["content-type"] ?? "")) return false
  const problem: unknown = JSON.parse(body)
  return (
    Predicate.hasProperty(problem, "status") &&
    problem.status === status &&
    Predicate.hasProperty(problem, "title") &&
    Predicate.hasProperty(problem, "detail")
  )
}

const assertAnswer = (answer: Received): void => {
  // No input causes an internal error.
  assert.notInclude(answer.body, "Internal error of the mock")
  assert.isTrue(isOfContract(answer) || isProblem(answer), JSON.stringify(answer))
}

const byte = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 255 })))
const bytes = Arbitrary.map(Arbitrary.array(byte), (list) => Uint8Array.from(list))

/** Any value of a header line, in Latin-1. */
const value = Arbitrary.map(
  Arbitrary.array(
    Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0x20, maximum: 0xff }))),
  ),
  (codes) => String.fromCharCode(...codes.filter((code) => code !== 0x7f)),
)

const header = Schema.Literals([
  "accept",
  "accept-encoding",
  "authorization",
  "content-encoding",
  "content-type",
  "cookie",
  "expect",
  "host",
  "if-none-match",
  "origin",
  "prefer",
  "range",
  "te",
  "upgrade",
  "x-api-key",
  "x-http-method-override",
  "x-sender-id",
])

/** Valid bodies with any value in place of a field. */
const nearlyGood = Schema.Struct({
  phoneNumber: Schema.optionalKey(Schema.Union([Schema.Literal(sample.phoneNumber), Schema.Json])),
  templateId: Schema.optionalKey(Schema.Union([Schema.Literal(sample.templateId), Schema.Json])),
  messageBody: Schema.optionalKey(
    Schema.Union([Schema.Record(Schema.String, Schema.Json), Schema.Json]),
  ),
  webhookUrl: Schema.optionalKey(Schema.Union([Schema.Literal(sample.webhookUrl), Schema.Json])),
})

const send = (body: string | Uint8Array, more: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const { port } = yield* MockServer.MockServer
    const headers = {
      host: "mock",
      connection: "close",
      "content-type": "application/json",
      "content-length": String(Buffer.byteLength(body)),
      ...credentials,
      ...more,
    }
    const [answer, ...others] = yield* talk(
      port,
      bytesOf({ headers: Object.entries(headers), body }),
    )
    assert.deepStrictEqual(others, [])
    assert.isDefined(answer)
    return answer ?? { status: 0, headers: {}, body: "" }
  })

const options = { arbitrary: { runs: 200 }, timeout: 30_000 }

layer(MockServer.layer())("an answer comes", (it) => {
  it.effect.prop(
    "to any bytes as the body",
    { body: bytes },
    ({ body }) => Effect.map(send(body), assertAnswer),
    options,
  )

  it.effect.prop(
    "to any JSON as the body",
    { body: Schema.Union([Schema.Json, nearlyGood]) },
    ({ body }) => Effect.map(send(JSON.stringify(body)), assertAnswer),
    options,
  )

  it.effect.prop(
    "to any value of any header",
    { name: header, text: value },
    ({ name, text }) => Effect.map(send(JSON.stringify(sample), { [name]: text }), assertAnswer),
    options,
  )

  it.effect.prop(
    "to any bytes as the request",
    { request: bytes },
    ({ request }) =>
      Effect.scoped(
        Effect.gen(function* () {
          const { port } = yield* MockServer.MockServer
          const socket = yield* open(port)
          // A word in front, because empty lines before a request are ignored.
          socket.end(Buffer.concat([Buffer.from("POST "), request]))
          const answers = answersIn(yield* received(socket))
          assert.isNotEmpty(answers)
          for (const answer of answers) assertAnswer(answer)
        }),
      ),
    options,
  )
})
