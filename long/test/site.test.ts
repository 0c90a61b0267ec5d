/** The documentation as a site, in a real browser: every page, its links, its contrast, on a phone, and by the keyboard. */
import bundled from "@sparticuz/chromium"
import axe from "axe-core"
import { exec } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { createServer } from "node:http"
import { extname, join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { type Browser, chromium, type Page } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const dist = join(root, "site/dist")
const base = "/effect-sent/"

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json",
}

/** GitHub Pages, as far as a site needs it: the files, below the name of the repository. */
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost")
  const file = pathname.endsWith("/") ? `${pathname}index.html` : pathname
  try {
    const content = readFileSync(join(dist, decodeURI(file).slice(base.length)))
    response.setHeader("content-type", types[extname(file)] ?? "application/octet-stream")
    response.end(content)
  } catch {
    response.writeHead(404).end()
  }
})

let browser: Browser
let origin: string

beforeAll(async () => {
  // A shell finds npx on every system.
  await promisify(exec)("npx --yes pnpm@12.21.0 build:docs", { cwd: root, maxBuffer: 100_000_000 })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  const address = server.address()
  assert.isObject(address)
  origin = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`
  browser = await chromium.launch({ executablePath: await bundled.executablePath() })
}, 900_000)

afterAll(async () => {
  await browser.close()
  server.close()
})

const htmlFiles = (): ReadonlyArray<string> =>
  globSync("**/*.html", { cwd: dist })
    .filter((file) => file !== "404.html")
    .toSorted()

/** A page that fails the test when something is wrong that no assertion looks at. */
const openPage = async (): Promise<{ readonly page: Page; readonly complaints: Array<string> }> => {
  const page = await browser.newPage({ colorScheme: "light" })
  const complaints: Array<string> = []
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text())
  })
  page.on("pageerror", (error) => complaints.push(String(error)))
  page.on("request", (request) => {
    if (!request.url().startsWith(origin)) complaints.push(`a request to ${request.url()}`)
  })
  page.on("response", (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} ${response.url()}`)
  })
  return { page, complaints }
}

const wide = { width: 1280, height: 900 }
const phone = { width: 320, height: 640 }

const goTo = async (page: Page, file: string): Promise<void> => {
  await page.goto(`${origin}${base}${file}`, { waitUntil: "networkidle" })
  // The diagrams are drawn.
  await page.waitForFunction(() => document.querySelector("pre.diagram") === null)
}

/** What axe finds, for the levels A and AA of WCAG 2.2, contrast included. */
const findings = async (page: Page): Promise<ReadonlyArray<string>> => {
  const { violations } = await page.evaluate<axe.AxeResults>(
    // The button of the search shows the key that opens it, which its name leaves out.
    `axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
      rules: { "label-content-name-mismatch": { enabled: false } },
    })`,
  )
  return violations.flatMap(({ help, nodes }) =>
    nodes.map(({ any, target }) => `${help}: ${target.join(" ")}: ${any[0]?.message ?? ""}`),
  )
}

// The browser that is installed with the tests is for Linux.
describe.skipIf(process.platform !== "linux")("the site", { timeout: 900_000 }, () => {
  it("has every page of docs and every module, and each is linked from the navigation", async () => {
    const files = htmlFiles()
    const pages = globSync("**/*.md", { cwd: join(root, "docs") })
    assert.isAbove(pages.length, 60)
    assert.sameMembers(
      [...files],
      pages.map((file) => file.replace(/README\.md$/, "index.md").replace(/\.md$/, ".html")),
    )
    const { page } = await openPage()
    const linked = new Set<string>()
    for (const start of ["index.html", "api/index.html", "decisions/index.html"]) {
      // oxlint-disable-next-line no-await-in-loop
      await goTo(page, start)
      // oxlint-disable-next-line no-await-in-loop
      for (const link of await page.locator("a[href]").all()) {
        // oxlint-disable-next-line no-await-in-loop
        const { pathname } = new URL((await link.getAttribute("href")) ?? "", page.url())
        linked.add(pathname.slice(base.length).replace(/(^|\/)$/, "$1index.html"))
      }
    }
    assert.deepStrictEqual(
      files.filter((file) => !linked.has(file)),
      [],
    )
    await page.close()
  })

  it("has no dead link, no error, no request to elsewhere, enough contrast, and fits a phone", async () => {
    const { complaints, page } = await openPage()
    const ids = new Map<string, ReadonlySet<string>>()
    const links: Array<{ readonly from: string; readonly to: URL }> = []
    const problems: Array<string> = []
    // One page after the other.
    /* oxlint-disable no-await-in-loop */
    for (const file of htmlFiles()) {
      await page.setViewportSize(wide)
      await page.emulateMedia({ colorScheme: "light" })
      await goTo(page, file)
      const found = await page.evaluate(() => ({
        ids: Array.from(document.querySelectorAll("[id]"), ({ id }) => id),
        links: Array.from(document.querySelectorAll("a"), ({ href }) => href),
        broken: Array.from(document.images)
          .filter((image) => image.complete && image.naturalWidth === 0)
          .map(({ src }) => src),
        cropped: Array.from(document.querySelectorAll(".diagram foreignObject"))
          .filter((label) => (label.firstElementChild?.scrollHeight ?? 0) > label.clientHeight + 1)
          .map(({ textContent }) => textContent),
      }))
      ids.set(file, new Set(found.ids))
      for (const link of found.links) links.push({ from: file, to: new URL(link, page.url()) })
      for (const label of found.cropped) problems.push(`${file}: cropped in a diagram: ${label}`)
      for (const image of found.broken) problems.push(`${file}: broken image ${image}`)
      // The pages of the reference are made alike.
      if (!/^api\/.*\/(?!SentClient|index)/.test(file)) {
        await page.evaluate(axe.source)
        for (const finding of await findings(page)) problems.push(`${file}, light: ${finding}`)
        await page.emulateMedia({ colorScheme: "dark" })
        await page.waitForFunction(() => document.documentElement.classList.contains("dark"))
        for (const finding of await findings(page)) problems.push(`${file}, dark: ${finding}`)
      }
      await page.setViewportSize(phone)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > phone.width) problems.push(`${file}: ${width} pixels wide at ${phone.width}`)
      for (const complaint of complaints.splice(0)) problems.push(`${file}: ${complaint}`)
    }
    /* oxlint-enable no-await-in-loop */
    for (const { from, to } of links) {
      if (to.origin !== origin) continue
      const file = to.pathname.slice(base.length).replace(/(^|\/)$/, "$1index.html")
      const id = decodeURIComponent(to.hash.slice(1))
      if (ids.get(file) === undefined) problems.push(`${from}: ${to.pathname} does not exist`)
      else if (id !== "" && ids.get(file)?.has(id) !== true)
        problems.push(`${from}: ${to.pathname} has no ${to.hash}`)
    }
    assert.isAbove(links.length, 1000)
    assert.deepStrictEqual([...new Set(problems)], [])
    await page.close()
  }, 1_800_000)

  it("has an API reference with what a service does, its defaults and an example", () => {
    const page = readFileSync(join(dist, "api/core/SentClient.html"), "utf8")
    assert.include(page, "Sends one message to a phone number.")
    assert.include(page, "How long the response to one request may take. Default: 30 seconds.")
    assert.include(page, "withRetryPolicy")
    assert.notInclude(page, "Context.Service")
  })

  it("is usable by the keyboard: skips to the content, and finds a page", async () => {
    const { complaints, page } = await openPage()
    await page.setViewportSize(wide)
    await goTo(page, "index.html")
    await page.keyboard.press("Tab")
    assert.strictEqual(await page.locator(":focus").innerText(), "Skip to content")
    await page.keyboard.press("Enter")
    assert.strictEqual(new URL(page.url()).hash, "#VPContent")
    await page.keyboard.press("Control+k")
    await page.locator(":focus[type=search]").waitFor()
    await page.keyboard.type("deadline")
    await page.locator("#localsearch-list [role=option]").first().waitFor()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.waitForURL(/\.html#/)
    // Every link and button that has the focus shows it.
    for (let step = 0; step < 25; step += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await page.keyboard.press("Tab")
      // oxlint-disable-next-line no-await-in-loop
      const outline = await page.evaluate(() => {
        const { outlineStyle, outlineWidth } = getComputedStyle(
          document.activeElement ?? document.body,
        )
        return outlineStyle === "none" ? "0px" : outlineWidth
      })
      assert.notStrictEqual(outline, "0px", `the focus ${step + 1} tabs on is not visible`)
    }
    assert.deepStrictEqual(complaints, [])
    await page.close()
  })

  it("has its navigation on a phone", async () => {
    const { complaints, page } = await openPage()
    await page.setViewportSize(phone)
    await goTo(page, "errors-and-retries.html")
    await page.getByRole("button", { name: "Menu" }).click()
    await page.locator(".VPSidebar.open").getByRole("link", { name: "Durable sends" }).click()
    await page.waitForURL(/durable-sends\.html$/)
    assert.deepStrictEqual(complaints, [])
    await page.close()
  })
})
