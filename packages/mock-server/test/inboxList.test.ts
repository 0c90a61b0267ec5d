/// <reference lib="dom" />
/** The list of the inbox page in a real browser: live, searched, at any length, on any screen. */
import { startMockServer } from "@effect-sent/mock-server"
import type { Browser, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { findBrowser, launchBrowser } from "../scripts/browser.ts"
import {
  brightness,
  button,
  clipboard,
  fictitious,
  focus,
  heading,
  inTurn,
  isEmpty,
  numbers,
  phoneOf,
  row,
  rowAt,
  scrollToEnd,
  search,
  send,
  sendMany,
  type Visit,
  visitWith,
  words,
} from "./support/inboxPage.ts"
import { makeForwarder } from "./support/forwarder.ts"

const found = await findBrowser()

describe.skipIf(found === undefined)(
  "the list of the inbox page, in Chromium on Linux and in an installed Chrome elsewhere",
  { timeout: 60_000 },
  () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launchBrowser(found)
    }, 60_000)
    afterAll(() => browser.close())

    const visit: Visit = (use, options) => visitWith(browser, use, options)

    it("shows a message when it arrives, and its status as updates follow", () =>
      visit(async ({ mock, page }) => {
        // A reloaded page would lose this mark.
        await page.evaluate(() => document.body.setAttribute("data-mark", "not loaded anew"))
        await isEmpty(page)
        await send(mock, { phoneNumber: numbers.read })
        await rowAt(page, 1, numbers.read)
        await send(mock, { phoneNumber: numbers.failed })
        await rowAt(page, 1, numbers.failed)
        await send(mock, { phoneNumber: numbers.templateNotFound })
        await expect(send(mock, { phoneNumber: numbers.answerLost })).rejects.toThrow(
          "fetch failed",
        )
        await rowAt(page, 1, numbers.answerLost)
        await rowAt(page, 2, "REFUSED 400")
        await rowAt(page, 3, numbers.failed)
        await rowAt(page, 4, numbers.read)
        await words(page, "4 messages")
        const steps = [
          ["0 millis", "ACCEPTED", "ACCEPTED"],
          ["200 millis", "QUEUED", "QUEUED"],
          ["400 millis", "ROUTED", "ROUTED"],
          ["900 millis", "SENT", "SENT"],
          ["1 hour", "READ", "FAILED"],
        ] as const
        await inTurn(steps, async ([advance, read, failed]) => {
          await mock.clock.advance(advance)
          await Promise.all([rowAt(page, 4, read), rowAt(page, 3, failed)])
        })
        assert.strictEqual(await page.locator("[data-mark]").count(), 1)
      }))

    it("keeps the search in the address, and searches by field", () =>
      visit(async ({ mock, page }) => {
        await send(mock, { phoneNumber: numbers.delivered })
        await send(mock, { phoneNumber: numbers.templateNotFound })
        await search(page).fill("is:refused to:+1500")
        await words(page, "1 found")
        await page.reload()
        await words(page, "1 found")
        assert.strictEqual(await search(page).inputValue(), "is:refused to:+1500")
        await rowAt(page, 1, numbers.templateNotFound)
      }))

    it("is live in eight tabs, also after the first one is closed", () =>
      visit(async ({ mock, page }) => {
        const others: Array<Page> = []
        await inTurn(Array.from({ length: 7 }), async () => {
          const other = await page.context().newPage()
          await other.goto(mock.inboxUrl)
          others.push(other)
        })
        await inTurn([page, ...others], (each) => each.getByText("live", { exact: true }).waitFor())
        await send(mock, { phoneNumber: numbers.read })
        await inTurn(others, (each) => row(each, numbers.read).waitFor())
        await page.close()
        await inTurn(others, (each) => each.getByText("live", { exact: true }).waitFor())
        await send(mock, { phoneNumber: numbers.failed })
        await inTurn(others, async (each) => {
          await row(each, numbers.failed).waitFor()
          assert.strictEqual(await row(each).count(), 2)
        })
      }))

    it("finds messages by number, variable and status, and says when there is none", () =>
      visit(
        async ({ mock, page }) => {
          await row(page, numbers.read).waitFor()
          const searches = [
            ["5552042", numbers.failed],
            ["ångström", numbers.read],
            ["order_ID", numbers.delivered],
            ["refused", numbers.templateNotFound],
            ["fail", numbers.failed],
          ] as const
          await inTurn(searches, async ([sought, expected]) => {
            await search(page).fill(sought)
            await words(page, "1 found")
            await rowAt(page, 1, expected)
            assert.strictEqual(await row(page).count(), 1, sought)
          })
          await search(page).fill("<b>nobody</b> & co")
          await page.getByText("Nothing found").waitFor()
          await page.getByText("No message contains “<b>nobody</b> & co”").waitFor()
          await send(mock, { messageBody: { name: "somebody else" } })
          await send(mock, { messageBody: { name: "<B>Nobody</B> & Co" } })
          await words(page, "1 found")
          assert.strictEqual(
            await row(page).count(),
            1,
            "another one that does not match stays out",
          )
          await search(page).fill("no such thing")
          await button(page, "Show all messages").click()
          await words(page, "6 messages")
          assert.strictEqual(await row(page).count(), 6)
        },
        {
          before: async (mock) => {
            await send(mock, { phoneNumber: numbers.delivered })
            await send(mock, { phoneNumber: numbers.read, messageBody: { name: "Zoë Ångström" } })
            await send(mock, { phoneNumber: numbers.failed, messageBody: {} })
            await send(mock, { phoneNumber: numbers.templateNotFound, messageBody: {} })
            await mock.clock.advance("1 hour")
          },
        },
      ))

    it("can be used with the keyboard alone, and shows where the focus is", () =>
      visit(
        async ({ page }) => {
          const press = (...keys: ReadonlyArray<string>): Promise<void> =>
            inTurn(keys, (key) => page.keyboard.press(key))
          await row(page, numbers.read).waitFor()
          const reached = [
            "Search messages",
            "Scenarios",
            "Keyboard shortcuts",
            "Switch to dark colours",
            "Clear the inbox",
            "Messages, newest first",
          ]
          await inTurn(reached, async (name) => {
            await press("Tab")
            await focus(page, name)
          })
          await press("/")
          await focus(page, "Search messages")
          await page.keyboard.type("+1500555")
          await words(page, "3 found")
          await press("Escape")
          await words(page, "3 messages")
          await press("Escape", "j")
          await focus(page, numbers.templateNotFound)
          await press("j")
          await focus(page, numbers.failed)
          await press("ArrowDown", "ArrowDown", "j")
          await focus(page, numbers.read)
          await press("k")
          await focus(page, numbers.failed)
          await press("Enter")
          await focus(page, numbers.failed)
          await heading(page, numbers.failed).waitFor()
          // The next message replaces the opened one.
          await press("k")
          await heading(page, numbers.templateNotFound).waitFor()
          await press("Tab")
          await focus(page, "Copy as curl")
          await press("Enter")
          await words(page, "Copied")
          assert.include(await clipboard(page), numbers.templateNotFound)
          await press("Escape")
          await page.getByText("Select a message").waitFor()
          await focus(page, numbers.templateNotFound)
          await press("ArrowDown")
          await focus(page, numbers.failed)
          await press("Home")
          await focus(page, numbers.templateNotFound)
          await press("?")
          const dialog = page.getByRole("dialog", { name: "Keyboard shortcuts" })
          await dialog.waitFor()
          // An open dialog disables the shortcuts.
          await press("j", "/", "Escape")
          await dialog.waitFor({ state: "hidden" })
          await focus(page, numbers.templateNotFound)
        },
        {
          before: async (mock) => {
            await send(mock, { phoneNumber: numbers.read })
            await send(mock, { phoneNumber: numbers.failed })
            await send(mock, { phoneNumber: numbers.templateNotFound })
          },
        },
      ))

    it("stays smooth with 5,000 messages", () =>
      visit(
        async ({ mock, page }) => {
          await words(page, "50 messages")
          const few = await scrollToEnd(page, 80)
          await page.goto("about:blank")
          await sendMany(mock, 50, 5000)
          await page.goto(mock.inboxUrl)
          await words(page, "5,000 messages")
          const many = await scrollToEnd(page, 8000)
          await rowAt(page, 5000, fictitious(0))
          assert.isBelow(few.mostRows, 50)
          assert.isBelow(many.mostRows, 100)
          // Other work on the machine slows down some passes; a slow page slows down all.
          const most = Math.max(4 * few.worst, 100)
          let { worst } = many
          for (let passes = 1; worst > most && passes < 4; passes++) {
            // oxlint-disable-next-line no-await-in-loop
            worst = Math.min(worst, (await scrollToEnd(page, 8000)).worst)
          }
          assert.isAtMost(worst, most, `milliseconds, and ${few.worst} with 50`)
        },
        { before: (mock) => sendMany(mock, 0, 50) },
      ))

    it("follows the system's colour scheme unless the reader chose one, which it remembers", () =>
      visit(async ({ page }) => {
        await page.emulateMedia({ colorScheme: "light" })
        await button(page, "Switch to dark colours").waitFor()
        assert.isAbove(await brightness(page), 200)
        await page.emulateMedia({ colorScheme: "dark" })
        await button(page, "Switch to light colours").waitFor()
        assert.isBelow(await brightness(page), 50)
        await button(page, "Switch to light colours").click()
        assert.isAbove(await brightness(page), 200)
        await page.reload()
        await button(page, "Switch to dark colours").waitFor()
        assert.isAbove(await brightness(page), 200)
        // Back to the system's scheme, so that the page follows the system again.
        await button(page, "Switch to dark colours").click()
        await page.emulateMedia({ colorScheme: "light" })
        await button(page, "Switch to dark colours").waitFor()
        assert.isAbove(await brightness(page), 200)
      }))

    it("has one column on a phone, and a button back to the list", () =>
      visit(
        async ({ page }) => {
          const list = page.getByRole("listbox")
          const isNarrow = (): Promise<boolean> =>
            page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth)
          await row(page, numbers.read).waitFor()
          assert.strictEqual((await list.boundingBox())?.width, 390)
          assert.isTrue(await isNarrow())
          await row(page, numbers.read).tap()
          await phoneOf(page).waitFor()
          await list.waitFor({ state: "hidden" })
          assert.isTrue(await isNarrow())
          await button(page, "Back to the list").tap()
          await phoneOf(page).waitFor({ state: "hidden" })
          await list.waitFor()
          await page.goBack()
          await phoneOf(page).waitFor()
          await page.goBack()
          await list.waitFor()
        },
        {
          before: (mock) => send(mock, { phoneNumber: numbers.read }),
          device: { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
        },
      ))

    it("fits into narrow and wide windows", () =>
      visit(async ({ mock, page }) => {
        const cut = (): Promise<ReadonlyArray<string>> =>
          page.evaluate(() =>
            Array.from(document.querySelectorAll("header, button, input, .card, .row-number"))
              .filter((element) => {
                const { right, width: own } = element.getBoundingClientRect()
                return own > 0 && right > window.innerWidth + 0.5
              })
              .map((element) => `${window.innerWidth}: ${element.ariaLabel ?? element.className}`),
          )
        // WCAG 2.2, 1.4.10: 320 pixels wide without scrolling in two dimensions.
        const fits = (): Promise<void> =>
          inTurn([320, 390, 1000, 1280, 2560], async (width) => {
            await page.setViewportSize({ width, height: 800 })
            assert.deepStrictEqual(await cut(), [])
          })
        await isEmpty(page)
        await fits()
        await send(mock, { webhookUrl: "http://127.0.0.1:9/updates" })
        await mock.clock.advance("1 hour")
        await row(page).click()
        await button(page, "Resend update 4, DELIVERED").waitFor()
        await fits()
      }))

    it("counts the messages that arrive while its tab is hidden, in the title", () =>
      visit(async ({ mock, page }) => {
        const hide = (hidden: boolean): Promise<void> =>
          page.evaluate((isHidden) => {
            Object.defineProperty(document, "hidden", { value: isHidden, configurable: true })
            document.dispatchEvent(new Event("visibilitychange"))
          }, hidden)
        const title = (expected: string): Promise<void> =>
          expect.poll(() => page.title(), { interval: 20, timeout: 5000 }).toBe(expected)
        await send(mock)
        await row(page).waitFor()
        await title("effect-sent mock")
        await hide(true)
        await send(mock)
        await title("(1) effect-sent mock")
        await send(mock)
        await title("(2) effect-sent mock")
        await hide(false)
        await title("effect-sent mock")
      }))

    it("notices a connection that went silent by the missing heartbeat, and connects anew", () =>
      visit(
        async ({ mock, page }) => {
          await using forwarder = await makeForwarder(mock.port)
          await page.clock.install()
          await page.goto(`http://127.0.0.1:${forwarder.port}/__mock/`)
          await words(page, "live")
          forwarder.silence()
          await send(mock, { phoneNumber: numbers.read })
          // Two heartbeats and a bit: the page closes the silent stream and opens another one.
          await page.clock.fastForward(36_000)
          await rowAt(page, 1, numbers.read)
          await words(page, "live")
          await send(mock, { phoneNumber: numbers.failed })
          await page.clock.fastForward(1000)
          await rowAt(page, 1, numbers.failed)
          assert.strictEqual(await row(page).count(), 2)
        },
        { anyOrigin: true },
      ))

    it("says at once when the server is gone, and when it is back", () =>
      visit(
        async ({ mock, page }) => {
          await send(mock)
          await row(page).waitFor()
          await mock.stop()
          await words(page, "reconnecting")
          await using other = await startMockServer({ port: mock.port })
          await words(page, "live")
          await isEmpty(page)
          await send(other, { phoneNumber: numbers.read })
          await rowAt(page, 1, numbers.read)
          assert.strictEqual(await row(page).count(), 1)
        },
        { isInterrupted: true },
      ))

    it("shows no count until a search is answered", () =>
      visit(async ({ mock, page }) => {
        await send(mock)
        await words(page, "1 message")
        const held = Promise.withResolvers<void>()
        await page.route("**/messages?*search=nobody*", async (route) => {
          await held.promise
          await route.continue()
        })
        await search(page).fill("nobody")
        await words(page, "…")
        assert.strictEqual(await page.getByText("1 found").count(), 0)
        held.resolve()
        await words(page, "0 found")
      }))
  },
)
