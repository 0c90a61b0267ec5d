/// <reference lib="dom" />
/** The inbox page in a real browser: what it shows of a message, and what one does with it. */
import type { Browser } from "playwright-core"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { findBrowser, launchBrowser } from "../scripts/browser.ts"
import { credentials, path } from "./support/calls.ts"
import {
  button,
  clipboard,
  heading,
  inTurn,
  isEmpty,
  numbers,
  phoneOf,
  region,
  row,
  rowAt,
  runInShell,
  search,
  send,
  updateOf,
  type Visit,
  visitWith,
  withReceiver,
  words,
} from "./support/inboxPage.ts"
import { statusesOf } from "./support/receiver.ts"

const found = await findBrowser()

describe.skipIf(found === undefined)(
  "the inbox page, in Chromium on Linux and in an installed Chrome elsewhere",
  { timeout: 60_000 },
  () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launchBrowser(found)
    }, 60_000)
    afterAll(() => browser.close())

    const visit: Visit = (use, options) => visitWith(browser, use, options)

    it("explains how to send the first message, with a command that works as it is", () =>
      visit(async ({ mock, page }) => {
        await isEmpty(page)
        const command = await region(page, "Or send a message with curl").innerText()
        assert.match(command, /^curl /)
        await runInShell(command)
        await row(page, numbers.delivered, "John Doe", "ACCEPTED").waitFor()
        await mock.clock.advance("1 minute")
        await row(page, numbers.delivered, "John Doe", "DELIVERED").waitFor()
        await row(page).click()
        await words(updateOf(page, "DELIVERED"), "answered 204")
      }))

    it("shows an opened message on a phone, with its updates, the request and the answer", () =>
      visit(async ({ mock, page }) => {
        const messageBody = { name: "Zoë Ångström", code: "418 902", note: "" }
        await send(mock, { phoneNumber: numbers.read, messageBody })
        await mock.clock.advance("1 hour")
        await row(page, numbers.read).click()
        await heading(page, numbers.read).waitFor()
        const shown = ["Zoë Ångström", "418 902", "empty", "WhatsApp", "read"]
        await inTurn(shown, (text) => words(phoneOf(page), text))
        await inTurn(["QUEUED", "ROUTED", "SENT", "DELIVERED", "READ"], async (status) => {
          await words(updateOf(page, status), "received")
          await words(updateOf(page, status), "answered 204")
        })
        await updateOf(page, "READ").getByText("Body", { exact: true }).click()
        await region(page, "Body of update 5")
          .filter({ hasText: '"message_status": "READ"' })
          .waitFor()
        await words(region(page, "Details"), `${mock.inboxUrl}receiver`)
        const request = await region(page, "Raw request").innerText()
        assert.match(request, new RegExp(`^POST ${path} HTTP/1\\.1\n`))
        assert.include(request, `x-sender-id: ${credentials["x-sender-id"]}`)
        assert.include(request, `x-api-key: ••••${credentials["x-api-key"].slice(-4)}\n`)
        assert.include(request, '"name": "Zoë Ångström"')
        assert.notInclude(await page.content(), credentials["x-api-key"])
        assert.match(await region(page, "Raw answer").innerText(), /^HTTP\/1\.1 204/)
      }))

    it("shows each attempt of an update that is not received, until it is given up", () =>
      withReceiver([500, 503, 404], (receiver) =>
        visit(async ({ mock, page }) => {
          await send(mock, { phoneNumber: numbers.blocked, webhookUrl: receiver.url })
          await row(page, numbers.blocked).click()
          await updateOf(page, "QUEUED").getByText("waiting, due in").waitFor()
          await mock.clock.advance("200 millis")
          const queued = updateOf(page, "QUEUED")
          await Promise.all([words(queued, "retrying"), words(queued, "answered 500")])
          await mock.clock.advance("1 hour")
          await words(queued, "given up")
          assert.deepStrictEqual(
            await queued.locator(".attempt-answer").allInnerTexts(),
            // The second answer went to the other update.
            ["answered 500", "answered 404", "answered 404"],
          )
          assert.strictEqual(await queued.locator(".attempt-bad").count(), 3)
        }),
      ))

    it("explains a refused message, and one whose answer was lost", () =>
      visit(async ({ mock, page }) => {
        await send(mock, { phoneNumber: numbers.templateNotFound })
        await expect(send(mock, { phoneNumber: numbers.answerLost })).rejects.toThrow(
          "fetch failed",
        )
        await row(page, numbers.templateNotFound).click()
        await words(phoneOf(page), "Not sent")
        await phoneOf(page).getByText("The answer was 400").waitFor()
        const answer = await region(page, "Raw answer").innerText()
        assert.match(answer, /^HTTP\/1\.1 400\n/)
        await row(page, numbers.answerLost).click()
        await page
          .getByText("The connection was reset: this answer did not reach the caller.")
          .waitFor()
        await words(phoneOf(page), "accepted, no update yet")
      }))

    it("copies a command that sends an opened message again", () =>
      visit(async ({ mock, page }) => {
        const messageBody = {
          name: `it's "Zoë" $HOME \`id\` \\n @file 100% !`,
          'a"b': "tab\tline\n",
        }
        await send(mock, { phoneNumber: numbers.read, messageBody })
        await row(page).click()
        await button(page, "Copy as curl").click()
        await words(page, "Copied")
        await runInShell(await clipboard(page), { SENT_API_KEY: "another-key-of-the-tests" })
        await rowAt(page, 1, numbers.read)
        const [first, again] = await mock.messages()
        assert.deepStrictEqual(again?.variables, messageBody)
        assert.strictEqual(again?.request.body, first?.request.body)
        assert.strictEqual(again?.senderId, first?.senderId)
        assert.strictEqual(again?.request.headers["x-api-key"], "••••ests")
      }))

    it("shows a request that was refused as invalid, with the reason and the form of the credentials", () =>
      visit(async ({ mock, page }) => {
        await send(mock, { phoneNumber: "12125550101" })
        await send(mock, {}, { "x-api-key": "" })
        await row(page, "12125550101").getByText("phoneNumber: Must match the pattern").waitFor()
        await row(page, "POST /v1/messages/phone").click()
        await page.getByText("Refused as invalid: Header x-api-key not found").waitFor()
        await page.getByText("x-api-key missing").waitFor()
        await button(page, "Delete the message").click()
        await words(page, "1 message")
        assert.lengthOf(await mock.refused(), 1)
      }))

    it("marks a message whose receiver fails, and copies an update as a command", () =>
      withReceiver([500], (receiver) =>
        visit(async ({ mock, page }) => {
          await send(mock, { phoneNumber: numbers.blocked, webhookUrl: receiver.url })
          await mock.clock.advance("1 hour")
          await row(page).getByText("2 of 2 updates given up").waitFor()
          await row(page).click()
          await page.getByText("Headers").first().click()
          await words(region(page, "Headers of attempt 1").first(), "x-webhook-signature:")
          const before = receiver.updates.length
          await button(page, "Copy update as curl").first().click()
          await words(page, "Copied")
          await runInShell(await clipboard(page), {})
          assert.strictEqual(receiver.updates.length, before + 1)
          const copied = receiver.updates.at(-1)?.headers["x-webhook-signature"]
          assert.include(
            receiver.updates.slice(0, before).map(({ headers }) => headers["x-webhook-signature"]),
            copied,
          )
        }),
      ))

    it("plays a scenario to the next message", () =>
      visit(async ({ mock, page }) => {
        await button(page, "Scenarios").click()
        await button(page, "Play failed to the next message").click()
        await words(page, "The next message plays failed")
        await send(mock, { phoneNumber: numbers.delivered })
        const message = await mock.expectMessage({})
        assert.strictEqual(message.scenario, "failed")
      }))

    it("resends an update", () =>
      withReceiver([204, 204, 500, 204], (receiver) =>
        visit(async ({ mock, page }) => {
          await send(mock, { phoneNumber: numbers.blocked, webhookUrl: receiver.url })
          await row(page).click()
          await updateOf(page, "BLOCKED").waitFor()
          assert.strictEqual(await button(page, "Resend update 2, BLOCKED").count(), 0)
          await mock.clock.advance("1 hour")
          await button(page, "Resend update 2, BLOCKED").click()
          await words(page, "Resent, but not received")
          await words(updateOf(page, "BLOCKED"), "answered 500")
          await button(page, "Resend update 2, BLOCKED").click()
          await words(page, "Resent and received")
          assert.deepStrictEqual(statusesOf(receiver), ["QUEUED", "BLOCKED", "BLOCKED", "BLOCKED"])
          assert.strictEqual(await updateOf(page, "BLOCKED").locator(".attempts li").count(), 3)
        }),
      ))

    it("asks before it clears the inbox", () =>
      visit(
        async ({ mock, page }) => {
          await row(page).click()
          await button(page, "Clear the inbox").click()
          const dialog = page.getByRole("dialog", { name: "Clear the inbox" })
          await dialog.getByText("This removes 1 message and cancels").waitFor()
          await button(page, "Cancel").click()
          await dialog.waitFor({ state: "hidden" })
          assert.lengthOf(await mock.messages(), 1)
          await button(page, "Clear the inbox").click()
          await button(page, "Clear").click()
          await isEmpty(page)
          await words(page, "Cleared")
          assert.lengthOf(await mock.messages(), 0)
          assert.isTrue(await button(page, "Clear the inbox").isDisabled())
        },
        { before: send },
      ))

    it("shows HTML, scripts and bidirectional marks as text", () =>
      visit(async ({ mock, page }) => {
        const image = `<img src="https://example.com/x" onerror="alert(1)">`
        const script = `</script><script>alert(2)</script>`
        const turned = "\u202egnp.exe\u2066\u200f"
        const messageBody = {
          [image]: script,
          [script]: image,
          [turned]: `${turned}, ${image}`,
        }
        const webhookUrl = `${mock.inboxUrl}receiver?q='onload=alert(3)&%3Cscript%3Ealert(4)%3C/script%3E`
        await send(
          mock,
          { phoneNumber: numbers.read, messageBody, webhookUrl },
          { "user-agent": image, "x-html": script, prefer: `x="${script.replaceAll('"', "")}"` },
        )
        await mock.clock.advance("1 hour")
        const own = await page.locator("img, script, iframe, object, embed").count()
        await row(page, image).click()
        const shown = await phoneOf(page).innerText()
        assert.include(shown, image)
        assert.include(shown, script)
        const raw = await region(page, "Raw request").innerText()
        assert.include(raw, JSON.stringify(image))
        assert.include(raw, `user-agent: ${image}`)
        assert.include(raw, `x-html: ${script}`)
        // Characters that would reorder the text are escaped.
        assert.include(raw, String.raw`\u202egnp.exe\u2066\u200f`)
        assert.notMatch(raw, /[\u202a-\u202e\u2066-\u2069]/)
        await words(region(page, "Details"), webhookUrl)
        await updateOf(page, "READ").getByText("Body", { exact: true }).click()
        // The number stays that of the last search until the next one is answered.
        const answered = page.waitForResponse((response) => response.url().includes("search="))
        await search(page).fill(image)
        await answered
        await words(page, "1 found")
        await search(page).fill(`${image}!`)
        await page.getByText(`No message contains “${image}!”`).waitFor()
        assert.strictEqual(await page.locator("img, script, iframe, object, embed").count(), own)
        assert.strictEqual(await page.locator("[onerror], [onload]").count(), 0)
        // In the list, which crops the text, the marks are removed.
        await button(page, "Show all messages").click()
        assert.notMatch(await row(page).innerText(), /[\u202a-\u202e\u2066-\u2069]/)
      }))

    it("stays at the root when the API has a base path, and sends to that path", () =>
      visit(
        async ({ mock, page }) => {
          assert.strictEqual(new URL(page.url()).pathname, "/__mock/")
          await runInShell(await region(page, "Or send a message with curl").innerText())
          await row(page).click()
          await button(page, "Copy as curl").click()
          await words(page, "Copied")
          const command = await clipboard(page)
          assert.include(command, `'${mock.baseUrl}${path}'`)
          assert.lengthOf(command.match(/\/sent/g) ?? [], 1)
          await runInShell(command, { SENT_API_KEY: "any" })
          await words(page, "2 messages")
        },
        { basePath: "/sent" },
      ))
  },
)
