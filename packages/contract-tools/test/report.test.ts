/** Reports: each cause once, and the formats that programs of others read. */
import { ContractReport } from "@effect-sent/contract-tools"
import { readFileSync } from "node:fs"
import { assert, describe, it } from "vitest"
import { parse } from "yaml"
import { validateXML } from "xmllint-wasm"

const schema = readFileSync(new URL("support/junit-10.xsd", import.meta.url), "utf8")

const problemsOf = async (contents: string): Promise<ReadonlyArray<string>> => {
  const { errors } = await validateXML({
    xml: [{ fileName: "report.xml", contents }],
    schema: [{ fileName: "junit-10.xsd", contents: schema }],
  })
  return errors.map(({ message }) => message)
}

const missing = (reproduce: string): ContractReport.Finding => ({
  rule: "required",
  severity: "error",
  message: "must have required property 'title'",
  where: "response body",
  reproduce,
})

/** A server that leaves the title out of every error, in a contract whose errors have three forms. */
const oneLie: ContractReport.Report = {
  title: "verify http://127.0.0.1:43187",
  suite: "verify Pets",
  properties: { target: "http://127.0.0.1:43187" },
  checks: [
    { group: "successes", name: "the example", findings: [], millis: 12.3456 },
    ...[3, 1, 2].map((size): ContractReport.Check => {
      const curl = `curl ${"x".repeat(size)}`
      const union = { ...missing(curl), rule: "anyOf", message: "must match a schema in anyOf" }
      const branch = { ...missing(curl), message: "must have required property 'errors'" }
      return {
        group: "refusals",
        name: `case ${size}`,
        findings: [missing(curl), branch, union],
        millis: 1,
      }
    }),
    { group: "scenarios", name: "slow", findings: [], skipped: "only a mock plays scenarios" },
  ],
  summary: ["4 cases, seed 1"],
}

const describedAt = (line: number): ContractReport.Finding => ({
  rule: "missing-descriptions",
  severity: "error",
  message: "no description",
  source: { file: "a.yaml", line },
})

describe("a report", () => {
  it("shows each cause once, with a count, the smallest request, and the branches of a union in it", () => {
    const report: ContractReport.Report & { readonly passed: boolean } = JSON.parse(
      ContractReport.format(oneLie, "json"),
    )
    const all = report.checks.flatMap(({ findings, name }) =>
      findings.map(({ count, reproduce, sameAs }) => ({ name, count, reproduce, sameAs })),
    )
    const same = { count: undefined, reproduce: undefined, sameAs: "case 1" }
    assert.deepStrictEqual(all, [
      { name: "case 3", ...same },
      { name: "case 1", count: 3, reproduce: "curl x", sameAs: undefined },
      { name: "case 2", ...same },
    ])
    for (const reporter of ["pretty", "github", "markdown"] as const) {
      const text = ContractReport.format(oneLie, reporter)
      assert.lengthOf([...text.matchAll(/curl/g)], 1, text)
      assert.include(text, "3 times")
      assert.include(text.replaceAll("\\", ""), "in anyOf: must have required property 'title'; ")
    }
    assert.include(ContractReport.format(oneLie, "pretty"), "3 of 5 checks failed")
  })

  it("keeps findings at two places of a file apart", () => {
    const report = {
      title: "lint",
      checks: [{ group: "rules", name: "a", findings: [describedAt(1), describedAt(2)] }],
      summary: [],
    }
    assert.lengthOf([...ContractReport.format(report, "github").matchAll(/^::error/gm)], 2)
  })

  const hostile: ContractReport.Report = {
    title: `a "<&>' \u0000\u0001\u001b[31m ]]> \uD800 | \`\`\` @everyone`,
    checks: [
      {
        group: "<script>",
        name: "a | b\n# c",
        findings: [
          { ...missing("curl -d '```\n</details>]]>\u0002'"), message: "\uFFFF <b> *x* [y](z)" },
        ],
      },
      { group: "empty", name: "", findings: [] },
    ],
    summary: ["<img>"],
  }

  it.each([
    ["one cause", oneLie],
    ["text that is hostile to XML", hostile],
    ["nothing", { title: "lint", checks: [], summary: [] }],
  ])("as JUnit is valid for Jenkins: %s", async (_, report) => {
    assert.deepStrictEqual(await problemsOf(ContractReport.format(report, "junit")), [])
  })

  it("as JUnit has the name of the contract, the times, the target as a property, and each failed case", () => {
    const xml = ContractReport.format(oneLie, "junit")
    assert.include(
      xml,
      '<testsuite name="verify Pets: refusals" time="0.003" tests="3" failures="3"',
    )
    assert.include(xml, '<property name="target" value="http://127.0.0.1:43187"/>')
    assert.include(xml, `<testcase classname="verify Pets" name="the example" time="0.012"`)
    assert.include(xml, "as in: case 1")
    assert.lengthOf([...xml.matchAll(/curl/g)], 1)
    assert.notMatch(xml, /name="[^"]*43187/)
  })

  it("as Markdown contains no markup from what it reports", () => {
    const text = ContractReport.format(hostile, "markdown")
    assert.notMatch(text, /<(?:script|b|img)>|^# c/m)
    assert.include(text, "  ````sh\n")
    assert.include(ContractReport.format(oneLie, "markdown"), "| refusals | 0 | 3 | 0 |")
  })

  it("as annotations of GitHub is one line for each cause", () => {
    const lines = ContractReport.format(hostile, "github").split("\n")
    assert.lengthOf(
      lines.filter((line) => line.startsWith("::error title=<script>%3A a | b%0A# c")),
      1,
    )
  })

  it("does not say passed where each check was skipped", () => {
    const skipped = { group: "operations", name: "all", skipped: "no credentials", findings: [] }
    const report = { title: "verify https://api.example.com", checks: [skipped], summary: [] }
    for (const format of ["pretty", "markdown"] as const) {
      const text = ContractReport.format(report, format)
      assert.include(text, "verify https://api.example.com: nothing was checked")
      assert.notMatch(text, /: passed/)
    }
  })

  it("as JSON is what it says", () => {
    assert.strictEqual(parse(ContractReport.format(hostile, "json")).title, hostile.title)
  })
})
