/** Tests of an application over real sockets, with the mock: vitest, without Effect in the tests. */
import { SentClient } from "@effect-sent/core"
import { startMockServer } from "@effect-sent/mock-server"
// Adds the matcher `toHaveSent`.
// oxlint-disable-next-line import/no-unassigned-import
import "@effect-sent/mock-server/vitest"
import { ConfigProvider, Layer, ManagedRuntime } from "effect"
import { afterAll, beforeEach, expect, test } from "vitest"
import { Signup } from "../../signup.ts"

const mock = await startMockServer()

// The application reads its settings as in production.
const settings = ConfigProvider.fromEnv({
  env: {
    SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
    SENT_API_KEY: "any",
    SENT_BASE_URL: mock.baseUrl,
  },
})
const app = ManagedRuntime.make(
  Signup.layer.pipe(
    Layer.provide(SentClient.layerEnv),
    Layer.provide(ConfigProvider.layer(settings)),
  ),
)

beforeEach(() => mock.clearMessages())
afterAll(async () => {
  await app.dispose()
  await mock[Symbol.asyncDispose]()
})

test("welcomes a person", async () => {
  const { welcome } = await app.runPromise(Signup)
  expect(await app.runPromise(welcome("John", "+1234567890"))).toBe(true)
  await expect(mock).toHaveSent({ phoneNumber: "+1234567890", variables: { name: "John" } })
})

test("asks for another number if the service refuses it", async () => {
  const { welcome } = await app.runPromise(Signup)
  // A magic number of the mock.
  expect(await app.runPromise(welcome("John", "+15005554004"))).toBe(false)
})
