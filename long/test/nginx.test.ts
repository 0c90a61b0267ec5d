/**
 * The mock's inbox behind nginx: with its defaults, with TLS, below a path prefix, with buffering, and with gzip. Needs `nginx` and
 * `openssl`; `NGINX_PATH` names another one.
 */
import { freePort } from "@effect-sent/faults/freePort"
import bundled from "@sparticuz/chromium"
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { type IncomingMessage, request as httpRequest } from "node:http"
import { request as httpsRequest } from "node:https"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as pause } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { type Browser, chromium } from "playwright-core"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const nginx = process.env["NGINX_PATH"] ?? "nginx"
const isInstalled = spawnSync(nginx, ["-v"]).status === 0
/** How a browser is started. Undefined where the bundled one does not run. */
const chrome =
  process.platform === "linux" ? { executablePath: await bundled.executablePath() } : undefined
const bin = fileURLToPath(new URL("../../packages/mock-server/src/bin.ts", import.meta.url))

interface Setting {
  readonly name: string
  readonly scheme: "http" | "https"
  readonly prefix: string
  /** The directives of the location. */
  readonly location: string
}

const settings: ReadonlyArray<Setting> = [
  { name: "its defaults", scheme: "http", prefix: "/", location: "" },
  {
    name: "the host of the page",
    scheme: "http",
    prefix: "/",
    location: "proxy_set_header Host $http_host;",
  },
  { name: "TLS", scheme: "https", prefix: "/", location: "proxy_set_header Host $http_host;" },
  { name: "TLS and its own host", scheme: "https", prefix: "/", location: "" },
  { name: "a path prefix", scheme: "http", prefix: "/mock/", location: "" },
  {
    name: "large buffers",
    scheme: "http",
    prefix: "/",
    location: "proxy_buffering on; proxy_buffers 8 64k;",
  },
  {
    name: "gzip",
    scheme: "http",
    prefix: "/",
    location: "gzip on; gzip_types *; gzip_min_length 0; gzip_proxied any;",
  },
]

// CI sets this where there must be one, so that the tests are not skipped by accident.
const isRequired = process.env["EFFECT_SENT_REQUIRE_NGINX"] === "1"
if (!isInstalled && !isRequired) console.log("No nginx found: its tests are skipped")

describe.skipIf(!isInstalled && !isRequired)("the inbox behind nginx", () => {
  const folder = mkdtempSync(join(tmpdir(), "effect-sent-nginx-"))
  let mock: ChildProcess
  let mockUrl = ""

  beforeAll(async () => {
    mock = spawn(
      process.execPath,
      ["--conditions=@effect-sent/source", bin, "--port", "0", "--log", "json"],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    )
    const [line] = await once(mock.stdout?.setEncoding("utf8") ?? mock, "data")
    mock.stdout?.resume()
    mockUrl = JSON.parse(String(line).split("\n")[0] ?? "").baseUrl
    execFileSync(
      "openssl",
      [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-keyout",
        join(folder, "key.pem"),
        "-out",
        join(folder, "cert.pem"),
      ],
      { stdio: "ignore" },
    )
  })

  afterAll(async () => {
    const ended = once(mock, "exit")
    mock.kill()
    await ended
    rmSync(folder, { recursive: true })
  })

  /** Runs nginx in front of the mock. Passes the origin of the page. */
  const withNginx = async (
    { location, prefix, scheme }: Setting,
    use: (origin: string) => Promise<void>,
  ): Promise<void> => {
    const port = await freePort()
    const config = join(folder, `${port}.conf`)
    const tls =
      scheme === "https"
        ? `ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;`
        : ""
    writeFileSync(
      config,
      `daemon off; pid ${folder}/${port}.pid; error_log stderr; events {}
     http { access_log off; client_body_temp_path ${folder}; proxy_temp_path ${folder}; fastcgi_temp_path ${folder}; uwsgi_temp_path ${folder}; scgi_temp_path ${folder};
       server { listen 127.0.0.1:${port}${scheme === "https" ? " ssl" : ""}; ${tls}
         location ${prefix} { proxy_pass ${mockUrl}/; ${location} } } }`,
    )
    const server = spawn(nginx, ["-c", config, "-p", folder], {
      stdio: ["ignore", "ignore", "inherit"],
    })
    try {
      await listening(port)
      await use(`${scheme}://localhost:${port}`)
    } finally {
      const ended = once(server, "exit")
      server.kill()
      await ended
    }
  }

  it.each(settings)(
    "loads, lists and is live with $name",
    (setting) =>
      withNginx(setting, async (origin) => {
        const inbox = `${origin}${setting.prefix}__mock`
        const site = { "sec-fetch-site": "same-origin", "accept-encoding": "identity" }
        const redirect = await open(inbox)
        assert.strictEqual(redirect.statusCode, 307)
        assert.strictEqual(new URL(redirect.headers.location ?? "", inbox).href, `${inbox}/`)
        const page = await open(`${inbox}/`)
        assert.strictEqual(page.statusCode, 200)
        assert.include(await textOf(page), "inbox.js")
        // A browser sends the origin with a module.
        const script = await open(`${inbox}/inbox.js`, { ...site, origin })
        assert.strictEqual(script.statusCode, 200)
        const events = await open(`${inbox}/events`, site)
        assert.strictEqual(events.statusCode, 200)
        const live = until(events, "event: messages")
        assert.strictEqual((await fetch(`${mockUrl}/v1/messages/phone`, sample)).status, 204)
        await live
        const list = JSON.parse(await textOf(await open(`${inbox}/messages`, site)))
        assert.isAtLeast(list.total, 1)
        const reset = await open(`${inbox}/reset`, { ...site, origin }, "POST")
        assert.strictEqual(reset.statusCode, 204)
      }),
    30_000,
  )

  describe.skipIf(chrome === undefined)("in Chromium", () => {
    let browser: Browser
    beforeAll(async () => {
      browser = await chromium.launch(chrome)
    })
    afterAll(() => browser.close())

    it.each(settings)(
      "shows the list, and messages as they arrive, with $name",
      (setting) =>
        withNginx(setting, async (origin) => {
          await fetch(`${mockUrl}/__mock/reset`, { method: "POST" })
          await fetch(`${mockUrl}/v1/messages/phone`, sample)
          const page = await browser.newPage({ ignoreHTTPSErrors: true })
          page.setDefaultTimeout(10_000)
          const problems: Array<string> = []
          page.on("console", (line) => problems.push(line.text()))
          page.on("pageerror", (error) => problems.push(error.message))
          await page.goto(`${origin}${setting.prefix}__mock`)
          const rows = page.getByRole("option")
          await rows.getByText("+15005552040").waitFor()
          await page.getByText("live", { exact: true }).waitFor()
          await fetch(`${mockUrl}/v1/messages/phone`, {
            ...sample,
            body: sampleBody("+15005552042"),
          })
          await rows.getByText("+15005552042").waitFor()
          await rows.first().click()
          await page.getByRole("button", { name: "Delete the message" }).click()
          await page.getByText("1 message", { exact: true }).waitFor()
          await page.close()
          assert.deepStrictEqual(problems, [])
        }),
      60_000,
    )
  })
})

const sampleBody = (phoneNumber: string): string =>
  JSON.stringify({ phoneNumber, templateId: "7ba7b820-9dad-11d1-80b4-00c04fd430c8" })

const sample: RequestInit = {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "x-sender-id": "b7c1b8e4-2b43-4a5a-9d3c-6f0f7f6a2c11",
    "x-api-key": "anything",
  },
  body: sampleBody("+15005552040"),
}

const open = (
  url: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    const send = url.startsWith("https:") ? httpsRequest : httpRequest
    send(url, { method, headers, rejectUnauthorized: false, agent: false }, resolve)
      .on("error", reject)
      .end()
  })

const textOf = async (answer: IncomingMessage): Promise<string> =>
  (await answer.setEncoding("utf8").toArray()).join("")

const until = (answer: IncomingMessage, words: string): Promise<void> =>
  new Promise((resolve) => {
    let text = ""
    answer.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk
      if (!text.includes(words)) return
      answer.destroy()
      resolve()
    })
  })

/** Waits until nginx listens: it does not say so. */
const listening = async (port: number): Promise<void> => {
  try {
    ;(await open(`http://127.0.0.1:${port}/`)).resume()
  } catch {
    await pause(20)
    await listening(port)
  }
}
