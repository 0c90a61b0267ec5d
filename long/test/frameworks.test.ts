/**
 * The examples for servers that are not Effect's, each in the real framework: examples/servers. A copy of each runs where
 * the framework is installed, with the packages of the repository.
 */
import { spawn, spawnSync } from "node:child_process"
import { createHmac } from "node:crypto"
import { once } from "node:events"
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

const root = fileURLToPath(new URL("../..", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "effect-sent-frameworks-"))

afterAll(() => rmSync(folder, { recursive: true, force: true }))

beforeAll(() => {
  cpSync(join(root, "examples/servers"), folder, { recursive: true })
  const packages = {
    "@effect-sent/core": "packages/core",
    effect: "node_modules/effect",
    ...Object.fromEntries(
      ["express", "@types/express", "hono", "@hono/node-server", "next", "@types/node"].map(
        (name) => [name, `long/node_modules/${name}`],
      ),
    ),
  }
  for (const [name, path] of Object.entries(packages)) {
    const link = join(folder, "node_modules", name)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(join(root, path), link, "dir")
  }
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }')
})

const key = "a key of the tests, and no other"

/** Signs as the provider does, without the library that is tested. */
const signed = (body: string): Readonly<Record<string, string>> => {
  const id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
  const timestamp = String(Math.floor(Date.now() / 1000))
  const tag = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")
  return {
    "x-webhook-id": id,
    "x-webhook-timestamp": timestamp,
    "x-webhook-signature": `v1,${tag}`,
  }
}

const update = JSON.stringify({
  field: "message",
  sub_type: "message.delivered",
  timestamp: "2025-10-31T10:10:42Z",
  payload: { message_id: "8ba7b830-9dad-11d1-80b4-00c04fd430c8", message_status: "DELIVERED" },
})

interface Program extends AsyncDisposable {
  /** The next line that it prints, apart from Effect's log. */
  readonly says: () => Promise<string>
}

/** Runs a program beside the examples; stopped at the end. */
const start = (code: string): Program => {
  const child = spawn(
    process.execPath,
    ["--conditions=@effect-sent/source", "--input-type=module", "--eval", code],
    {
      cwd: folder,
      env: {
        ...process.env,
        SENT_WEBHOOK_SECRET: `whsec_${Buffer.from(key).toString("base64")}`,
      },
      stdio: ["ignore", "pipe", "inherit"],
    },
  )
  const ended = once(child, "exit")
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const says = async (): Promise<string> => {
    const { done, value } = await lines.next()
    if (done === true) throw new Error("the program ended")
    return value.startsWith("[") ? says() : value
  }
  return {
    says,
    [Symbol.asyncDispose]: async () => {
      child.kill()
      await ended
    },
  }
}

/** What a server responds to an update, its repetition, an unsigned call, and a signature for something else. */
const statusesOf = async (
  call: (
    body: string,
    headers: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly text: string }>,
): Promise<ReadonlyArray<number>> => {
  const statuses: Array<number> = []
  for (const headers of [signed(update), signed(update), {}, signed("{")]) {
    // A repetition comes after the first call.
    // oxlint-disable-next-line no-await-in-loop
    const { status, text } = await call(update, headers)
    statuses.push(status)
    assert.notInclude(text, " at ", "no stack trace")
  }
  return statuses
}

const right = [204, 204, 401, 401]

/** Code that serves calls over HTTP, each with the given code, and prints the port. */
const serving = (code: string): string => `
  import { createServer } from "node:http"
  const server = createServer(async (request, response) => {
    const { headers, method, url: path } = request
    const body = Buffer.concat(await request.toArray())
    ${code}
  }).listen(0, "127.0.0.1", () => console.log(server.address().port))
`

/** An event of a function URL, as AWS documents it: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html */
const recordedEvent = {
  version: "2.0",
  routeKey: "$default",
  rawPath: "/webhooks/sent",
  rawQueryString: "",
  headers: {
    "x-amzn-tls-version": "TLSv1.2",
    "x-amzn-trace-id": "Root=1-5e66d96f-7491f09xmpl79d18acf3d050",
    "x-forwarded-proto": "https",
    host: "abcdefg.lambda-url.eu-central-1.on.aws",
    "x-forwarded-port": "443",
    "x-forwarded-for": "192.0.2.1",
    accept: "*/*",
  },
  requestContext: {
    accountId: "anonymous",
    apiId: "abcdefg",
    domainName: "abcdefg.lambda-url.eu-central-1.on.aws",
    domainPrefix: "abcdefg",
    http: {
      method: "POST",
      path: "/webhooks/sent",
      protocol: "HTTP/1.1",
      sourceIp: "192.0.2.1",
      userAgent: "provider",
    },
    requestId: "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
    routeKey: "$default",
    stage: "$default",
    time: "31/Oct/2025:10:10:42 +0000",
    timeEpoch: 1_761_905_442_000,
  },
}

const overHttp =
  (url: string): Parameters<typeof statusesOf>[0] =>
  async (body, headers) => {
    // fetch adds a content type of text/plain: the receiver does not mind.
    const response = await fetch(url, { method: "POST", body, headers })
    return { status: response.status, text: await response.text() }
  }

describe("the example for", () => {
  it("Express 5 receives updates, and its other routes still parse JSON", async () => {
    await using program = start(`
      import { app } from "./express.ts"
      const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port))
    `)
    const url = `http://127.0.0.1:${await program.says()}`
    assert.deepStrictEqual(await statusesOf(overHttp(`${url}/webhooks/sent`)), right)
    const order = await fetch(`${url}/orders`, {
      method: "POST",
      body: '{"id":1}',
      headers: { "content-type": "application/json" },
    })
    assert.deepStrictEqual(await order.json(), { id: 1 })
  })

  it.each([
    ["after express.json()", "express.json()", 400],
    ["after express.raw() of every type", "express.raw({ type: () => true })", 204],
    ["after express.raw() of JSON, and without a content type", "express.raw()", 204],
  ])("Express responds with a line of text %s", async (_, parser, status) => {
    await using program = start(`
      import { SentWebhook } from "@effect-sent/core"
      import { Effect } from "effect"
      import express from "express"
      const secret = process.env.SENT_WEBHOOK_SECRET
      const app = express()
      app.use(${parser})
      const handle = () => Effect.void
      app.post("/", await Effect.runPromise(SentWebhook.toNodeHandler({ secret, handle })))
      const server = app.listen(0, "127.0.0.1", () => console.log(server.address().port))
    `)
    const headers = signed(update)
    const response = await fetch(`http://127.0.0.1:${await program.says()}/`, {
      method: "POST",
      body: new TextEncoder().encode(update),
      headers: status === 400 ? { ...headers, "content-type": "application/json" } : headers,
    })
    assert.strictEqual(response.status, status)
    assert.match(await response.text(), status === 400 ? /express\.json\(\)/ : /^$/)
  })

  it("Hono receives updates", async () => {
    await using program = start(`
      import { serve } from "@hono/node-server"
      import app from "./hono.ts"
      serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => console.log(port))
    `)
    assert.deepStrictEqual(
      await statusesOf(overHttp(`http://127.0.0.1:${await program.says()}/webhooks/sent`)),
      right,
    )
  })

  it("Next.js receives updates as its requests", async () => {
    await using program = start(`
      import { NextRequest } from "next/server.js"
      import { POST } from "./next/route.ts"
      ${serving(`
        const url = "https://app.example.com" + path
        const answer = await POST(new NextRequest(url, { method, body, headers }))
        response.writeHead(answer.status).end(await answer.text())
      `)}
    `)
    assert.deepStrictEqual(
      await statusesOf(overHttp(`http://127.0.0.1:${await program.says()}/webhooks/sent`)),
      right,
    )
  })

  it.each([false, true])(
    "AWS Lambda receives a recorded event, in base64: %s",
    async (isBase64) => {
      await using program = start(`
      import { handler } from "./lambda.ts"
      const event = ${JSON.stringify(recordedEvent)}
      ${serving(`
        const answer = await handler({
          ...event,
          headers: { ...event.headers, ...headers },
          body: ${isBase64 ? "body.toString('base64')" : "body.toString()"},
          isBase64Encoded: ${isBase64},
        })
        response.writeHead(answer.statusCode, answer.headers).end(answer.body)
      `)}
    `)
      assert.deepStrictEqual(
        await statusesOf(overHttp(`http://127.0.0.1:${await program.says()}/webhooks/sent`)),
        right,
      )
    },
  )

  it("all of them pass TypeScript", () => {
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        include: ["*.ts", "next/*.ts"],
        compilerOptions: {
          composite: false,
          incremental: false,
          noEmit: true,
          rewriteRelativeImportExtensions: false,
          allowImportingTsExtensions: true,
          lib: ["es2024", "dom", "dom.iterable"],
          types: ["node"],
        },
      }),
    )
    const tsc = join(root, "long/node_modules/typescript/bin/tsc")
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" })
    assert.strictEqual(stdout, "")
  })
})
