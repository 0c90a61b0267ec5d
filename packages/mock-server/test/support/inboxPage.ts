/// <reference lib="dom" />
/** Visits of the inbox page in a real browser: the mock, its messages, and the elements of the page. */
import { type MockServer, startMockServer, type StartedMockServer } from "@effect-sent/mock-server"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core"
import { assert, expect } from "vitest"
import { post, sample } from "./calls.ts"
import { makeReceiver, type Receiver } from "./receiver.ts"

// -----------------------------------------------------------------------------
// Visits
// -----------------------------------------------------------------------------

export interface Visited {
  readonly mock: StartedMockServer
  readonly page: Page
}

export interface VisitOptions extends MockServer.Options {
  /** Runs before the page is opened. */
  readonly before?: (mock: StartedMockServer) => Promise<unknown>
  readonly device?: BrowserContextOptions
  /** Whether the page may be opened at another address than the mock's. */
  readonly anyOrigin?: boolean
  /** Whether requests may fail, because the test stops the server. */
  readonly isInterrupted?: boolean
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
export const numbers = {
  delivered: "+15005552040",
  read: "+15005552041",
  failed: "+15005552042",
  blocked: "+15005552049",
  answerLost: "+15005552052",
  templateNotFound: "+15005554005",
} as const

export interface Sent {
  readonly phoneNumber?: string
  readonly messageBody?: Readonly<Record<string, string>>
  readonly webhookUrl?: string | undefined
}

/** Sends a message, by default with the mock's own receiver. */
export const send = async (
  mock: StartedMockServer,
  message: Sent = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<number> => {
  const body = { ...sample, webhookUrl: `${mock.inboxUrl}receiver`, ...message }
  return (await Effect.runPromise(post(mock, body, headers))).status
}

/** Runs the steps one after the other: each depends on the previous ones, and a failure names the step. */
export const inTurn = async <A>(
  items: ReadonlyArray<A>,
  use: (item: A) => Promise<unknown>,
): Promise<void> => {
  // oxlint-disable-next-line no-await-in-loop
  for (const item of items) await use(item)
}

/** Starts a receiver that answers updates with the given statuses in turn, for the duration of a call. */
export const withReceiver = (
  statuses: ReadonlyArray<number>,
  use: (receiver: Receiver) => Promise<void>,
): Promise<void> =>
  makeReceiver(statuses).pipe(
    Effect.flatMap((receiver) => Effect.promise(() => use(receiver))),
    Effect.scoped,
    Effect.runPromise,
  )

/** Numbers of the range that is reserved for fiction, `+1 NXX 555 01XX`: 100 of each area. */
export const fictitious = (index: number): string => {
  const area = 210 + Math.floor(index / 100)
  return `+1${area}55501${String(index % 100).padStart(2, "0")}`
}

/** Sends the messages from one index to another, many concurrently. */
export const sendMany = async (
  mock: StartedMockServer,
  from: number,
  to: number,
): Promise<void> => {
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
export const row = (page: Page, ...words: ReadonlyArray<string>): Locator =>
  words.reduce((rows, hasText) => rows.filter({ hasText }), page.getByRole("option"))

/** Waits until the row at a position, counted from 1, has these words. */
export const rowAt = (page: Page, place: number, words: string): Promise<void> =>
  page.locator(`[role=option][aria-posinset="${place}"]`, { hasText: words }).waitFor()

export const words = (within: Page | Locator, text: string): Promise<void> =>
  within.getByText(text, { exact: true }).first().waitFor()

export const heading = (page: Page, name: string): Locator => page.getByRole("heading", { name })

export const region = (page: Page, name: string): Locator =>
  page.getByRole("region", { name, exact: true })

export const button = (page: Page, name: string): Locator =>
  page.getByRole("button", { name, exact: true })

export const phoneOf = (page: Page): Locator =>
  page.getByRole("figure", { name: "The recipient's phone" })

/** An update on the timeline, whose first item is the request. */
export const updateOf = (page: Page, status: string): Locator =>
  region(page, "Timeline")
    .locator("ol > li.event:not(:first-child)")
    .filter({ has: page.getByText(status, { exact: true }) })

export const search = (page: Page): Locator =>
  page.getByRole("searchbox", { name: "Search messages" })

export const isEmpty = (page: Page): Promise<void> =>
  heading(page, "Waiting for the first message").waitFor()

export const clipboard = (page: Page): Promise<string> =>
  page.evaluate(() => navigator.clipboard.readText())

/** Runs a command in a shell. */
export const runInShell = (command: string, env: Readonly<Record<string, string>> = {}) =>
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
export const focus = (page: Page, name: string): Promise<void> =>
  expect.poll(() => focused(page), { interval: 20, timeout: 5000 }).toBe(name)

/** The brightness from 0, black, to 255. */
export const brightness = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const [red = 0, green = 0, blue = 0] =
      getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g)?.map(Number) ?? []
    return (red + green + blue) / 3
  })

/** Scrolls from the top to the end of the list, by this many pixels per frame. */
export const scrollToEnd = (page: Page, pixels: number) =>
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

/** Opens the page of a mock with a manual clock. Fails when the page shows forbidden behaviour. */
export const visitWith = async (
  browser: Browser,
  use: (visited: Visited) => Promise<void>,
  { anyOrigin = false, before, device, isInterrupted = false, ...options }: VisitOptions = {},
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
  const forbidden = problems.filter(
    (problem) =>
      !(anyOrigin && problem.startsWith("request to http://127.0.0.1:")) &&
      !(isInterrupted && problem.includes("net::ERR_")),
  )
  assert.deepStrictEqual(forbidden, [])
}

/** Opens the page of a mock in the browser of a suite. */
export type Visit = (
  use: (visited: Visited) => Promise<void>,
  options?: VisitOptions,
) => Promise<void>
