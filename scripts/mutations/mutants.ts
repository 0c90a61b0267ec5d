/** Every mutant that `pnpm mutations` applies. */
import { ofContract } from "./contract.ts"
import { ofCore } from "./core.ts"
import { ofDurable } from "./durable.ts"
import type { Mutant } from "./mutant.ts"

export const mutants: ReadonlyArray<Mutant> = [...ofContract, ...ofCore, ...ofDurable]
