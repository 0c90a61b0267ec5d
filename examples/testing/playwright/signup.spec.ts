/** A test of the whole application in a browser, with the mock in the place of the service: Playwright. */
import { type StartedMockServer, startMockServer } from "@effect-sent/mock-server"
import { expect, test } from "@playwright/test"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const program = fileURLToPath(new URL("../../storefront.ts", import.meta.url))
const port = process.env["STOREFRONT_PORT"] ?? "3000"
const url = `http://127.0.0.1:${port}/`

let mock: StartedMockServer
let storefront: ChildProcess

test.beforeAll(async () => {
  mock = await startMockServer()
  storefront = spawn(process.execPath, [program], {
    stdio: "inherit",
    env: {
      ...process.env,
      SENT_SENDER_ID: "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
      SENT_API_KEY: "any",
      SENT_BASE_URL: mock.baseUrl,
      PUBLIC_URL: url,
      TRACKER_SECRET: "a secret of at least thirty-two characters",
      PORT: port,
    },
  })
  const isUp = () =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    )
  await expect.poll(isUp, { timeout: 20_000 }).toBe(true)
})

test.afterAll(async () => {
  storefront.kill()
  await once(storefront, "exit")
  await mock[Symbol.asyncDispose]()
})

for (const [number, words] of [
  ["+1234567890", "Your message is on its way."],
  // Magic numbers of the mock: refused; accepted, and the answer is lost.
  ["+15005554004", "Please check it, or enter another one."],
  ["+15005552052", "If it does not, ask for another one in five minutes."],
] as const) {
  test(`signing up with ${number}: ${words}`, async ({ page }) => {
    await page.goto(url)
    await page.getByLabel("Name").fill("John")
    await page.getByLabel("Phone number").fill(number)
    await page.getByRole("button").click()
    await expect(page.getByRole("status")).toContainText(words)
    // One request, whatever came of it.
    expect(await mock.messages({ phoneNumber: number })).toHaveLength(1)
  })
}
