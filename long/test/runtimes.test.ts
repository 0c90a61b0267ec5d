/**
 * Each runtime sends one message for each outcome of a send, and core says of it what docs/runtimes.md says: its table is what these
 * tests expect.
 */
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { buildCore, bundle } from "../runtimes/bundle.ts"
import { forOutcomes, outcomes, type Reports } from "../runtimes/outcome.ts"
import { runtimes } from "../runtimes/runtime.ts"
import { type Service, startService } from "../runtimes/service.ts"

/** The cells of the table in docs/runtimes.md: its header, and then a row for each outcome. */
const [header = [], ...rows] = readFileSync(
  new URL("../../docs/runtimes.md", import.meta.url),
  "utf8",
)
  .split("\n")
  .filter((line) => line.startsWith("|") && !line.startsWith("| --"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

const column = (title: string): Readonly<Record<string, string>> => {
  const index = header.indexOf(title)
  assert.isAtLeast(index, 0, `the table has no column “${title}”, only ${header.join(", ")}`)
  return Object.fromEntries(rows.map((row) => [row[0] ?? "", row[index] ?? ""]))
}

/** Where all of them can be installed, a missing one is a mistake. */
const isRequired =
  process.env["EFFECT_SENT_REQUIRE_RUNTIMES"] === "1" &&
  process.platform === "linux" &&
  process.arch === "x64"

beforeAll(buildCore)

describe("the probe", () => {
  it("is made of core as it is published", async () => {
    const { files } = await bundle("program", "module")
    assert.include(files, "packages/core/dist/SentClient.js")
    assert.deepStrictEqual(
      files.filter((file) => file.startsWith("packages/core/src/")),
      [],
    )
  })

  it("has the outcomes and the runtimes of the table", () => {
    assert.deepStrictEqual(
      rows.map(([outcome]) => outcome),
      [...outcomes],
    )
    assert.lengthOf(header, runtimes.length + 2)
  })
})

describe.each(runtimes)("$name", ({ name, probe, version }) => {
  it.skipIf(version === undefined && !isRequired)("is installed", () => {
    assert.isDefined(version)
  })

  describe.skipIf(version === undefined)("sends", () => {
    let service: Service
    let reports: Reports

    beforeAll(async () => {
      service = await startService()
      reports = await probe(service.addresses)
    })

    afterAll(() => service[Symbol.asyncDispose]())

    it("each message once at most, and says nothing that is not so", () => {
      const accepted = service.accepted()
      for (const outcome of outcomes) {
        const said = reports[outcome]
        assert.match(said, /^(?:accepted$|not sent: |unknown: )/, outcome)
        assert.isAtMost(accepted[outcome], 1, outcome)
        if (said === "accepted") assert.strictEqual(accepted[outcome], 1, outcome)
        if (said.startsWith("not sent")) assert.strictEqual(accepted[outcome], 0, outcome)
      }
    })

    it("and says what the table says", () => {
      assert.deepStrictEqual({ ...reports }, column(`${name} ${version}`))
      assert.deepStrictEqual(
        forOutcomes((outcome) => String(service.accepted()[outcome])),
        column("accepted"),
      )
    })

    it("over a connection that it keeps, unless it would repeat by itself", () => {
      assert.strictEqual(service.hasReusedConnection(), name !== "Deno")
    })
  })
})
