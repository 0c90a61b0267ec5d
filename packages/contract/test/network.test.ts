/** Documents of other hosts: read when it is allowed, within bounds, and otherwise not asked for. */
import { Contract, Document } from "@effect-sent/contract"
import { assert, describe, it } from "@effect/vitest"
import { Effect, type Scope } from "effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type ServerResponse } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

const text = 'openapi: 3.1.0\ninfo: { title: Pets, version: "1" }\n'
const paths = (reference: string): string => `${text}paths: { /a: { $ref: "${reference}" } }\n`
const item = 'get: { responses: { "200": { $ref: "../parts/ok" } } }\n'

interface Host {
  readonly url: string
  readonly asked: ReadonlyArray<string>
}

const host = (
  listener: (asked: string) => (response: ServerResponse) => void,
): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.gen(function* () {
    const asked: Array<string> = []
    const server = yield* Effect.acquireRelease(
      Effect.callback<ReturnType<typeof createServer>>((resume) => {
        const made = createServer(({ url = "" }, response) => {
          asked.push(url)
          listener(url)(response)
        })
        made.listen(0, "127.0.0.1", () => resume(Effect.succeed(made)))
      }),
      (made) =>
        Effect.sync(() => {
          made.close()
          made.closeAllConnections()
        }),
    )
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    return { url: `http://127.0.0.1:${port}`, asked }
  })

const files: Readonly<Record<string, string>> = {
  "/api/pets": paths("paths/a.yaml?version=1"),
  "/api/paths/a.yaml?version=1": item,
  "/api/parts/ok": "description: fine\n",
  "/broken.yaml": "a: [",
  "/latin.yaml": "",
}

const usual = host((url) => (response) => {
  const content = files[url]
  if (url === "/moved") response.writeHead(302, { location: "/api/pets" }).end()
  else if (url === "/latin.yaml") response.end(Buffer.from([0x61, 0x3a, 0x20, 0xff]))
  else if (url === "/long.yaml") {
    const chunk = Buffer.alloc(1_000_000, "# ")
    const more = (): void => void (response.destroyed || response.write(chunk, more))
    more()
  } else if (url === "/silent.yaml") response.flushHeaders()
  else if (content === undefined) response.writeHead(404).end()
  else response.end(content)
})

/** A document of this machine. */
const local = (content: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-sent-"))),
      (folder) => Effect.sync(() => rmSync(folder, { recursive: true })),
    ),
    (folder) => {
      writeFileSync(join(folder, "a.yaml"), content)
      return join(folder, "a.yaml")
    },
  )

const allowed = { allowNetwork: true, networkTimeout: "5 seconds" } as const

describe("a document of another host", () => {
  it.live.each(["/api/pets", "/moved"])("is read when it is allowed: %s", (path) =>
    Effect.gen(function* () {
      const { asked, url } = yield* usual
      const source =
        path === "/moved" ? yield* local(paths(`${url}/api/paths/a.yaml?version=1`)) : url + path
      const { document, files: read } = yield* Contract.load(source, allowed)
      assert.nestedPropertyVal(document, "paths./a.get.responses.200.description", "fine")
      assert.deepStrictEqual(read.slice(1), [
        `${url}/api/paths/a.yaml?version=1`,
        `${url}/api/parts/ok`,
      ])
      assert.deepStrictEqual(asked.slice(-2), ["/api/paths/a.yaml?version=1", "/api/parts/ok"])
    }).pipe(Effect.scoped),
  )

  it.live("is not asked for when it is not allowed", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* usual
      const refused = yield* Effect.flip(Document.open(`${url}/api/pets`))
      assert.match(refused.message, /allow the network \(--allow-network/)
      const { problems } = yield* Document.open(yield* local(paths(`${url}/api/paths/a.yaml`)))
      assert.match(
        problems[0]?.message ?? "",
        /another host, which is asked only if .*--allow-network/,
      )
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [path: string, words: RegExp]>([
    ["/no.yaml", /responded with the status 404/],
    ["/broken.yaml#/a", /broken\.yaml:1:5: it is not YAML/],
    ["/latin.yaml", /it is not UTF-8/],
    ["/long.yaml", /more than 20 MB are on other hosts/],
  ])("and %s has a problem, with the place of its reference", ([path, words]) =>
    Effect.gen(function* () {
      const { url } = yield* usual
      const { problems } = yield* Document.open(yield* local(paths(url + path)), allowed)
      assert.lengthOf(problems, 1)
      assert.match(problems[0]?.message ?? "", words)
      assert.deepInclude(problems[0], { line: 3, column: 16 })
    }).pipe(Effect.scoped),
  )

  it.live("is not waited for longer than the time-out", () =>
    Effect.gen(function* () {
      const { url } = yield* usual
      const options = { allowNetwork: true, networkTimeout: "50 millis" } as const
      const { message } = yield* Effect.flip(Document.open(`${url}/silent.yaml`, options))
      assert.include(message, "silent.yaml cannot be used: there was no whole response within 0.05")
    }).pipe(Effect.scoped),
  )

  it.live.each<readonly [url: string, words: RegExp]>([
    ["http://127.0.0.1:1/a.yaml", /a\.yaml cannot be used: bad port/],
    [
      "http://jane:secret@127.0.0.1:1/a.yaml",
      /http:\/\/127\.0\.0\.1:1\/a\.yaml .*user information/,
    ],
    ["ftp://127.0.0.1/a.yaml", /read from a file/],
  ])("and %s is refused in words", ([url, words]) =>
    Effect.gen(function* () {
      const { message } = yield* Effect.flip(Document.open(url, allowed))
      assert.match(message, words)
      assert.notMatch(message, /secret|\n/)
    }),
  )

  it.live("and a host that is down is named", () =>
    Effect.gen(function* () {
      const { url } = yield* Effect.scoped(usual)
      const { message } = yield* Effect.flip(Document.open(`${url}/api/pets`, allowed))
      assert.include(message, `${url}/api/pets cannot be used: the host cannot be reached (ECONN`)
    }),
  )

  it.live("does not make this machine's files readable", () =>
    Effect.gen(function* () {
      const secret = yield* local("get: {}")
      const { url } = yield* host((path) => (response) => {
        response.end(path === "/a" ? paths(`file://${secret}`) : "")
      })
      const { files: read, problems } = yield* Document.open(`${url}/a`, allowed)
      assert.match(problems[0]?.message ?? "", /only http and https/)
      assert.strictEqual(read.size, 1)
    }).pipe(Effect.scoped),
  )

  it.live("ends, however many files it refers to", () =>
    Effect.gen(function* () {
      const { asked, url } = yield* host((path) => (response) => {
        response.end(`${text}paths: { /a: { $ref: "/${Number(path.slice(1)) + 1}" } }`)
      })
      const { problems } = yield* Document.open(`${url}/0`, allowed)
      assert.match(problems[0]?.message ?? "", /more than 200 files/)
      assert.lengthOf(asked, 200)
    }).pipe(Effect.scoped),
  )
})
