/// <reference lib="dom" />
/** The inbox page, in a real browser. */
import { type MockServer, startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { findBrowser, launchBrowser } from "../scripts/browser.ts"
import { credentials, path, post, sample } from "./support/calls.ts"
import { makeReceiver, type Receiver, statusesOf } from "./support/receiver.ts"

const found = await findBrowser()

// -----------------------------------------------------------------------------
// Visits
// -----------------------------------------------------------------------------

interface Visit {
  readonly mock: StartedMockServer
  readonly page: Page
}

interface VisitOptions extends MockServer.Options {
  /** Runs before the page is opened. */
  readonly before?: (mock: StartedMockServer) => Promise<unknown>
  readonly device?: BrowserContextOptions
}

/** Collects forbidden behaviour of the page while it is open. */
const watch = (page: Page, { baseUrl }: StartedMockServer): ReadonlyArray<string> => {
  const { origin } = new URL(baseUrl)
  const problems: Array<string> = []
  page.on("console", (line) => {
    if (["error", "warning"].includes(line.type())) problems.push(`console: ${line.text()}`)
  })
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`))
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) problems.push(`request to ${request.url()}`)
  })
  page.on("websocket", (socket) => problems.push(`socket to ${socket.url()}`))
  page.on("popup", (popup) => problems.push(`window of ${popup.url()}`))
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`)
    void dialog.dismiss()
  })
  return problems
}

/** Logs each violation of the page's policy to the console, in every browser. */
const reportViolations = (): void =>
  document.addEventListener("securitypolicyviolation", ({ blockedURI, violatedDirective }) =>
    // The test watches the console.
    // oxlint-disable-next-line no-console
    console.error(`${violatedDirective} is violated by ${blockedURI}`),
  )

// -----------------------------------------------------------------------------
// Messages
// -----------------------------------------------------------------------------

/** Magic numbers by the outcome of a message. */
const numbers = {
  delivered: "+15005552040",
  read: "+15005552041",
  failed: "+15005552042",
  blocked: "+15005552049",
  answerLost: "+15005552052",
  templateNotFound: "+15005554005",
} as const

interface Sent {
  readonly phoneNumber?: string
  readonly messageBody?: Readonly<Record<string, string>>
  readonly webhookUrl?: string | undefined
}

/** Sends a message, by default with the mock's own receiver. */
const send = async (
  mock: StartedMockServer,
  message: Sent = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const body = { ...sample, webhookUrl: `${mock.inboxUrl}receiver`, ...message }
  return (await Effect.runPromise(post(mock, body, headers))).status
}

/** Runs the steps one after the other: each depends on the previous ones, and a failure names the step. */
const inTurn = async <A>(
  items: ReadonlyArray<A>,
  use: (item: A) => Promise<unknown>,
): Promise<void> => {
  // oxlint-disable-next-line no-await-in-loop
  for (const item of items) await use(item)
}

/** Starts a receiver that answers updates with the given statuses in turn, for the duration of a call. */
const withReceiver = (
  statuses: ReadonlyArray<number>,
  use: (receiver: Receiver) => Promise<void>,
): Promise<void> =>
  makeReceiver(statuses).pipe(
    Effect.flatMap((receiver) => Effect.promise(() => use(receiver))),
    Effect.scoped,
    Effect.runPromise,
  )

/** Numbers of the range that is reserved for fiction, `+1 NXX 555 01XX`: 100 of each area. */
const fictitious = (index: number): string => {
  const area = 210 + Math.floor(index / 100)
  return `+1${area}55501${String(index % 100).padStart(2, "0")}`
}

/** Sends the messages from one index to another, many concurrently. */
const sendMany = async (mock: StartedMockServer, from: number, to: number): Promise<void> => {
  let next = from
  const sendSome = async (): Promise<void> => {
    while (next < to) {
      const index = next++
      // Several of these loops run concurrently.
      // oxlint-disable-next-line no-await-in-loop
      const status = await send(mock, {
        phoneNumber: fictitious(index),
        messageBody: { name: `Reader ${index + 1}`, order_id: `A-${index + 1}` },
        // Without a receiver: planning updates would double the time, and none would be sent.
        webhookUrl: undefined,
      })
      assert.strictEqual(status, 204)
    }
  }
  await Promise.all(Array.from({ length: 24 }, sendSome))
}

// -----------------------------------------------------------------------------
// Elements of the page
// -----------------------------------------------------------------------------

/** The rows of the list, or the row with these words. */
const row = (page: Page, ...words: ReadonlyArray<string>): Locator =>
  words.reduce((rows, hasText) => rows.filter({ hasText }), page.getByRole("option"))

/** Waits until the row at a position, counted from 1, has these words. */
const rowAt = (page: Page, place: number, words: string): Promise<void> =>
  page.locator(`[role=option][aria-posinset="${place}"]`, { hasText: words }).waitFor()

const words = (within: Page | Locator, text: string): Promise<void> =>
  within.getByText(text, { exact: true }).first().waitFor()

const heading = (page: Page, name: string): Locator => page.getByRole("heading", { name })

const region = (page: Page, name: string): Locator =>
  page.getByRole("region", { name, exact: true })

const button = (page: Page, name: string): Locator =>
  page.getByRole("button", { name, exact: true })

const phoneOf = (page: Page): Locator => page.getByRole("figure", { name: "The recipient's phone" })

/** An update on the timeline, whose first item is the request. */
const updateOf = (page: Page, status: string): Locator =>
  region(page, "Timeline")
    .locator("ol > li.event:not(:first-child)")
    .filter({ has: page.getByText(status, { exact: true }) })

const search = (page: Page): Locator => page.getByRole("searchbox", { name: "Search messages" })

const isEmpty = (page: Page): Promise<void> =>
  heading(page, "Waiting for the first message").waitFor()

const clipboard = (page: Page): Promise<string> =>
  page.evaluate(() => navigator.clipboard.readText())

/** Runs a command in a shell. */
const runInShell = (command: string, env: Readonly<Record<string, string>> = {}) =>
  promisify(execFile)("sh", ["-c", command], { env: { ...process.env, ...env } })

/** The name or text of the focused element, if its focus is visible. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement
    if (element === null || element === document.body) return "nothing"
    const active = document.getElementById(element.getAttribute("aria-activedescendant") ?? "")
    // The parent shows the focus of the search box, and a child that of a row.
    const drawn =
      element instanceof HTMLInputElement ? element.parentElement : active?.firstElementChild
    const { boxShadow, outlineStyle, outlineWidth } = getComputedStyle(drawn ?? element)
    const isVisible =
      element instanceof HTMLInputElement
        ? boxShadow !== "none"
        : outlineStyle !== "none" && Number.parseFloat(outlineWidth) >= 2
    const name =
      active?.querySelector(".row-number")?.textContent ??
      element.getAttribute("aria-label") ??
      element.textContent
    return isVisible ? name : `${name}, which does not show it`
  })

/** Waits until an element has a visible focus. */
const focus = (page: Page, name: string): Promise<void> =>
  expect.poll(() => focused(page), { interval: 20, timeout: 5000 }).toBe(name)

/** The brightness from 0, black, to 255. */
const brightness = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] =
      getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g)?.map(Number) ?? []
    return (red + green + blue) / 3
  })

/** Scrolls from the top to the end of the list, by this many pixels per frame. */
const scrollToEnd = (page: Page, pixels: number) =>
  page.evaluate(async (step) => {
    const list = document.getElementById("message-list")
    if (list === null) throw new Error("There is no list.")
    list.scrollTop = 0
    let last = Infinity
    let worst = 0
    let mostRows = 0
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop
      const now = await new Promise<number>((resolve) => requestAnimationFrame(resolve))
      worst = Math.max(worst, now - last)
      last = now
      mostRows = Math.max(mostRows, list.querySelectorAll("[role=option]").length)
      const below = list.scrollHeight - list.clientHeight - list.scrollTop
      if (below < 1 && list.querySelector(".list-more") === null) return { worst, mostRows }
      list.scrollTop += step
    }
  }, pixels)

// -----------------------------------------------------------------------------
// The tests
// -----------------------------------------------------------------------------

describe.skipIf(found === undefined)(
  "the inbox page, in Chromium on Linux and in an installed Chrome elsewhere",
  { timeout: 60_000 },
  () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await launchBrowser(found)
    }, 60_000)
    afterAll(() => browser.close())

    /** Opens the page of a mock with a manual clock. Fails when the page shows forbidden behaviour. */
    const visit = async (
      use: (visit: Visit) => Promise<void>,
      { before, device, ...options }: VisitOptions = {},
    ): Promise<void> => {
      await using mock = await startMockServer({ clock: "manual", realistic: true, ...options })
      await before?.(mock)
      await using context = await browser.newContext({ locale: "en-GB", ...device })
      context.setDefaultTimeout(10_000)
      await context.grantPermissions(["clipboard-read", "clipboard-write"])
      await context.addInitScript(reportViolations)
      const page = await context.newPage()
      const problems = watch(page, mock)
      try {
        await page.goto(mock.inboxUrl)
        await words(page, "live")
        await use({ mock, page })
      } catch (cause) {
        // Very likely the cause of the failure.
        if (problems.length > 0) throw new Error(problems.join("\n"), { cause })
        throw cause
      }
      assert.deepStrictEqual(problems, [])
    }

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

    it("plays a scenario to the next message", () =>
      visit(async ({ mock, page }) => {
        await button(page, "Scenarios").click()
        await button(page, "Play failed to the next message").click()
        await words(page, "The next message plays failed")
        await send(mock, { phoneNumber: numbers.delivered })
        const message = await mock.expectMessage({})
        assert.strictEqual(message.scenario, "failed")
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
