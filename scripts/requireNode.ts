/**
 * Refuses an older Node.js than the packages of this repository require. Import it first. pnpm goes on without an optional dependency
 * that it cannot download or whose integrity is wrong, and the scripts would run on the Node.js of the machine.
 */
import * as NodeVersion from "@effect-sent/contract/NodeVersion"
import contract from "@effect-sent/contract/package.json" with { type: "json" }

const problem = NodeVersion.problemOf(process.versions.node, contract.engines.node)
if (problem !== undefined) {
  console.error(
    `${problem}. pnpm did not install the Node.js of this repository: run \`pnpm install --force\`, and see its warnings.`,
  )
  process.exit(1)
}
